//! A seeded k-means, to start a mixture from.

use crate::numerics::matrix::{Rows, add};
use genlab_core::{Phase, Seed};
use rand::RngExt;
use rayon::prelude::*;

/// Rows per task.
const BLOCK: usize = 256;

/// The cluster of each row: centres drawn in proportion to the squared distance from those already
/// drawn (k-means++, Arthur and Vassilvitskii 2007), then `rounds` of Lloyd's iteration.
pub fn kmeans(rows: &Rows, clusters: usize, rounds: usize, seed: Seed) -> Vec<usize> {
    let mut centres = first_centres(rows, clusters, seed);
    let mut nearest = assign(rows, &centres);
    for _ in 0..rounds {
        centres = means(rows, &nearest, centres);
        let next = assign(rows, &centres);
        if next == nearest {
            break;
        }
        nearest = next;
    }
    nearest
}

fn first_centres(rows: &Rows, clusters: usize, seed: Seed) -> Rows {
    let mut rng = seed.during(Phase::Evaluate).row("kmeans/centres", 0, 0);
    let mut chosen = rng.random_range(0..rows.len() as u64) as usize;
    let mut centres = Rows::new(rows.dim, rows.row(chosen).to_vec());
    let mut distances = vec![f64::INFINITY; rows.len()];
    for _ in 1..clusters {
        let centre = rows.row(chosen);
        distances.par_iter_mut().zip(rows.values.par_chunks(rows.dim)).for_each(|(best, row)| {
            *best = best.min(squared_distance(row, centre));
        });
        let total: f64 = distances.iter().sum();
        let mut left = rng.random::<f64>() * total;
        let found = distances.iter().position(|distance| {
            left -= distance;
            left < 0.0
        });
        // Only where all rows coincide, or rounding eats the last of the sum.
        chosen = found.unwrap_or(rows.len() - 1);
        centres.values.extend_from_slice(rows.row(chosen));
    }
    centres
}

fn assign(rows: &Rows, centres: &Rows) -> Vec<usize> {
    rows.values
        .par_chunks(BLOCK * rows.dim)
        .flat_map_iter(|block| {
            block.chunks(rows.dim).map(|row| {
                let distance = |k: usize| squared_distance(row, centres.row(k));
                let all = (0..centres.len()).map(|k| (distance(k), k));
                all.min_by(|a, b| a.0.total_cmp(&b.0)).map_or(0, |(_, k)| k)
            })
        })
        .collect()
}

/// The mean of each cluster; an empty one keeps its centre.
fn means(rows: &Rows, nearest: &[usize], mut centres: Rows) -> Rows {
    let dim = rows.dim;
    let mut sums = vec![0.0; centres.values.len()];
    let mut counts = vec![0_usize; centres.len()];
    for (row, &k) in rows.iter().zip(nearest) {
        add(&mut sums[k * dim..(k + 1) * dim], row);
        counts[k] += 1;
    }
    for (k, &count) in counts.iter().enumerate().filter(|(_, count)| **count > 0) {
        for (centre, sum) in centres.values[k * dim..(k + 1) * dim].iter_mut().zip(&sums[k * dim..])
        {
            *centre = sum / count as f64;
        }
    }
    centres
}

fn squared_distance(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clusters_that_lie_apart_are_found() {
        let rows =
            Rows::new(1, (0..40).map(|i| f64::from(i % 4) * 100.0 + f64::from(i) * 0.01).collect());
        let nearest = kmeans(&rows, 4, 10, Seed(0));
        for i in 0..40 {
            assert_eq!(nearest[i], nearest[i % 4]);
        }
        let mut kinds = nearest[..4].to_vec();
        kinds.sort_unstable();
        assert_eq!(kinds, [0, 1, 2, 3]);
    }

    #[test]
    fn equal_rows_do_no_harm() {
        assert_eq!(kmeans(&Rows::new(2, vec![1.0; 12]), 3, 5, Seed(0)).len(), 6);
    }
}
