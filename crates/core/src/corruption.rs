//! Disturbed images: what a reconstruction should see through, and what a model may be trained on.

use crate::noise::Noise;
use burn::tensor::Tensor;
use std::ops::Range;

/// A disturbance of images in [0, 1].
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Corruption {
    /// Gaussian noise of this standard deviation on each value, clipped to [0, 1].
    Noise(f64),
    /// This share of the pixels black in all channels, each by a draw of its own.
    Masked(f64),
    /// This share of the pixels black or white in all channels, each as likely as the other, by a draw of its own.
    SaltAndPepper(f64),
}

impl Corruption {
    /// Clean images `[B, C, H, W]` to disturbed ones, by the draws of `noise` called `name` at `rows`:
    /// image i uses row `rows.start + i`. Levels of one kind that share a name share their draws: a
    /// stronger disturbance is the weaker one and more.
    #[track_caller]
    pub fn apply(self, images: Tensor<4>, noise: Noise, name: &str, rows: Range<u64>) -> Tensor<4> {
        let [batch, channels, height, width] = images.dims();
        let device = images.device();
        match self {
            Self::Noise(sigma) => {
                let shape = [batch, channels, height, width];
                let noise = noise.normal(name, 0, rows, shape, &device);
                (images + noise * sigma).clamp(0.0, 1.0)
            }
            Self::Masked(share) => {
                let draws = noise.uniform(name, 0, rows, [batch, 1, height, width], &device);
                images * draws.greater_equal_elem(share).float()
            }
            Self::SaltAndPepper(share) => {
                let draws = noise.uniform(name, 0, rows, [batch, 1, height, width], &device);
                let (kept, white) = (
                    draws.clone().greater_equal_elem(share).float(),
                    draws.lower_elem(share / 2.0).float(),
                );
                images * kept + white
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::noise::{Phase, Seed};
    use burn::tensor::Device;

    fn grey(value: f32) -> Tensor<4> {
        Tensor::full([6, 3, 10, 10], value, &Device::flex())
    }

    fn disturbed(corruption: Corruption, images: Tensor<4>, rows: Range<u64>) -> Vec<f32> {
        let noise = Seed(0x6269_6e61_7269_7365).during(Phase::Evaluate);
        let name = match corruption {
            Corruption::Noise(_) => "test/noise",
            Corruption::Masked(_) => "test/mask",
            Corruption::SaltAndPepper(_) => "test/salt-and-pepper",
        };
        let images = corruption.apply(images, noise, name, rows);
        images.into_data().as_slice::<f32>().expect("f32").to_vec()
    }

    #[test]
    fn a_mask_takes_its_share_of_pixels_from_all_channels_at_once() {
        let masked = disturbed(Corruption::Masked(0.25), grey(1.0), 0..6);
        let mean = masked.iter().map(|&v| f64::from(v)).sum::<f64>() / masked.len() as f64;
        assert!((mean - 0.75).abs() < 0.05, "{mean}");
        for image in masked.chunks(300) {
            assert!(image[..100] == image[100..200] && image[..100] == image[200..]);
        }
        let stronger = disturbed(Corruption::Masked(0.5), grey(1.0), 0..6);
        assert!(masked.iter().zip(&stronger).all(|(weak, strong)| strong <= weak));
    }

    #[test]
    fn salt_and_pepper_are_alike_often_and_the_rest_stays() {
        let spoilt = disturbed(Corruption::SaltAndPepper(0.4), grey(0.5), 0..6);
        let share = |level: f32| {
            spoilt.iter().filter(|v| **v == level).count() as f64 / spoilt.len() as f64
        };
        for (level, expected) in [(0.0, 0.2), (1.0, 0.2), (0.5, 0.6)] {
            assert!((share(level) - expected).abs() < 0.06, "{level}: {}", share(level));
        }
        assert_eq!(spoilt[..100], spoilt[100..200], "all channels at once");
    }

    #[test]
    fn noise_stays_within_the_range_of_images_and_belongs_to_the_row() {
        let noisy = disturbed(Corruption::Noise(0.1), grey(0.5), 0..6);
        let squares: f64 = noisy.iter().map(|v| f64::from(v - 0.5).powi(2)).sum();
        assert!((squares / noisy.len() as f64 - 0.01).abs() < 1e-3);
        assert!(noisy.iter().all(|v| (0.0..=1.0).contains(v)));
        let part = disturbed(Corruption::Noise(0.1), grey(0.5).narrow(0, 0, 2), 3..5);
        assert_eq!(part, noisy[900..1500]);
    }
}
