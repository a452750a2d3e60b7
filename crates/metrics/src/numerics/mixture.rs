//! Gaussian mixtures with full covariances: density and samples. [`super::fit`] makes them from data.

use crate::numerics::matrix::{Rows, columns, lower_inverse, product};
use faer::Mat;
use genlab_core::{Phase, Seed};
use rand::RngExt;
use rand_distr::StandardNormal;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// Rows per task.
const BLOCK: usize = 256;

/// A mixture of Gaussians. One component is a plain Gaussian.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Mixture {
    /// `[components]`, sums to 1.
    pub weights: Vec<f64>,
    /// `[components, dim]`.
    pub means: Rows,
    /// Per component the lower Cholesky factor of its covariance, `[dim, dim]` column after column.
    pub factors: Vec<Vec<f64>>,
}

impl Mixture {
    /// Dimension of the vectors.
    pub fn dim(&self) -> usize {
        self.means.dim
    }

    /// Number of Gaussians.
    pub fn components(&self) -> usize {
        self.weights.len()
    }

    /// Log-density of each row in nats.
    pub fn log_density(&self, rows: &Rows) -> Vec<f64> {
        let joint = self.joint_log_densities(rows);
        joint.chunks(self.components()).map(log_sum_exp).collect()
    }

    /// Mean log-density of the rows in nats.
    pub fn log_likelihood(&self, rows: &Rows) -> f64 {
        self.log_density(rows).iter().sum::<f64>() / rows.len() as f64
    }

    /// Draws of the given numbers: row i depends on the seed and on i alone.
    pub fn sample(&self, seed: Seed, rows: Range<u64>) -> Rows {
        let dim = self.dim();
        let draws: Vec<Vec<f64>> = rows
            .into_par_iter()
            .map(|row| {
                let mut rng = seed.during(Phase::Sample).row("mixture/draw", 0, row);
                let component = self.pick(rng.random::<f64>());
                let noise: Vec<f64> = (0..dim).map(|_| rng.sample(StandardNormal)).collect();
                let factor = &self.factors[component];
                let mut x = self.means.row(component).to_vec();
                for (col, z) in noise.iter().enumerate() {
                    let column = &factor[col * dim + col..(col + 1) * dim];
                    x[col..].iter_mut().zip(column).for_each(|(x, l)| *x += l * z);
                }
                x
            })
            .collect();
        Rows::new(dim, draws.concat())
    }

    /// The component whose stretch of [0, 1) holds `u`.
    fn pick(&self, u: f64) -> usize {
        let mut total = 0.0;
        let found = self.weights.iter().position(|weight| {
            total += weight;
            u < total
        });
        found.unwrap_or(self.components() - 1)
    }

    /// log(weight) + log N(x) per row and component: `[rows, components]`, row after row.
    pub(super) fn joint_log_densities(&self, rows: &Rows) -> Vec<f64> {
        assert_eq!(rows.dim, self.dim(), "vectors of the mixture's dimension");
        let (dim, count) = (self.dim(), self.components());
        let whitenings: Vec<Whitening> = (0..count).map(|k| self.whitening(k)).collect();
        let mut out = vec![0.0; rows.len() * count];
        out.par_chunks_mut(BLOCK * count).zip(rows.values.par_chunks(BLOCK * dim)).for_each(
            |(out, block)| {
                for (k, whitening) in whitenings.iter().enumerate() {
                    // |W x - W m|² rather than |W (x - m)|²: no centred copy of the block. Both
                    // lose digits only where a component is tiny beside its distance from 0.
                    let white = product(whitening.matrix.as_ref(), columns(block, dim));
                    for (row, x) in white.col_iter().enumerate() {
                        let square: f64 =
                            x.iter().zip(&whitening.mean).map(|(a, b)| (a - b).powi(2)).sum();
                        out[row * count + k] = whitening.log_scale - 0.5 * square;
                    }
                }
            },
        );
        out
    }

    fn whitening(&self, k: usize) -> Whitening {
        let dim = self.dim();
        let factor = columns(&self.factors[k], dim);
        let matrix = lower_inverse(factor);
        let mean = product(matrix.as_ref(), columns(self.means.row(k), dim));
        let log_det: f64 = (0..dim).map(|i| factor[(i, i)].ln()).sum();
        let log_scale =
            self.weights[k].ln() - log_det - 0.5 * dim as f64 * std::f64::consts::TAU.ln();
        Whitening { matrix, mean: crate::numerics::matrix::values(&mean), log_scale }
    }
}

/// What turns a component into a standard normal.
struct Whitening {
    /// Inverse of the Cholesky factor.
    matrix: Mat<f64>,
    /// The component's mean, whitened.
    mean: Vec<f64>,
    /// log of weight times the density at the mean.
    log_scale: f64,
}

/// log Σ exp without overflow.
pub fn log_sum_exp(values: &[f64]) -> f64 {
    let max = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if max == f64::NEG_INFINITY {
        return max;
    }
    // The largest term is 1, so terms below e^-40 vanish in rounding; in a mixture of many
    // dimensions that is nearly all of them, and exp is what a round of EM would spend its time on.
    let above = values.iter().map(|v| v - max).filter(|v| *v > -40.0);
    max + above.map(f64::exp).sum::<f64>().ln()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn two() -> Mixture {
        Mixture {
            weights: vec![0.25, 0.75],
            means: Rows::new(2, vec![0.0, 0.0, 10.0, -10.0]),
            factors: vec![vec![1.0, 0.0, 0.0, 1.0], vec![2.0, 1.0, 0.0, 0.5]],
        }
    }

    #[test]
    fn the_density_at_a_far_component_is_that_component_alone() {
        let rows = Rows::new(2, vec![0.0, 0.0]);
        let expected = 0.25_f64.ln() - std::f64::consts::TAU.ln();
        assert!((two().log_likelihood(&rows) - expected).abs() < 1e-12);
    }

    #[test]
    fn a_sample_depends_on_its_number_alone() {
        let whole = two().sample(Seed(3), 0..20);
        assert_eq!(two().sample(Seed(3), 7..9).values, whole.values[14..18]);
    }

    #[test]
    fn samples_have_the_moments_of_the_mixture() {
        let mut mixture = two();
        mixture.weights = vec![0.0, 1.0];
        let moments = mixture.sample(Seed(1), 0..20_000).moments();
        assert!((moments.mean[0] - 10.0).abs() < 0.06 && (moments.mean[1] + 10.0).abs() < 0.04);
        for ((row, col), expected) in [((0, 0), 4.0), ((1, 0), 2.0), ((1, 1), 1.25)] {
            let found = moments.covariance[(row, col)];
            assert!((found / expected - 1.0).abs() < 0.05, "{found} {expected}");
        }
    }

    #[test]
    fn log_sum_exp_neither_overflows_nor_vanishes() {
        assert!((log_sum_exp(&[1000.0, 1000.0]) - 1000.0 - 2.0_f64.ln()).abs() < 1e-12);
        assert!((log_sum_exp(&[-1000.0, f64::NEG_INFINITY]) + 1000.0).abs() < 1e-12);
    }
}
