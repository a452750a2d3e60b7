//! What becomes of test images before a model sees them: binarised by draws that belong to the image.

use burn::tensor::Tensor;
use genlab_core::{Phase, Seed};
use std::ops::Range;

/// Images are binarised and corrupted by this seed whatever the run's, so that numbers of different
/// runs are about the same images.
pub(super) const FIXED_SEED: Seed = Seed(0x6269_6e61_7269_7365);

/// How grey pixels become binary ones for a likelihood of binary pixels: each is on with probability
/// its grey level (Salakhutdinov & Murray 2008).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Binarisation {
    /// Once and for all: the same binary images for every run.
    #[default]
    Static,
    /// Afresh for each seed of a run.
    Dynamic,
}

/// The images that a bound is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pixels {
    /// As they are.
    Grey,
    /// Black or white.
    Binary(Binarisation),
}

impl Pixels {
    /// What units say of them.
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Grey => "grey pixels",
            Self::Binary(Binarisation::Static) => "statically binarised pixels",
            Self::Binary(Binarisation::Dynamic) => "dynamically binarised pixels",
        }
    }

    /// Grey images `[B, C, H, W]` at `rows` of their split as these pixels.
    pub(super) fn of(self, images: Tensor<4>, rows: &Range<usize>, seed: Seed) -> Tensor<4> {
        let seed = match self {
            Self::Grey => return images,
            Self::Binary(Binarisation::Static) => FIXED_SEED,
            Self::Binary(Binarisation::Dynamic) => seed,
        };
        let draws = seed.during(Phase::Evaluate).uniform(
            "evaluate/binarise",
            0,
            numbers(rows),
            images.dims(),
            &images.device(),
        );
        draws.lower(images).float()
    }
}

/// Rows of a split as rows of noise.
pub(super) fn numbers(rows: &Range<usize>) -> Range<u64> {
    rows.start as u64..rows.end as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::features::host::floats;
    use burn::tensor::Device;

    fn grey(value: f32) -> Tensor<4> {
        Tensor::full([6, 3, 10, 10], value, &Device::flex())
    }

    fn mean(values: &[f32]) -> f64 {
        values.iter().map(|&v| f64::from(v)).sum::<f64>() / values.len() as f64
    }

    #[test]
    fn binary_pixels_are_on_as_often_as_they_are_bright_and_follow_a_seed_when_dynamic() {
        let draw = |binarisation, seed| {
            floats(Pixels::Binary(binarisation).of(grey(0.3), &(0..6), Seed(seed)))
        };
        let fixed = draw(Binarisation::Static, 0);
        assert!(fixed.iter().all(|v| *v == 0.0 || *v == 1.0));
        assert!((mean(&fixed) - 0.3).abs() < 0.04, "{}", mean(&fixed));
        assert_eq!(fixed, draw(Binarisation::Static, 1));
        assert_ne!(draw(Binarisation::Dynamic, 0), draw(Binarisation::Dynamic, 1));
    }
}
