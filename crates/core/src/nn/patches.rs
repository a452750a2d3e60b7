//! Images as square patches, folded into channels.

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
}
