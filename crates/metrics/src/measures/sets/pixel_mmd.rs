//! The kernel distance between pixels, for images without a judge.

use super::{kernel::Kernel, kernel_distance, measure::SetMeasure, pair::Pair, pixels};
use crate::{
    findings::Findings,
    numerics::matrix::{Rows, squared_distances, squared_norms},
};
use genlab_results::{Direction::Lower, Entry, Section};

const PIXEL_MMD: Entry = Entry {
    name: "samples/pixel_mmd",
    title: "Pixel MMD",
    unit: "squared MMD, 0 to 2",
    better: Some(Lower),
    section: Section::Samples,
    meaning: "Unbiased squared MMD of the pixels with a Gaussian kernel; needs no judge.",
    meaning_beyond_images: "Unbiased squared MMD of the coordinates with a Gaussian kernel.",
    ..Entry::BASE
};

/// Values on each side, at most: the cost grows with their square.
const MOST_IMAGES: usize = 2000;
/// Values that a median distance is taken over, at most.
const MEDIAN_IMAGES: usize = 1000;

/// The measure.
pub(super) struct PixelMmd;

impl SetMeasure for PixelMmd {
    fn entries(&self) -> &'static [&'static Entry] {
        &[&PIXEL_MMD]
    }

    fn score(&self, pair: &Pair<'_>, out: &mut Findings) {
        let [samples, real] =
            [pair.samples, pair.real].map(|set| pixels::rows(&set.images.sample(MOST_IMAGES)));
        let some = pixels::rows(&pair.real.images.sample(MEDIAN_IMAGES));
        match median_distance(&some) {
            Some(bandwidth) => {
                let kernel = Kernel::Gaussian { bandwidth };
                kernel_distance::push(&PIXEL_MMD, [&samples, &real], kernel, pair, out);
            }
            None => out.absent(PIXEL_MMD.name, "the real images are all alike"),
        }
    }
}

/// Median distance between two different rows, the usual bandwidth of a
/// Gaussian kernel (Gretton et al. 2012, section 8). None where more than half the pairs are equal,
/// or there is no pair.
pub fn median_distance(rows: &Rows) -> Option<f64> {
    let norms = squared_norms(rows);
    let all = squared_distances(&rows.values, rows, &norms);
    let n = rows.len();
    let mut pairs: Vec<f64> = (0..n).flat_map(|i| all[i * n..i * n + i].to_vec()).collect();
    let middle = pairs.len() / 2;
    if pairs.is_empty() {
        return None;
    }
    let median = pairs.select_nth_unstable_by(middle, f64::total_cmp).1.sqrt();
    // Rounding leaves a tiny distance between equal images.
    (median > 1e-6).then_some(median)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_distance_of_three_points_is_the_middle_one() {
        let rows = Rows::new(2, vec![0.0, 0.0, 3.0, 4.0, 0.0, 1.0]);
        let expected = (9.0_f64 + 9.0).sqrt();
        assert!((median_distance(&rows).unwrap() - expected).abs() < 1e-9);
        assert!(median_distance(&Rows::new(2, vec![0.5; 12])).is_none());
        assert!(median_distance(&rows.take(1)).is_none());
    }
}
