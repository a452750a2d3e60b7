//! Densities from samples.

use rayon::prelude::*;
use std::f64::consts::TAU;

/// Bandwidths that are tried, in standard deviations of the samples.
const BANDWIDTHS: [f64; 9] = [0.005, 0.01, 0.02, 0.03, 0.05, 0.08, 0.12, 0.2, 0.35];
/// Samples that decide between them.
const JUDGES: usize = 500;

/// The mean of Gaussians of one width around samples (Parzen 1962): p(x) = 1/n Σ_i N(x; x_i, h² I).
#[derive(Clone, Debug)]
pub struct KernelDensity {
    points: Vec<Vec<f64>>,
    /// h.
    pub bandwidth: f64,
}

impl KernelDensity {
    /// The density of this bandwidth.
    pub fn new(points: Vec<Vec<f64>>, bandwidth: f64) -> Self {
        Self { points, bandwidth }
    }

    /// The density whose bandwidth gives the last samples, which it then leaves out of the choice's sum, the
    /// highest mean log-density. None with fewer than twice as many samples as decide, or without spread.
    pub fn fit(mut points: Vec<Vec<f64>>) -> Option<Self> {
        let count = points.len();
        if count < 2 * JUDGES {
            return None;
        }
        let dimensions = points[0].len() as f64;
        let mean = |of: &dyn Fn(f64) -> f64| {
            points.iter().flatten().map(|x| of(*x)).sum::<f64>() / (count as f64 * dimensions)
        };
        let centre = mean(&|x| x);
        let sd = mean(&|x| (x - centre).powi(2)).sqrt();
        if sd <= 0.0 || !sd.is_finite() {
            return None;
        }
        let judges = points.split_off(count - JUDGES);
        let mut density = Self::new(points, sd);
        let score = |bandwidth: f64| {
            let tried = Self { bandwidth, ..density.clone() };
            judges.iter().map(|x| tried.log_density(x)).sum::<f64>()
        };
        let best = BANDWIDTHS.map(|share| share * sd).into_iter().map(|h| (h, score(h)));
        density.bandwidth = best.max_by(|a, b| a.1.total_cmp(&b.1))?.0;
        density.points.extend(judges);
        Some(density)
    }

    /// log p(x) in nats.
    pub fn log_density(&self, x: &[f64]) -> f64 {
        let scale = 0.5 / self.bandwidth.powi(2);
        let exponent = |point: &Vec<f64>| {
            -scale * point.iter().zip(x).map(|(a, b)| (a - b).powi(2)).sum::<f64>()
        };
        let exponents: Vec<f64> = self.points.par_iter().map(exponent).collect();
        let greatest = exponents.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let sum: f64 = exponents.iter().map(|e| (e - greatest).exp()).sum();
        let log_norm = 0.5 * x.len() as f64 * (TAU * self.bandwidth.powi(2)).ln();
        greatest + (sum / self.points.len() as f64).ln() - log_norm
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use genlab_core::{Phase, Seed};
    use rand::RngExt;
    use rand_distr::StandardNormal;

    fn normal(count: usize, dimensions: usize) -> Vec<Vec<f64>> {
        let mut rng = Seed(1).during(Phase::Evaluate).row("test/kde", 0, 0);
        let mut point = || (0..dimensions).map(|_| rng.sample(StandardNormal)).collect();
        (0..count).map(|_| point()).collect()
    }

    #[test]
    fn two_points_have_the_density_of_two_gaussians() {
        // SciPy: log(0.5 norm.pdf(0.5, 0, 0.5) + 0.5 norm.pdf(0.5, 2, 0.5)).
        let density = KernelDensity::new(vec![vec![0.0], vec![2.0]], 0.5);
        let n = |x: f64| (-0.5 * (x / 0.5_f64).powi(2)).exp() / (0.5 * TAU.sqrt());
        let expected = (0.5 * n(0.5) + 0.5 * n(1.5)).ln();
        assert!((density.log_density(&[0.5]) - expected).abs() < 1e-12);
        assert!(density.log_density(&[1e4]).is_finite());
    }

    #[test]
    fn a_normal_density_is_found_again_in_one_and_two_dimensions() {
        for dimensions in [1, 2] {
            let density = KernelDensity::fit(normal(8000, dimensions)).expect("a density");
            for x in [0.0, 1.0, -1.5] {
                let point = vec![x; dimensions];
                let exact = dimensions as f64 * (-0.5 * x * x - 0.5 * TAU.ln());
                let found = density.log_density(&point);
                assert!((found - exact).abs() < 0.2, "{x}: {found} is not {exact}");
            }
        }
    }

    #[test]
    fn too_few_samples_and_samples_without_spread_have_none() {
        assert!(KernelDensity::fit(normal(100, 1)).is_none());
        assert!(KernelDensity::fit(vec![vec![1.0]; 2000]).is_none());
    }
}
