//! Peak signal-to-noise ratio.

use super::{
    measure::{PairMeasure, Pairs},
    mse::mse,
};
use crate::context::Context;
use genlab_core::Range;
use genlab_results::{Direction::Higher, Entry, Section};

const PSNR: Entry = Entry {
    name: "reconstruction/psnr",
    title: "Reconstruction PSNR",
    unit: "dB",
    better: Some(Higher),
    section: Section::Reconstruction,
    meaning: "Peak signal-to-noise ratio per image, then averaged; the same as MSE on a log scale.",
    ..Entry::BASE
};

const SEARCHED: Entry = Entry {
    name: "reconstruction/psnr_inverted",
    title: "PSNR by search",
    meaning: "Peak signal-to-noise ratio of the same image.",
    ..PSNR
};

/// Below this mean squared error PSNR stops growing: images that agree to the last of 8 bits are
/// as good as equal, and an infinite value would swallow every average.
pub const LEAST_MSE: f64 = 1e-10;

/// Peak signal-to-noise ratio in dB for a data range of 1, from one image's mean squared error.
/// At most 100 dB: the error counts as at least [`LEAST_MSE`].
pub fn psnr(mse: f64) -> f64 {
    // Not f64::max, which would turn a NaN into the best value there is.
    let mse = if mse < LEAST_MSE { LEAST_MSE } else { mse };
    -10.0 * mse.log10()
}

/// The measure.
pub(super) struct Psnr;

impl PairMeasure for Psnr {
    fn plain(&self) -> &'static Entry {
        &PSNR
    }

    fn searched(&self) -> Option<&'static Entry> {
        Some(&SEARCHED)
    }

    fn values(&self, pairs: &Pairs, context: &Context<'_>) -> Option<Vec<f64>> {
        // Its peak is the 1 of a unit range.
        if context.dataset.space.range != Range::Unit {
            return None;
        }
        let [images, others] = pairs.floats();
        Some(mse(images, others, context.dataset.space.shape).into_iter().map(psnr).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_of_a_hundredth_is_twenty_decibels_and_equal_images_have_a_hundred() {
        assert!((psnr(0.01) - 20.0).abs() < 1e-12);
        assert_eq!(psnr(0.0), 100.0);
        assert!(psnr(f64::NAN).is_nan());
    }
}
