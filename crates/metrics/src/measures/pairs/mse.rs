//! Mean squared error, of plain reconstructions and of reconstructions from disturbed images.

use super::measure::{Disturbance, PairMeasure, Pairs, per_image};
use crate::context::Context;
use genlab_core::{Corruption, ImageShape};
use genlab_results::{Direction::Lower, Entry, Rank, Section};

const MSE: Entry = Entry {
    name: "reconstruction/mse",
    title: "Reconstruction MSE",
    unit: "per pixel, [0,1]",
    better: Some(Lower),
    section: Section::Reconstruction,
    rank: Rank::Leading,
    gloss: "squared error of a pixel",
    meaning: "Mean squared difference between an image and its reconstruction.",
    meaning_beyond_images: "Mean squared difference between an example and its reconstruction.",
    ..Entry::BASE
};

const SEARCHED: Entry = Entry {
    name: "reconstruction/mse_inverted",
    title: "MSE by search",
    rank: Rank::Detail,
    meaning: "Error of the image that comes of the noise found for it; the unit names the method.",
    meaning_beyond_images: "Error of what comes of the noise found for it; the unit names the method.",
    ..MSE
};

/// Gaussian noise of a standard deviation, by draws that all levels share.
macro_rules! noise {
    ($sigma:literal) => {
        Disturbance {
            corruption: Corruption::Noise($sigma),
            draws: "evaluate/noise",
            entry: Entry {
                name: concat!("reconstruction/mse_noise_", $sigma),
                title: concat!("MSE from noise ", $sigma),
                rank: Rank::Detail,
                meaning: concat!(
                    "Error against the clean image of a reconstruction from it with Gaussian noise \
                     of sd ",
                    $sigma,
                    "."
                ),
                meaning_beyond_images: "",
                ..MSE
            },
        }
    };
}

/// A share of the pixels black, by draws that all shares share.
macro_rules! masked {
    ($share:literal, $words:literal) => {
        Disturbance {
            corruption: Corruption::Masked($share),
            draws: "evaluate/mask",
            entry: Entry {
                name: concat!("reconstruction/mse_masked_", $share),
                title: concat!("MSE from ", $words, " masked"),
                rank: Rank::Detail,
                meaning: concat!(
                    "Error against the clean image of a reconstruction from it with ",
                    $words,
                    " of its pixels black."
                ),
                meaning_beyond_images: "",
                ..MSE
            },
        }
    };
}

static DISTURBANCES: [Disturbance; 5] =
    [noise!(0.1), noise!(0.3), noise!(0.5), masked!(0.25, "a quarter"), masked!(0.5, "half")];

/// Mean squared difference of each image: `[n]` from two sets of images `[n, C, H, W]` in [0, 1].
pub fn mse(images: &[f32], others: &[f32], shape: ImageShape) -> Vec<f64> {
    per_image(images, others, shape, |a, b| {
        let total: f64 =
            a.iter().zip(b).map(|(a, b)| (f64::from(*a) - f64::from(*b)).powi(2)).sum();
        total / a.len() as f64
    })
}

/// The measure.
pub(super) struct Mse;

impl PairMeasure for Mse {
    fn plain(&self) -> &'static Entry {
        &MSE
    }

    fn searched(&self) -> Option<&'static Entry> {
        Some(&SEARCHED)
    }

    fn disturbed(&self) -> &'static [Disturbance] {
        &DISTURBANCES
    }

    fn values(&self, pairs: &Pairs, context: &Context<'_>) -> Option<Vec<f64>> {
        let [images, others] = pairs.floats();
        Some(mse(images, others, context.dataset.space.shape))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_images_have_no_error_and_a_constant_shift_its_square() {
        let shape = ImageShape::new(1, 3, 5);
        let (zeros, shifted) = (vec![0.0; 2 * shape.pixels()], vec![0.1; 2 * shape.pixels()]);
        assert_eq!(mse(&shifted, &shifted, shape), [0.0, 0.0]);
        let found = mse(&zeros, &shifted, shape);
        assert!(found.len() == 2 && found.iter().all(|v| (v - 0.01).abs() < 1e-8), "{found:?}");
    }

    #[test]
    fn a_disturbance_is_named_by_its_level() {
        let [weak, .., half] = &DISTURBANCES;
        assert_eq!(weak.entry.name, "reconstruction/mse_noise_0.1");
        assert_eq!(half.entry.name, "reconstruction/mse_masked_0.5");
        assert!(weak.entry.meaning.ends_with("noise of sd 0.1."), "{}", weak.entry.meaning);
    }
}
