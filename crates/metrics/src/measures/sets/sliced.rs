//! The sliced Wasserstein distance between pixels, for images without a judge.

use super::{measure::SetMeasure, pair::Pair, pixels};
use crate::{
    findings::Findings,
    numerics::matrix::{Rows, columns, divide, product},
};
use genlab_core::{Phase, Seed};
use genlab_results::{Direction::Lower, Entry, Section};
use rand::RngExt;
use rand_distr::StandardNormal;
use rayon::prelude::*;

const SLICED_WASSERSTEIN: Entry = Entry {
    name: "samples/sliced_wasserstein",
    title: "Sliced Wasserstein",
    unit: "pixels, [0,1]",
    better: Some(Lower),
    section: Section::Samples,
    meaning: "1-Wasserstein distance of the pixels along random directions; needs no judge.",
    meaning_beyond_images: "1-Wasserstein distance of the coordinates along random directions.",
    ..Entry::BASE
};

/// Random directions, after Karras et al. 2018.
const DIRECTIONS: usize = 512;
/// Directions per task.
const BLOCK: usize = 32;

/// The measure.
pub(super) struct SlicedWasserstein;

impl SetMeasure for SlicedWasserstein {
    fn entries(&self) -> &'static [&'static Entry] {
        &[&SLICED_WASSERSTEIN]
    }

    fn score(&self, pair: &Pair<'_>, out: &mut Findings) {
        let [samples, real] = [pair.samples, pair.real].map(|set| pixels::rows(&set.images));
        let distance = sliced_wasserstein(&samples, &real, DIRECTIONS, pair.settings.seed);
        out.push(pair.metric(&SLICED_WASSERSTEIN, distance));
    }
}

/// Mean over random directions of the 1-Wasserstein distance between the two sets' projections:
/// Rabin et al. 2011, with absolute differences as Karras et al. 2018 (arXiv:1710.10196) take them.
/// Directions are uniform on the unit sphere and depend on the seed and the dimension alone. The
/// sets may differ in size; neither may be empty.
pub fn sliced_wasserstein(left: &Rows, right: &Rows, directions: usize, seed: Seed) -> f64 {
    mean_along(left, right, &unit_directions(left.dim, directions, seed))
}

/// The same along given directions, one a row.
pub fn mean_along(left: &Rows, right: &Rows, directions: &Rows) -> f64 {
    assert!(left.dim == right.dim && left.dim == directions.dim, "vectors of one space");
    let distances: Vec<f64> = directions
        .values
        .par_chunks(BLOCK * directions.dim)
        .flat_map_iter(|block| {
            let (mut left, mut right) = (projections(left, block), projections(right, block));
            let pairs = left.iter_mut().zip(&mut right);
            pairs.map(|(left, right)| wasserstein(left, right)).collect::<Vec<f64>>()
        })
        .collect();
    distances.iter().sum::<f64>() / distances.len() as f64
}

fn unit_directions(dim: usize, count: usize, seed: Seed) -> Rows {
    let mut values = Vec::with_capacity(count * dim);
    for row in 0..count as u64 {
        let mut rng = seed.during(Phase::Evaluate).row("sliced-wasserstein/direction", 0, row);
        let mut direction: Vec<f64> = (0..dim).map(|_| rng.sample(StandardNormal)).collect();
        let length = direction.iter().map(|v| v * v).sum::<f64>().sqrt();
        divide(&mut direction, length);
        values.extend(direction);
    }
    Rows::new(dim, values)
}

/// The coordinates of all rows along each direction.
fn projections(rows: &Rows, directions: &[f64]) -> Vec<Vec<f64>> {
    let directions = columns(directions, rows.dim);
    let all = product(rows.columns().transpose(), directions);
    all.col_iter().map(|column| column.iter().copied().collect()).collect()
}

/// The 1-Wasserstein distance between two sets of numbers, which are sorted in place: the area
/// between their distribution functions. Neither may be empty.
pub(crate) fn wasserstein(left: &mut [f64], right: &mut [f64]) -> f64 {
    left.sort_unstable_by(f64::total_cmp);
    right.sort_unstable_by(f64::total_cmp);
    if left.len() == right.len() {
        let differences = left.iter().zip(right.iter()).map(|(a, b)| (a - b).abs());
        return differences.sum::<f64>() / left.len() as f64;
    }
    let (mut i, mut j, mut area) = (0, 0, 0.0);
    let mut at = left[0].min(right[0]);
    while i < left.len() || j < right.len() {
        let next = match (left.get(i), right.get(j)) {
            (Some(a), Some(b)) => a.min(*b),
            (Some(a), None) => *a,
            (None, b) => *b.expect("one of the two sets goes on"),
        };
        let shares = (i as f64 / left.len() as f64) - (j as f64 / right.len() as f64);
        area += shares.abs() * (next - at);
        at = next;
        i += usize::from(left.get(i) == Some(&next));
        j += usize::from(right.get(j) == Some(&next));
    }
    area
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn in_one_dimension_a_shift_counts_by_its_length() {
        let x = Rows::new(1, (0..50).map(|i| (f64::from(i) * 0.7).sin()).collect());
        let y = Rows::new(1, x.values.iter().map(|v| v + 0.25).collect());
        assert!((sliced_wasserstein(&x, &y, 3, Seed(1)) - 0.25).abs() < 1e-12);
        assert_eq!(sliced_wasserstein(&x, &x, 3, Seed(1)), 0.0);
    }

    #[test]
    fn sets_of_different_size_are_compared_by_their_shares() {
        assert!((wasserstein(&mut [0.0, 1.0], &mut [0.0, 0.0, 1.0, 1.0])).abs() < 1e-12);
        // One point at 0 against points at 1, 2 and 6: the mean distance.
        assert!((wasserstein(&mut [0.0], &mut [6.0, 1.0, 2.0]) - 3.0).abs() < 1e-12);
    }

    #[test]
    fn a_shift_in_many_dimensions_counts_by_its_mean_projection() {
        // E |θ·s| over unit θ in 3 dimensions is |s| / 2.
        let x = Rows::new(3, (0..300).map(|i| (f64::from(i) * 0.7).sin()).collect());
        let y = Rows::new(3, x.values.chunks(3).flat_map(|r| [r[0], r[1] + 2.0, r[2]]).collect());
        let found = sliced_wasserstein(&x, &y, 4000, Seed(0));
        assert!((found - 1.0).abs() < 0.03, "{found}");
    }
}
