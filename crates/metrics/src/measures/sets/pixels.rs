//! What pixels say without any network.

use crate::numerics::matrix::{Rows, squared_distances, squared_norms};
use genlab_data::Images;
use rayon::prelude::*;

/// Images that a median distance is taken over, at most.
const MEDIAN_IMAGES: usize = 1000;

/// Images as rows of `C·H·W` values in [0, 1].
pub fn rows(images: &Images) -> Rows {
    let values = images.pixels.iter().map(|&level| f64::from(level) / 255.0).collect();
    Rows::new(images.shape.pixels(), values)
}

/// Mean absolute difference between pixels side by side and one above the other, in [0, 1]: the
/// anisotropic total variation of Rudin, Osher and Fatemi 1992, per pair. NaN for images of a single
/// pixel.
pub fn roughness(images: &Images) -> f64 {
    let (height, width) = (images.shape.height, images.shape.width);
    let pairs = images.shape.channels * (height * (width - 1) + (height - 1) * width);
    let total: u64 = images
        .pixels
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

/// Median distance between two different rows, over the first 1000: the usual bandwidth of a
/// Gaussian kernel (Gretton et al. 2012, section 8). None where more than half the pairs are equal,
/// or there is no pair.
pub fn median_distance(rows: &Rows) -> Option<f64> {
    let rows = rows.take(MEDIAN_IMAGES);
    let norms = squared_norms(&rows);
    let all = squared_distances(&rows.values, &rows, &norms);
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
    use genlab_core::ImageShape;

    fn images(shape: ImageShape, pixels: Vec<u8>) -> Images {
        Images { shape, pixels, labels: None }
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

    #[test]
    fn the_median_distance_of_three_points_is_the_middle_one() {
        let rows = Rows::new(2, vec![0.0, 0.0, 3.0, 4.0, 0.0, 1.0]);
        let expected = (9.0_f64 + 9.0).sqrt();
        assert!((median_distance(&rows).unwrap() - expected).abs() < 1e-9);
        assert!(median_distance(&Rows::new(2, vec![0.5; 12])).is_none());
        assert!(median_distance(&rows.take(1)).is_none());
    }
}
