//! Images at a lower resolution: how they are made, how they are told, and which images have them.

use burn::tensor::{Device, Int, Tensor, TensorData};
use std::ops::Range;

/// Images at a lower resolution, or nothing of them.
#[derive(Clone, Debug)]
pub struct LowResolution {
    /// `[B, C, ⌈H/f⌉, ⌈W/f⌉]` in the units of the values.
    pub images: Tensor<4>,
    /// f.
    pub factor: usize,
    /// `[B]`: 1 for rows that are told theirs, 0 for rows that are not.
    pub told: Tensor<1>,
}

impl LowResolution {
    /// That of these `images` `[B, C, H, W]`, told to every row.
    pub fn of(images: Tensor<4>, factor: usize) -> Self {
        Self::new(downsampled(images, factor), factor)
    }

    /// These images, `factor` times smaller than what they are told of, told to every row.
    pub fn new(images: Tensor<4>, factor: usize) -> Self {
        let told = Tensor::ones([images.dims()[0]], &images.device());
        Self { images, factor, told }
    }

    pub(crate) fn rows(&self, rows: Range<usize>) -> Self {
        Self {
            images: self.images.clone().narrow(0, rows.start, rows.len()),
            factor: self.factor,
            told: self.told.clone().narrow(0, rows.start, rows.len()),
        }
    }

    pub(crate) fn select(&self, rows: &Tensor<1, Int>) -> Self {
        Self {
            images: self.images.clone().select(0, rows.clone()),
            factor: self.factor,
            told: self.told.clone().select(0, rows.clone()),
        }
    }

    pub(crate) fn repeated(&self, count: usize) -> Self {
        Self {
            images: self.images.clone().repeat(&[count, 1, 1, 1]),
            factor: self.factor,
            told: self.told.clone().repeat(&[count]),
        }
    }

    /// The images nearest to `images` `[B, C, H, W]` that have these: x + U (y − D x), D the mean of each window and U
    /// its repetition, since D U = 1 and U D is an orthogonal projection. It is the null-space step of Wang et
    /// al. 2022 (arXiv:2212.00490, Eq. 7) with U for the pseudo-inverse of D. An estimate of an image
    /// that has them never moves away from it, and the mean of all images that have them does not move at
    /// all. Rows that are not told theirs stay as they are.
    #[must_use]
    pub fn imposed(&self, images: Tensor<4>) -> Tensor<4> {
        let [_, _, height, width] = images.dims();
        let missing = self.images.clone() - downsampled(images.clone(), self.factor);
        let missing = missing * self.told.clone().reshape([-1, 1, 1, 1]);
        images + upsampled(missing, self.factor, [height, width])
    }
}

/// D: the mean of each window of `factor` by `factor` pixels, `[B, C, H, W]` to `[B, C, ⌈H/f⌉, ⌈W/f⌉]`. A window that
/// reaches beyond the edge is the mean of what is within.
pub fn downsampled(images: Tensor<4>, factor: usize) -> Tensor<4> {
    let device = images.device();
    let [batch, channels, height, width] = images.dims();
    let [rows, columns] = [height, width].map(|side| side.div_ceil(factor));
    let padded = images.pad(
        (0, columns * factor - width, 0, rows * factor - height),
        burn::tensor::ops::PadMode::Constant(0.0),
    );
    let sums = padded
        .reshape([batch, channels, rows, factor, columns, factor])
        .sum_dim(3)
        .sum_dim(5)
        .reshape([batch, channels, rows, columns]);
    let down = shares(height, factor, &device).reshape([1, 1, rows, 1]);
    let across = shares(width, factor, &device).reshape([1, 1, 1, columns]);
    sums * down * across
}

/// One over the number of pixels in each window along a side.
fn shares(side: usize, factor: usize, device: &Device) -> Tensor<1> {
    let share = |first: usize| 1.0 / factor.min(side - first) as f32;
    let shares: Vec<f32> = (0..side).step_by(factor).map(share).collect();
    let count = shares.len();
    Tensor::from_data(TensorData::new(shares, [count]), device)
}

/// U: every pixel `factor` by `factor` times, cut to `size`: `[B, C, h, w]` to `[B, C, H, W]`.
pub fn upsampled(images: Tensor<4>, factor: usize, size: [usize; 2]) -> Tensor<4> {
    let [batch, channels, rows, columns] = images.dims();
    let repeated = images
        .reshape([batch, channels, rows, 1, columns, 1])
        .repeat(&[1, 1, 1, factor, 1, factor])
        .reshape([batch, channels, rows * factor, columns * factor]);
    repeated.narrow(2, 0, size[0]).narrow(3, 0, size[1])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ramp(height: usize, width: usize) -> Tensor<4> {
        let numbers = (0..2 * height * width).map(|i| (i * i % 17) as f32).collect();
        Tensor::from_data(TensorData::new(numbers, [2, 1, height, width]), &Device::flex())
    }

    fn host(x: Tensor<4>) -> Vec<f32> {
        x.into_data().try_into_vec::<f32>().expect("f32")
    }

    #[test]
    fn windows_become_their_means_also_at_an_edge_that_cuts_them() {
        let image = Tensor::<1>::from_floats([1.0, 2.0, 3.0, 5.0, 6.0, 7.0], &Device::flex());
        let image = image.reshape([1, 1, 2, 3]);
        assert_eq!(host(downsampled(image.clone(), 2)), [3.5, 5.0]);
        assert_eq!(host(downsampled(image, 3)), [4.0]);
    }

    #[test]
    fn repetition_is_undone_by_the_mean_whatever_the_size() {
        for (height, width, factor) in [(4, 6, 2), (5, 7, 2), (7, 5, 3)] {
            let low = downsampled(ramp(height, width), factor);
            let high = upsampled(low.clone(), factor, [height, width]);
            assert_eq!(high.dims(), [2, 1, height, width]);
            for (a, b) in host(downsampled(high, factor)).iter().zip(host(low)) {
                assert!((a - b).abs() < 1e-5, "{a} {b}");
            }
        }
    }

    #[test]
    fn imposed_images_have_what_is_imposed_and_come_no_less_near_to_the_one_it_is_of() {
        let truth = ramp(5, 6);
        let low = LowResolution::of(truth.clone(), 2);
        let guess = truth.clone().flip([3]) * 0.7 + 1.0;
        let near = low.imposed(guess.clone());
        for (a, b) in host(downsampled(near.clone(), 2)).iter().zip(host(low.images.clone())) {
            assert!((a - b).abs() < 1e-5, "{a} {b}");
        }
        let apart = |x: &Tensor<4>| host((x.clone() - truth.clone()).square()).iter().sum::<f32>();
        assert!(apart(&near) < apart(&guess));
        let untold = LowResolution { told: Tensor::zeros([2], &Device::flex()), ..low };
        assert_eq!(host(untold.imposed(guess.clone())), host(guess));
    }
}
