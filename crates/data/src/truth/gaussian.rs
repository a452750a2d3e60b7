//! One Gaussian of the plane, with any covariance, of which everything is known.

use rand::{RngExt, rngs::ChaCha8Rng};
use rand_distr::StandardNormal;
use std::f64::consts::{E, TAU};

/// N(m, Σ) with Σ = Σ_i s_i² a_i a_iᵀ for two orthonormal axes a_i.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Gaussian {
    mean: [f64; 2],
    axes: [[f64; 2]; 2],
    sds: [f64; 2],
}

impl Gaussian {
    /// The first axis is `axis`, of length 1; the second lies a quarter turn after it. Panics for another length, and for
    /// a standard deviation that is not above 0.
    pub fn new(mean: [f64; 2], axis: [f64; 2], sds: [f64; 2]) -> Self {
        let [x, y] = axis;
        assert!((x.hypot(y) - 1.0).abs() < 1e-12, "({x}, {y}) has length 1");
        assert!(sds.iter().all(|sd| *sd > 0.0), "deviations {sds:?} are above 0");
        Self { mean, axes: [axis, [-y, x]], sds }
    }

    /// log p(x) in nats.
    pub fn log_density(self, x: &[f64]) -> f64 {
        let along = self.along(x, 1.0);
        let squares: f64 = along.iter().zip(self.sds).map(|(c, sd)| (c / sd).powi(2)).sum();
        -0.5 * squares - (TAU * self.sds[0] * self.sds[1]).ln()
    }

    /// ln(2πe s_1 s_2) nats.
    pub fn entropy(self) -> f64 {
        (TAU * E * self.sds[0] * self.sds[1]).ln()
    }

    /// E[x_0 | x_t] for x_t = `alpha` x_0 + `sigma` ε: along each axis m + α s² / (α² s² + σ²) (x_t − α m) (Bishop 2006,
    /// "Pattern Recognition and Machine Learning", Eq. 2.116).
    pub fn denoise(self, x_t: &[f64], alpha: f64, sigma: f64) -> Vec<f64> {
        let along = self.along(x_t, alpha);
        let shrunk = |axis: usize| {
            let variance = self.sds[axis].powi(2);
            alpha * variance / (alpha.powi(2) * variance + sigma.powi(2)) * along[axis]
        };
        self.at([shrunk(0), shrunk(1)])
    }

    pub(super) fn draw(self, rng: &mut ChaCha8Rng) -> Vec<f64> {
        self.at(self.sds.map(|sd| sd * rng.sample::<f64, _>(StandardNormal)))
    }

    /// Coordinates of x − `scale` m along the axes.
    fn along(self, x: &[f64], scale: f64) -> [f64; 2] {
        assert_eq!(x.len(), 2, "a point of the plane");
        let offset = [0, 1].map(|i| x[i] - scale * self.mean[i]);
        self.axes.map(|axis| axis[0] * offset[0] + axis[1] * offset[1])
    }

    /// The point that lies at these coordinates along the axes.
    fn at(self, along: [f64; 2]) -> Vec<f64> {
        let coordinate =
            |i: usize| self.mean[i] + along[0] * self.axes[0][i] + along[1] * self.axes[1][i];
        vec![coordinate(0), coordinate(1)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rotated() -> Gaussian {
        Gaussian::new([1.0, 2.0], [0.6, 0.8], [5.0, 1.0])
    }

    #[test]
    fn its_density_and_entropy_are_those_of_its_covariance() {
        // SciPy 1.17: multivariate_normal of mean (1, 2) and covariance [[9.64, 11.52], [11.52, 16.36]].
        for (point, exact) in [([1.0, 2.0], -3.447_314_978_843), ([-3.0, 4.5], -14.495_514_978_843)]
        {
            let found = rotated().log_density(&point);
            assert!((found - exact).abs() < 1e-9, "{found} {exact}");
        }
        let entropy = rotated().entropy();
        assert!((entropy - 4.447_314_978_843).abs() < 1e-11, "{entropy}");
    }

    #[test]
    fn its_denoiser_is_the_conditional_mean() {
        // NumPy: m + α Σ (α² Σ + σ² I)⁻¹ (x_t − α m).
        let found = rotated().denoise(&[0.5, -1.0], 0.8, 0.6);
        for (found, exact) in found.into_iter().zip([0.187_098_29, -0.843_868_95]) {
            assert!((found - exact).abs() < 1e-7, "{found} {exact}");
        }
    }
}
