//! The training images that are nearest to others, and what counts as a copy.
//!
//! The distance to the nearest training image alone misleads: a black or blurred image is near to
//! everything. A copy is near to one image and to no other, so what counts is how much nearer the
//! nearest training image is than the second nearest (Yoon et al. 2023, "Diffusion probabilistic
//! models generalize when they fail to memorize"), and how often that happens to held-out images,
//! which nothing was trained on (the comparison of Meehan, Chaudhuri and Dasgupta 2020,
//! arXiv:2004.05675).

use faer::{Accum, Mat, MatRef, Par, linalg::matmul::matmul};
use genlab_data::Values;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// Share of fresh real images that count as memorised, by construction.
pub const EXPECTED: f64 = 0.05;
/// Values per task.
const BLOCK: usize = 128;
/// Training images that are held as floats at a time.
const TRAINING_BLOCK: usize = 4096;

/// The training images nearest to one image, in Euclidean distance between pixels in [0, 1].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Nearest {
    /// The nearest training image.
    pub index: usize,
    /// How far it is.
    pub distance: f64,
    /// How far the second nearest is.
    pub second: f64,
}

impl Nearest {
    /// Nearest distance over second nearest, in [0, 1]: 0 for an exact copy, near 1 for an image
    /// that resembles no training image in particular.
    pub fn ratio(&self) -> f64 {
        if self.distance == 0.0 { 0.0 } else { self.distance / self.second }
    }
}

/// Whether the images that are looked up are training images themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relation {
    /// They are not.
    HeldOut,
    /// Image i is training image i, which does not count as its own neighbour.
    Training,
}

/// The two nearest training images of each image, by brute force. None with too few training
/// images for two neighbours.
///
/// # Panics
/// When the images are not of one shape.
pub fn nearest(images: &Values, training: &Values, relation: Relation) -> Option<Vec<Nearest>> {
    assert_eq!(images.shape(), training.shape(), "images of one shape");
    if training.len() < 3 {
        return None;
    }
    let pixels = images.shape().pixels();
    let queries = images.to_f32();
    let mut best = vec![Candidates::default(); images.len()];
    for (part, first) in (0..training.len()).step_by(TRAINING_BLOCK).enumerate() {
        let values = training.rows_f32(first..(first + TRAINING_BLOCK).min(training.len()));
        let norms: Vec<f32> =
            values.par_chunks(pixels).map(|image| image.iter().map(|v| v * v).sum()).collect();
        let block = MatRef::from_column_major_slice(&values, pixels, norms.len());
        best.par_chunks_mut(BLOCK).zip(queries.par_chunks(BLOCK * pixels)).enumerate().for_each(
            |(task, (best, queries))| {
                let queries = MatRef::from_column_major_slice(queries, pixels, best.len());
                let mut dots = Mat::<f32>::zeros(norms.len(), best.len());
                matmul(dots.as_mut(), Accum::Replace, block.transpose(), queries, 1.0, Par::Seq);
                for (row, (best, dots)) in best.iter_mut().zip(dots.col_iter()).enumerate() {
                    let itself = (relation == Relation::Training)
                        .then(|| (task * BLOCK + row).wrapping_sub(part * TRAINING_BLOCK));
                    for (i, (dot, norm)) in dots.iter().zip(&norms).enumerate() {
                        // The image's own norm is the same for all, so it need not be added.
                        let distance = norm - 2.0 * dot;
                        if distance < best.second.distance && itself != Some(i) {
                            best.offer(part * TRAINING_BLOCK + i, distance);
                        }
                    }
                }
            },
        );
    }
    let exact = |(i, best): (usize, Candidates)| best.measured(images, i, training);
    Some(best.into_iter().enumerate().map(exact).collect())
}

/// What counts as memorised: a ratio at most as large as the smallest 5 % of real images have that
/// nothing was trained on.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Threshold(f64);

impl Threshold {
    /// From the neighbours of held-out images; None for fewer than 20, whose 5 % is less than one.
    pub fn new(test: &[Nearest]) -> Option<Self> {
        let place = (EXPECTED * test.len() as f64) as usize;
        let mut ratios: Vec<f64> = test.iter().map(Nearest::ratio).collect();
        (place > 0).then(|| Self(*ratios.select_nth_unstable_by(place - 1, f64::total_cmp).1))
    }

    /// Share of images that count as memorised: [`EXPECTED`] for fresh real images, 1 for copies.
    pub fn share(self, found: &[Nearest]) -> f64 {
        let memorised = found.iter().filter(|nearest| nearest.ratio() <= self.0).count();
        memorised as f64 / found.len() as f64
    }
}

/// The share of memorised images that fresh real ones do not reach by chance: four standard
/// deviations of a binomial share above [`EXPECTED`], of `samples` images and of the threshold.
pub fn suspicious(samples: usize, test: usize) -> f64 {
    let images = 1.0 / samples as f64 + 1.0 / test as f64;
    EXPECTED + 4.0 * (EXPECTED * (1.0 - EXPECTED) * images).sqrt()
}

/// One training image, and its squared distance up to a constant.
#[derive(Clone, Copy)]
struct Candidate {
    index: usize,
    distance: f32,
}

/// The two nearest so far.
#[derive(Clone, Copy)]
struct Candidates {
    first: Candidate,
    second: Candidate,
}

impl Default for Candidates {
    fn default() -> Self {
        let none = Candidate { index: 0, distance: f32::INFINITY };
        Self { first: none, second: none }
    }
}

impl Candidates {
    fn offer(&mut self, index: usize, distance: f32) {
        let candidate = Candidate { index, distance };
        if distance < self.first.distance {
            (self.first, self.second) = (candidate, self.first);
        } else {
            self.second = candidate;
        }
    }

    /// The distances without the rounding of f32, which would hide that a copy is at 0.
    fn measured(self, values: &Values, index: usize, training: &Values) -> Nearest {
        let distance = |candidate: Candidate| between(values, index, training, candidate.index);
        let (first, second) = (distance(self.first), distance(self.second));
        let index = if first <= second { self.first.index } else { self.second.index };
        Nearest { index, distance: first.min(second), second: first.max(second) }
    }
}

/// The distance between value `a` of one set and value `b` of another; of levels exactly.
fn between(left: &Values, a: usize, right: &Values, b: usize) -> f64 {
    if left.bytes().is_some() && right.bytes().is_some() {
        let pairs = left.image(a).iter().zip(right.image(b));
        let squares: u64 = pairs.map(|(a, b)| u64::from(a.abs_diff(*b)).pow(2)).sum();
        return (squares as f64).sqrt() / 255.0;
    }
    let (left, right) = (left.row_f64(a), right.row_f64(b));
    left.iter().zip(right).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use genlab_core::ImageShape;

    fn images(pixels: &[u8]) -> Values {
        Values::images(ImageShape::new(1, 1, 2), pixels.to_vec())
    }

    #[test]
    fn the_two_nearest_images_are_found_with_exact_distances() {
        let training = images(&[0, 0, 0, 51, 255, 255, 0, 102]);
        let found = nearest(&images(&[0, 51, 255, 204]), &training, Relation::HeldOut).unwrap();
        assert_eq!(found[0], Nearest { index: 1, distance: 0.0, second: 51.0 / 255.0 });
        assert_eq!((found[1].index, found[1].distance), (2, 51.0 / 255.0));
        assert_eq!(found[0].ratio(), 0.0);
    }

    #[test]
    fn training_images_do_not_find_themselves_but_find_their_duplicates() {
        let training = images(&[0, 0, 0, 51, 255, 255, 0, 51]);
        let found = nearest(&training, &training, Relation::Training).unwrap();
        assert_eq!((found[0].distance, found[1].distance), (0.2, 0.0));
        assert_eq!((found[1].index, found[3].index), (3, 1));
    }

    #[test]
    fn blocks_of_training_images_are_searched_as_one() {
        let mut pixels = vec![200_u8; 2 * (TRAINING_BLOCK + 10)];
        pixels[2 * TRAINING_BLOCK + 7] = 9;
        pixels[20..22].copy_from_slice(&[150, 9]);
        let found = nearest(&images(&[200, 9]), &images(&pixels), Relation::HeldOut).unwrap();
        assert_eq!(found[0].index, TRAINING_BLOCK + 3);
        assert_eq!(found[0].second, 50.0 / 255.0);
    }

    #[test]
    fn one_in_twenty_of_the_test_images_is_at_the_threshold() {
        let test: Vec<Nearest> = (1..=100)
            .map(|i| Nearest { index: 0, distance: f64::from(i), second: 100.0 })
            .collect();
        let threshold = Threshold::new(&test).unwrap();
        assert_eq!(threshold.share(&test), EXPECTED);
        assert!(Threshold::new(&test[..19]).is_none());
    }
}
