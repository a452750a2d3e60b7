//! p(z) = 1/n Σ_i N(z; z_i, h² S): a Gaussian about each code z_i, in the shape of the covariance S of all of them
//! (Parzen 1962; Fukunaga 1990, section 6.1, for the shape). The bandwidth h is that of a grid under which codes that
//! are held out have the largest density.

use super::gaussian;
use crate::numerics::{
    fit::FitError,
    matrix::{Rows, columns, lower_inverse, product, squared_distances, squared_norms, values},
    mixture::{Mixture, log_sum_exp},
};
use genlab_core::{Phase, Seed};
use rand::RngExt;
use rand_distr::StandardNormal;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// Bandwidths that are tried: a quarter more from one to the next. The smallest is far below, the largest far above
/// what codes of 2 to 64 dimensions need.
const BANDWIDTHS: usize = 16;
const SMALLEST: f64 = 0.03;
const RATIO: f64 = 1.25;
/// Codes that are held out while the bandwidth is chosen, at most; a tenth where there are few.
const HELD_OUT: usize = 300;
/// Rows per task.
const BLOCK: usize = 64;

/// A Gaussian about each of some codes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct KernelDensity {
    /// `[n, dim]`: the codes z_i.
    pub centres: Rows,
    /// The lower Cholesky factor of S, `[dim, dim]` column after column.
    pub factor: Vec<f64>,
    /// h.
    pub bandwidth: f64,
}

impl KernelDensity {
    /// Kernels about `codes`.
    ///
    /// # Errors
    /// When there are fewer than twenty codes, or they are not finite.
    pub fn fit(codes: &Rows) -> Result<Self, FitError> {
        let held_out = HELD_OUT.min(codes.len() / 10);
        if held_out < 2 {
            return Err(FitError::TooFewKernels { n: codes.len() });
        }
        let Mixture { mut factors, .. } = gaussian::fit(codes)?;
        let factor = factors.remove(0);
        let kept = codes.len() - held_out;
        let others = Rows::new(codes.dim, codes.values[kept * codes.dim..].to_vec());
        let bandwidths = (0..BANDWIDTHS).map(|i| SMALLEST * RATIO.powi(i as i32));
        let of = |centres, bandwidth| Self { centres, factor: factor.clone(), bandwidth };
        let trial = of(codes.take(kept), 1.0);
        let distances = trial.whitened_distances(&others);
        let scored = bandwidths.map(|h| (trial.log_likelihood_at(&distances, h), h));
        let best = scored.max_by(|a, b| a.0.total_cmp(&b.0));
        Ok(of(codes.clone(), best.map_or(1.0, |(_, h)| h)))
    }

    /// Mean log-density of the rows in nats.
    pub fn log_likelihood(&self, rows: &Rows) -> f64 {
        self.log_likelihood_at(&self.whitened_distances(rows), self.bandwidth)
    }

    /// The same from squared distances `[rows, n]` in whitened coordinates, with another bandwidth h: the mean of
    /// ln 1/n Σ_i exp(−d_i² / 2 h²) − ln |S|/2 − dim/2 ln 2π h².
    fn log_likelihood_at(&self, distances: &[f64], h: f64) -> f64 {
        let (n, dim) = (self.centres.len(), self.centres.dim);
        let log_det: f64 = (0..dim).map(|i| self.factor[i * (dim + 1)].ln()).sum();
        let scale = log_det + 0.5 * dim as f64 * (std::f64::consts::TAU * h * h).ln();
        let densities: Vec<f64> = distances
            .par_chunks(n)
            .map(|row| {
                let exponents: Vec<f64> = row.iter().map(|d| -0.5 * d / (h * h)).collect();
                log_sum_exp(&exponents)
            })
            .collect();
        densities.iter().sum::<f64>() / densities.len() as f64 - (n as f64).ln() - scale
    }

    /// |L⁻¹ (z − z_i)|² with S = L Lᵀ, for each row z and each centre: `[rows, n]`, row after row.
    fn whitened_distances(&self, rows: &Rows) -> Vec<f64> {
        let dim = self.centres.dim;
        let inverse = lower_inverse(columns(&self.factor, dim));
        let white =
            |rows: &Rows| Rows::new(dim, values(&product(inverse.as_ref(), rows.columns())));
        let (centres, rows) = (white(&self.centres), white(rows));
        let norms = squared_norms(&centres);
        let blocks: Vec<Vec<f64>> = rows
            .values
            .par_chunks(BLOCK * dim)
            .map(|block| squared_distances(block, &centres, &norms))
            .collect();
        blocks.concat()
    }

    /// Draws of the given numbers: row i depends on the seed and on i alone.
    pub fn sample(&self, seed: Seed, rows: Range<u64>) -> Rows {
        let dim = self.centres.dim;
        let draw = |row| {
            let mut rng = seed.during(Phase::Sample).row("kernel-density/draw", 0, row);
            let centre = rng.random_range(0..self.centres.len() as u64) as usize;
            let mut x = self.centres.row(centre).to_vec();
            for col in 0..dim {
                let z: f64 = rng.sample(StandardNormal);
                let column = &self.factor[col * dim + col..(col + 1) * dim];
                x[col..].iter_mut().zip(column).for_each(|(x, l)| *x += self.bandwidth * l * z);
            }
            x
        };
        Rows::new(dim, rows.into_par_iter().map(draw).collect::<Vec<_>>().concat())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Draws of a normal with standard deviations 2 and 1 and correlation 0.6.
    fn codes(n: u64) -> Rows {
        let mixture = Mixture {
            weights: vec![1.0],
            means: Rows::new(2, vec![1.0, -1.0]),
            factors: vec![vec![2.0, 0.6, 0.0, 0.8]],
        };
        mixture.sample(Seed(5), 0..n)
    }

    #[test]
    fn its_density_is_the_mixture_of_its_kernels() {
        let centres = codes(7);
        let factor = vec![2.0, 0.6, 0.0, 0.8];
        let kernels =
            KernelDensity { centres: centres.clone(), factor: factor.clone(), bandwidth: 0.5 };
        let half: Vec<f64> = factor.iter().map(|l| 0.5 * l).collect();
        let mixture =
            Mixture { weights: vec![1.0 / 7.0; 7], means: centres, factors: vec![half; 7] };
        let rows = codes(20);
        let apart = kernels.log_likelihood(&rows) - mixture.log_likelihood(&rows);
        assert!(apart.abs() < 1e-9, "{apart}");
    }

    /// The bandwidth of least error under a normal is (4 / (d + 2) n)^(1 / (d + 4)) (Silverman 1986, Eq. 4.14); the
    /// likelihood asks for about as much.
    #[test]
    fn the_bandwidth_of_a_normal_is_near_silvermans() {
        let found = KernelDensity::fit(&codes(3000)).unwrap().bandwidth;
        let silverman = (4.0 / (4.0 * 3000.0_f64)).powf(1.0 / 6.0);
        assert!((0.6..1.7).contains(&(found / silverman)), "{found} {silverman}");
    }

    #[test]
    fn its_draws_have_the_moments_of_codes_and_kernels_together() {
        let kernels = KernelDensity { bandwidth: 1.0, ..KernelDensity::fit(&codes(4000)).unwrap() };
        let drawn = kernels.sample(Seed(1), 0..20_000);
        let moments = drawn.moments();
        assert!((moments.covariance[(0, 0)] / 8.0 - 1.0).abs() < 0.1, "{moments:?}");
        assert!((moments.covariance[(1, 0)] / 2.4 - 1.0).abs() < 0.1, "{moments:?}");
        assert_eq!(kernels.sample(Seed(1), 7..9).values, drawn.values[14..18]);
    }
}
