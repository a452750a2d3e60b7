//! What pixels a bound is about: held-out images as they are, or binarised by draws that belong to
//! the image.

use crate::{context::FIXED_SEED, settings::Binarisation};
use burn::tensor::Tensor;
use genlab_core::{Phase, Seed};
use std::ops::Range;

/// The images that a bound is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pixels {
    /// As they are.
    Grey,
    /// Black or white.
    Binary(Binarisation),
}

impl Pixels {
    /// What metrics say of them beside their unit.
    pub fn words(self) -> &'static str {
        match self {
            Self::Grey => "grey pixels",
            Self::Binary(Binarisation::Static) => "statically binarised pixels",
            Self::Binary(Binarisation::Dynamic) => "dynamically binarised pixels",
        }
    }

    /// Grey images `[B, C, H, W]` at `rows` of their split as these pixels. `seed` is the run's.
    pub fn of(self, images: Tensor<4>, rows: Range<u64>, seed: Seed) -> Tensor<4> {
        let seed = match self {
            Self::Grey => return images,
            Self::Binary(Binarisation::Static) => FIXED_SEED,
            Self::Binary(Binarisation::Dynamic) => seed,
        };
        let noise = seed.during(Phase::Evaluate);
        let device = images.device();
        noise.uniform("evaluate/binarise", 0, rows, images.dims(), &device).lower(images).float()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::features::host::floats;
    use burn::tensor::Device;

    #[test]
    fn binary_pixels_are_on_as_often_as_they_are_bright_and_follow_a_seed_when_dynamic() {
        let grey = || Tensor::full([6, 3, 10, 10], 0.3, &Device::flex());
        let draw =
            |binarisation, seed| floats(Pixels::Binary(binarisation).of(grey(), 0..6, Seed(seed)));
        let fixed = draw(Binarisation::Static, 0);
        assert!(fixed.iter().all(|v| *v == 0.0 || *v == 1.0));
        let mean = fixed.iter().map(|&v| f64::from(v)).sum::<f64>() / fixed.len() as f64;
        assert!((mean - 0.3).abs() < 0.04, "{mean}");
        assert_eq!(fixed, draw(Binarisation::Static, 1));
        assert_ne!(draw(Binarisation::Dynamic, 0), draw(Binarisation::Dynamic, 1));
    }
}
