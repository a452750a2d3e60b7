//! Images as square patches, folded into channels.

use super::backbone::crop;
use burn::tensor::Tensor;

/// `[B, C, H, W]` to `[B, C·p², H/p, W/p]`.
pub(super) fn fold_patches(x: Tensor<4>, patch_size: usize) -> Tensor<4> {
    if patch_size == 1 {
        return x;
    }
    let [batch, channels, height, width] = x.dims();
    x.reshape([batch, channels, height / patch_size, patch_size, width / patch_size, patch_size])
        .permute([0, 1, 3, 5, 2, 4])
        .reshape([
            batch,
            channels * patch_size * patch_size,
            height / patch_size,
            width / patch_size,
        ])
}

/// The inverse of [`fold_patches`].
pub(super) fn unfold_patches(x: Tensor<4>, patch_size: usize) -> Tensor<4> {
    if patch_size == 1 {
        return x;
    }
    let [batch, folded, height, width] = x.dims();
    let channels = folded / (patch_size * patch_size);
    x.reshape([batch, channels, patch_size, patch_size, height, width])
        .permute([0, 1, 4, 2, 5, 3])
        .reshape([batch, channels, height * patch_size, width * patch_size])
}

/// Numbers of the tokens of images of that `size`, `[B, K, N]`, each of which stands for a square of `side` pixels, row by row, as
/// numbers of their pixels: `[B, K, H, W]`. Squares reach beyond the lower and the right edge where they do not divide the size.
pub fn by_pixels(tokens: Tensor<3>, side: usize, size: [usize; 2]) -> Tensor<4> {
    let [batch, kinds, _] = tokens.dims();
    let [rows, columns] = size.map(|pixels| pixels.div_ceil(side));
    let squares: Tensor<6> = tokens
        .reshape([batch, kinds, rows, 1, columns, 1])
        .expand([batch, kinds, rows, side, columns, side]);
    crop(squares.reshape([batch, kinds, rows * side, columns * side]), size)
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::{Device, Int};

    #[test]
    fn unfolding_undoes_folding() {
        let device = Device::flex();
        let x = Tensor::<1, Int>::arange(0..2 * 3 * 4 * 6, &device).float().reshape([2, 3, 4, 6]);
        let there_and_back = unfold_patches(fold_patches(x.clone(), 2), 2);
        assert_eq!(x.into_data(), there_and_back.into_data());
    }

    #[test]
    fn every_pixel_has_the_number_of_its_square() {
        let tokens = Tensor::<3>::from_floats(
            [[[1.0, 2.0, 3.0, 4.0], [5.0, 6.0, 7.0, 8.0]]],
            &Device::flex(),
        );
        let pixels = by_pixels(tokens, 2, [3, 4]);
        assert_eq!(pixels.dims(), [1, 2, 3, 4]);
        let pixels: Vec<f32> = pixels.into_data().try_into_vec().expect("f32");
        let expected = [[1.0, 1.0, 2.0, 2.0], [1.0, 1.0, 2.0, 2.0], [3.0, 3.0, 4.0, 4.0]].concat();
        assert_eq!(pixels[..12], expected[..]);
        assert!(pixels[12..].iter().zip(expected).all(|(found, first)| *found == first + 4.0));
    }
}
