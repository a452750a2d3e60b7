//! Kernel distances: the squared maximum mean discrepancy between two sets of vectors.

use crate::numerics::matrix::{Rows, columns, mean_and_sd, product, squared_norms};
use faer::{Mat, MatRef};
use genlab_core::{Phase, Seed};
use rayon::prelude::*;

/// Rows of a kernel matrix per task.
const BLOCK: usize = 128;
/// The subsets of the samples and of the references.
const LEFT: &str = "kernel-distance/left";
const RIGHT: &str = "kernel-distance/right";

/// How alike two vectors are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kernel {
    /// (x·y / d + 1)³ in d dimensions: the kernel of the "kernel Inception distance".
    Cubic,
    /// exp(−|x − y|² / 2σ²), for vectors without a scale that fits the cubic one.
    Gaussian {
        /// σ, usually the median distance between the real images.
        bandwidth: f64,
    },
}

impl Kernel {
    /// The kernel of two vectors from their product, the sum of their squared lengths and their
    /// dimension.
    fn value(self, dot: f64, squares: f64, dim: f64) -> f64 {
        match self {
            Self::Cubic => (dot / dim + 1.0).powi(3),
            Self::Gaussian { bandwidth } => {
                let distance = (squares - 2.0 * dot).max(0.0);
                (-distance / (2.0 * bandwidth * bandwidth)).exp()
            }
        }
    }
}

/// How subsets are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Subsets {
    /// How many.
    pub count: usize,
    /// Vectors in each, at most; never more than half of either side, so that the spread between
    /// subsets says something about the whole.
    pub size: usize,
}

impl Default for Subsets {
    /// 100 subsets of 1000, the protocol of Bińkowski et al. 2018.
    fn default() -> Self {
        Self { count: 100, size: 1000 }
    }
}

/// A kernel distance with its spread.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct KernelDistance {
    /// Mean over subsets.
    pub mean: f64,
    /// Standard deviation over subsets.
    pub sd: f64,
    /// Standard error for all vectors together: subsets of m of n vectors drawn without
    /// replacement are a delete-(n - m) jackknife (Shao and Wu 1989), so the spread counts by
    /// `sqrt(m / (n - m))`. It understates a little where n differs between the sides.
    pub standard_error: f64,
    /// Vectors in each subset.
    pub size: usize,
}

/// The unbiased squared MMD, averaged over subsets: equation 4 of Bińkowski et al. 2018
/// (arXiv:1801.01401). None when a side has fewer than four vectors.
pub fn kernel_distance(
    left: &Rows,
    right: &Rows,
    kernel: Kernel,
    subsets: Subsets,
    seed: Seed,
) -> Option<KernelDistance> {
    assert_eq!(left.dim, right.dim, "features of one space");
    let n = left.len().min(right.len());
    let size = subsets.size.min(n / 2);
    if size < 2 || subsets.count < 2 {
        return None;
    }
    let chosen_left = indicators(left.len(), size, subsets.count, seed, LEFT);
    let chosen_right = indicators(right.len(), size, subsets.count, seed, RIGHT);
    let distances = discrepancies(left, right, kernel, [&chosen_left, &chosen_right], size);
    let (mean, sd) = mean_and_sd(&distances);
    let standard_error = sd * (size as f64 / (n - size) as f64).sqrt();
    Some(KernelDistance { mean, sd, standard_error, size })
}

/// The same without subsets, on all vectors of two sets of equal size.
pub fn unbiased_mmd2(left: &Rows, right: &Rows, kernel: Kernel) -> f64 {
    assert_eq!(left.len(), right.len(), "as many vectors on either side");
    let all = Mat::from_fn(left.len(), 1, |_, _| 1.0);
    discrepancies(left, right, kernel, [&all, &all], left.len())[0]
}

/// `[n, count]`: column s holds 1 for the members of subset s.
fn indicators(n: usize, size: usize, count: usize, seed: Seed, name: &str) -> Mat<f64> {
    let mut chosen = Mat::zeros(n, count);
    for subset in 0..count {
        let order = seed.during(Phase::Evaluate).permutation(name, subset as u64, n);
        for &member in &order[..size] {
            chosen[(member as usize, subset)] = 1.0;
        }
    }
    chosen
}

/// One unbiased squared MMD per subset. All subsets share the three kernel matrices, which are
/// made block by block: the sum over a subset is sᵀ K s, so a hundred subsets cost little more
/// than one.
fn discrepancies(
    left: &Rows,
    right: &Rows,
    kernel: Kernel,
    [chosen_left, chosen_right]: [&Mat<f64>; 2],
    size: usize,
) -> Vec<f64> {
    let within_left = sums_within(left, kernel, chosen_left);
    let within_right = sums_within(right, kernel, chosen_right);
    let between = sums_between(left, right, kernel, chosen_left, chosen_right);
    let (pairs, all) = ((size * (size - 1)) as f64, (size * size) as f64);
    let sums = within_left.iter().zip(&within_right).zip(&between);
    sums.map(|((a, b), c)| (a + b) / pairs - 2.0 * c / all).collect()
}

/// Per subset, the sum of the kernel over all ordered pairs of different members.
fn sums_within(x: &Rows, kernel: Kernel, chosen: &Mat<f64>) -> Vec<f64> {
    let norms = squared_norms(x);
    subset_sums(x, chosen, |first, block| {
        // The matrix is symmetric: what is right of the diagonal block counts twice, what is left
        // of it was counted before.
        let rest = columns(&x.values[first * x.dim..], x.dim);
        let mut values = kernel_matrix(block, rest, kernel, [&norms[first..], &norms[first..]]);
        let height = values.nrows();
        for (place, column) in values.col_iter_mut().enumerate() {
            if place >= height {
                column.iter_mut().for_each(|value| *value *= 2.0);
            }
        }
        (0..height).for_each(|i| values[(i, i)] = 0.0);
        product(values.as_ref(), chosen.subrows(first, x.len() - first))
    })
}

/// Per subset, the sum of the kernel over all pairs of a member of `x` and a member of `y`.
fn sums_between(
    x: &Rows,
    y: &Rows,
    kernel: Kernel,
    chosen_x: &Mat<f64>,
    chosen_y: &Mat<f64>,
) -> Vec<f64> {
    let (norms_x, norms_y) = (squared_norms(x), squared_norms(y));
    subset_sums(x, chosen_x, |first, block| {
        let values = kernel_matrix(block, y.columns(), kernel, [&norms_x[first..], &norms_y]);
        product(values.as_ref(), chosen_y.as_ref())
    })
}

/// `[x, y]`: the kernel of each column of `x` and each of `y`, whose squared lengths begin `norms`.
fn kernel_matrix(
    x: MatRef<'_, f64>,
    y: MatRef<'_, f64>,
    kernel: Kernel,
    norms: [&[f64]; 2],
) -> Mat<f64> {
    let dim = x.nrows() as f64;
    let mut values = product(x.transpose(), y);
    for (column, norm_y) in values.col_iter_mut().zip(norms[1]) {
        for (value, norm_x) in column.iter_mut().zip(norms[0]) {
            *value = kernel.value(*value, norm_x + norm_y, dim);
        }
    }
    values
}

/// Adds up, for each subset, the rows of `weighted(first, block)` that belong to its members, over
/// blocks of `x`.
fn subset_sums(
    x: &Rows,
    chosen: &Mat<f64>,
    weighted: impl Fn(usize, MatRef<'_, f64>) -> Mat<f64> + Sync,
) -> Vec<f64> {
    let parts: Vec<Vec<f64>> = x
        .values
        .par_chunks(BLOCK * x.dim)
        .enumerate()
        .map(|(task, block)| {
            let first = task * BLOCK;
            let sums = weighted(first, columns(block, x.dim));
            let members = chosen.subrows(first, sums.nrows());
            sums.col_iter()
                .zip(members.col_iter())
                .map(|(sums, members)| sums.iter().zip(members.iter()).map(|(s, m)| s * m).sum())
                .collect()
        })
        .collect();
    let mut total = vec![0.0; chosen.ncols()];
    for part in &parts {
        crate::numerics::matrix::add(&mut total, part);
    }
    total
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wave(n: usize, frequency: f64) -> Rows {
        Rows::new(3, (0..n * 3).map(|i| (i as f64 * frequency).sin()).collect())
    }

    #[test]
    fn the_statistic_is_the_sum_over_pairs() {
        let (x, y) = (wave(4, 0.7), wave(4, 1.9));
        let kernel = |a: &[f64], b: &[f64]| {
            (a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>() / 3.0 + 1.0).powi(3)
        };
        let mut expected = 0.0;
        for i in 0..4 {
            for j in 0..4 {
                if i != j {
                    expected += (kernel(x.row(i), x.row(j)) + kernel(y.row(i), y.row(j))) / 12.0;
                }
                expected -= 2.0 * kernel(x.row(i), y.row(j)) / 16.0;
            }
        }
        assert!((unbiased_mmd2(&x, &y, Kernel::Cubic) - expected).abs() < 1e-12);
    }

    #[test]
    fn a_subset_counts_only_its_members() {
        let (x, y) = (wave(300, 0.7), wave(260, 1.9));
        let chosen_x = indicators(300, 100, 2, Seed(1), LEFT);
        let chosen_y = indicators(260, 100, 2, Seed(1), RIGHT);
        let pick = |rows: &Rows, chosen: &Mat<f64>| {
            let members = (0..rows.len()).filter(|&i| chosen[(i, 1)] == 1.0);
            Rows::new(3, members.flat_map(|i| rows.row(i).to_vec()).collect())
        };
        let direct = unbiased_mmd2(&pick(&x, &chosen_x), &pick(&y, &chosen_y), Kernel::Cubic);
        let together = discrepancies(&x, &y, Kernel::Cubic, [&chosen_x, &chosen_y], 100)[1];
        assert!((direct - together).abs() < 1e-12, "{direct} {together}");
    }

    #[test]
    fn two_halves_of_one_distribution_are_within_their_error_of_zero() {
        let normal = |step| {
            use rand::RngExt;
            let mut rng = Seed(5).during(Phase::Evaluate).row("test", step, 0);
            Rows::new(3, (0..3000).map(|_| rng.sample(rand_distr::StandardNormal)).collect())
        };
        let distance =
            kernel_distance(&normal(1), &normal(2), Kernel::Cubic, Subsets::default(), Seed(0))
                .unwrap();
        assert_eq!(distance.size, 500);
        assert!(distance.mean.abs() < 4.0 * distance.standard_error, "{distance:?}");
    }
}
