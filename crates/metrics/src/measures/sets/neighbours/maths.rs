//! Precision, recall, density and coverage from nearest neighbours.

use crate::numerics::matrix::{Rows, squared_distances, squared_norms};
use rayon::prelude::*;

/// Neighbours that make a neighbourhood, after Naeem et al. 2020.
pub const NEAREST: usize = 5;
/// Rows of a distance matrix per task.
pub(crate) const BLOCK: usize = 128;

/// How samples and real images lie among each other.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Neighbourhoods {
    /// Share of samples inside some real image's neighbourhood.
    pub precision: f64,
    /// Share of real images inside some sample's neighbourhood.
    pub recall: f64,
    /// Real neighbourhoods per sample, over k: about 1 for real images.
    pub density: f64,
    /// Share of real images with a sample in their neighbourhood.
    pub coverage: f64,
}

/// What one real image's distances to all samples say.
struct Facts {
    /// It lies inside some sample's neighbourhood.
    recalled: bool,
    /// Some sample lies inside its neighbourhood.
    covered: bool,
    /// The samples inside its neighbourhood.
    holds: Vec<u32>,
}

/// Precision and recall of Kynkäänniemi et al. 2019 (arXiv:1904.06991), density and coverage of
/// Naeem et al. 2020 (arXiv:2002.09797). A neighbourhood is the open ball that reaches to the k-th
/// nearest other vector of the same set. None when a side has no more than k vectors.
pub fn neighbourhoods(samples: &Rows, real: &Rows, k: usize) -> Option<Neighbourhoods> {
    assert_eq!(samples.dim, real.dim, "features of one space");
    if k == 0 || samples.len() <= k || real.len() <= k {
        return None;
    }
    let radius_of_sample = squared_radii(samples, k);
    let radius_of_real = squared_radii(real, k);
    let norms = squared_norms(samples);
    let facts: Vec<Facts> = real
        .values
        .par_chunks(BLOCK * real.dim)
        .enumerate()
        .flat_map_iter(|(task, block)| {
            let distances = squared_distances(block, samples, &norms);
            let facts: Vec<Facts> = distances
                .chunks(samples.len())
                .enumerate()
                .map(|(i, row)| {
                    let radius = radius_of_real[task * BLOCK + i];
                    let inside = |(_, d): &(usize, &f64)| **d < radius;
                    let holds: Vec<u32> =
                        row.iter().enumerate().filter(inside).map(|(j, _)| j as u32).collect();
                    Facts {
                        recalled: row.iter().zip(&radius_of_sample).any(|(d, r)| d < r),
                        covered: !holds.is_empty(),
                        holds,
                    }
                })
                .collect();
            facts
        })
        .collect();
    let mut held = vec![0_u32; samples.len()];
    facts.iter().flat_map(|f| &f.holds).for_each(|&j| held[j as usize] += 1);
    let share = |count: usize, of: usize| count as f64 / of as f64;
    Some(Neighbourhoods {
        precision: share(held.iter().filter(|&&count| count > 0).count(), samples.len()),
        recall: share(facts.iter().filter(|f| f.recalled).count(), real.len()),
        density: share(held.iter().map(|&count| count as usize).sum(), k * samples.len()),
        coverage: share(facts.iter().filter(|f| f.covered).count(), real.len()),
    })
}

/// Squared distance of each row to its k-th nearest other row.
pub(crate) fn squared_radii(rows: &Rows, k: usize) -> Vec<f64> {
    let norms = squared_norms(rows);
    rows.values
        .par_chunks(BLOCK * rows.dim)
        .enumerate()
        .flat_map_iter(|(task, block)| {
            let distances = squared_distances(block, rows, &norms);
            let radii = distances.chunks(rows.len()).enumerate();
            radii.map(|(i, row)| kth_smallest(row, task * BLOCK + i, k)).collect::<Vec<f64>>()
        })
        .collect()
}

/// The k-th smallest value of a row but that at `itself`. One pass: after the first few values
/// nearly none is small enough to enter the list.
fn kth_smallest(row: &[f64], itself: usize, k: usize) -> f64 {
    let mut least = vec![f64::INFINITY; k];
    for (place, &value) in row.iter().enumerate() {
        if value < least[k - 1] && place != itself {
            let at = least.partition_point(|other| *other <= value);
            least[at..].rotate_right(1);
            least[at] = value;
        }
    }
    least[k - 1]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_on_a_line_are_counted_by_hand() {
        // Radii (k = 1): real 0, 1, 2, 10 have 1, 1, 1, 8; samples 0.5, 50, 51 have 49.5, 1, 1.
        let real = Rows::new(1, vec![0.0, 1.0, 2.0, 10.0]);
        let samples = Rows::new(1, vec![0.5, 50.0, 51.0]);
        let found = neighbourhoods(&samples, &real, 1).unwrap();
        assert_eq!(found.precision, 1.0 / 3.0);
        assert_eq!(found.recall, 1.0);
        assert_eq!(found.density, 2.0 / 3.0);
        assert_eq!(found.coverage, 2.0 / 4.0);
    }

    #[test]
    fn the_kth_smallest_leaves_out_one_place_and_counts_ties() {
        let row = [5.0, 0.0, 3.0, 3.0, 9.0, 1.0];
        let found = [1, 2, 3, 4].map(|k| kth_smallest(&row, 1, k));
        assert_eq!(found, [1.0, 3.0, 3.0, 5.0]);
    }

    #[test]
    fn a_set_covers_itself() {
        let rows = Rows::new(2, (0..600).map(|i| (f64::from(i) * 0.71).sin()).collect());
        let found = neighbourhoods(&rows, &rows, 5).unwrap();
        assert_eq!((found.precision, found.recall, found.coverage), (1.0, 1.0, 1.0));
        assert!(neighbourhoods(&rows.take(5), &rows, 5).is_none());
    }
}
