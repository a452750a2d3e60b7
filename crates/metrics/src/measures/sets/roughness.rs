//! How much neighbouring pixels differ.

use super::{measure::SetMeasure, pair::Pair};
use crate::findings::Findings;
use genlab_core::Kind;
use genlab_data::Values;
use genlab_results::{Entry, Section};
use rayon::prelude::*;

const ROUGHNESS: Entry = Entry {
    name: "samples/roughness",
    title: "Roughness",
    unit: "ratio, 1 for real images",
    section: Section::Samples,
    meaning: "Mean difference of neighbouring pixels over the real images': noise lies above 1, blur \
              below.",
    ..Entry::BASE
};

/// The measure.
pub(super) struct Roughness;

impl SetMeasure for Roughness {
    fn entries(&self) -> &'static [&'static Entry] {
        &[&ROUGHNESS]
    }

    fn score(&self, pair: &Pair<'_>, out: &mut Findings) {
        if pair.real.images.space.kind != Kind::Images {
            return;
        }
        let ratio = roughness(&pair.samples.images) / roughness(&pair.real.images);
        out.push(pair.metric(&ROUGHNESS, ratio));
    }
}

/// Mean absolute difference between pixels side by side and one above the other, in [0, 1]: the
/// anisotropic total variation of Rudin, Osher and Fatemi 1992, per pair. NaN for images of a single
/// pixel.
pub fn roughness(images: &Values) -> f64 {
    let (height, width) = (images.shape().height, images.shape().width);
    let pairs = images.shape().channels * (height * (width - 1) + (height - 1) * width);
    let levels = images.bytes().expect("images are kept as levels");
    let total: u64 = levels
        .par_chunks(height * width)
        .map(|plane| {
            let beside = plane.chunks(width).flat_map(|row| row.windows(2));
            let beside: u64 = beside.map(|pair| u64::from(pair[0].abs_diff(pair[1]))).sum();
            let below = plane.iter().zip(&plane[width..]);
            beside + below.map(|(a, b)| u64::from(a.abs_diff(*b))).sum::<u64>()
        })
        .sum();
    total as f64 / 255.0 / (pairs * images.len()) as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use genlab_core::ImageShape;

    fn images(shape: ImageShape, pixels: Vec<u8>) -> Values {
        Values::images(shape, pixels)
    }

    #[test]
    fn roughness_counts_neighbours_to_the_right_and_below() {
        // |51-0| + |255-51| beside, |51-255| and |51-51| ... by hand: rows (0 51) (255 51).
        let square = images(ImageShape::new(1, 2, 2), vec![0, 51, 255, 51]);
        let expected = (51.0 + 204.0 + 255.0 + 0.0) / 255.0 / 4.0;
        assert!((roughness(&square) - expected).abs() < 1e-12);
    }

    #[test]
    fn roughness_does_not_reach_from_one_channel_or_image_into_the_next() {
        let flat = images(ImageShape::new(2, 1, 2), vec![0, 0, 255, 255, 9, 9, 80, 80]);
        assert_eq!(roughness(&flat), 0.0);
        assert!(roughness(&images(ImageShape::new(1, 1, 1), vec![3])).is_nan());
    }
}
