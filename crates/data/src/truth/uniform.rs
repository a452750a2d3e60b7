//! The uniform distribution on a stretch of the line, of which everything is known.

use rand::{RngExt, rngs::ChaCha8Rng};
use statrs::function::erf::erfc;
use std::f64::consts::{SQRT_2, TAU};

/// p(x) = 1 / (b − a) for x in [a, b].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Uniform {
    from: f64,
    to: f64,
}

impl Uniform {
    /// On [`from`, `to`], which must ascend.
    pub fn new(from: f64, to: f64) -> Self {
        assert!(from < to, "{from} lies below {to}");
        Self { from, to }
    }

    /// log p(x) in nats: −∞ outside.
    pub fn log_density(self, x: f64) -> f64 {
        if (self.from..=self.to).contains(&x) { -self.entropy() } else { f64::NEG_INFINITY }
    }

    /// ln(b − a) nats.
    pub fn entropy(self) -> f64 {
        (self.to - self.from).ln()
    }

    /// E[x_0 | x_t] for x_t = `alpha` x_0 + `sigma` ε: the mean of the normal distribution around m = x_t / α with the
    /// standard deviation s = σ / α, cut to [a, b]: m + s (φ(A) − φ(B)) / (Φ(B) − Φ(A)) with A = (a − m) / s and B = (b − m) / s
    /// (Johnson, Kotz & Balakrishnan 1994, "Continuous Univariate Distributions", Eq. 13.134).
    pub fn denoise(self, x_t: f64, alpha: f64, sigma: f64) -> f64 {
        let middle = f64::midpoint(self.from, self.to);
        if sigma == 0.0 {
            return (x_t / alpha).clamp(self.from, self.to);
        }
        if alpha == 0.0 {
            return middle;
        }
        let (m, s) = (x_t / alpha, sigma / alpha);
        let [a, b] = [self.from, self.to].map(|end| (end - m) / s);
        // Mirrored where both ends lie above: there Φ is 1 but for rounding, and its difference nothing.
        if a > 0.0 {
            let mirrored = Self { from: -self.to, to: -self.from };
            return -mirrored.denoise(-x_t, alpha, sigma);
        }
        let below = |z: f64| 0.5 * erfc(-z / SQRT_2);
        let density = |z: f64| (-0.5 * z * z).exp() / TAU.sqrt();
        let share = below(b) - below(a);
        // Tens of standard deviations above, what is left falls off from the nearer end like an exponential.
        if share < f64::MIN_POSITIVE {
            return self.to + s / b;
        }
        (m + s * (density(a) - density(b)) / share).clamp(self.from, self.to)
    }

    /// log p(x_t) in nats for x_t = `alpha` x_0 + `sigma` ε with `sigma` above 0: ln (Φ(A) − Φ(B)) / (α (b − a)) with the ends of
    /// [`Uniform::denoise`] the other way round.
    pub(super) fn log_evidence(self, x_t: f64, alpha: f64, sigma: f64) -> f64 {
        let log_normal = |z: f64| -0.5 * z * z - 0.5 * TAU.ln();
        if alpha == 0.0 {
            return log_normal(x_t / sigma) - sigma.ln();
        }
        let ends = [self.from, self.to].map(|end| (alpha * end - x_t) / sigma);
        // Mirrored so that the stretch lies above x_t, or around it.
        let [a, b] = if ends[1] < 0.0 { [-ends[1], -ends[0]] } else { ends };
        let above = |z: f64| 0.5 * erfc(z / SQRT_2);
        let share = above(a) - above(b);
        // Tens of standard deviations away, what is left falls off like an exponential from the nearer end.
        let log_share = if share < f64::MIN_POSITIVE { log_normal(a) - a.ln() } else { share.ln() };
        log_share - (alpha * (self.to - self.from)).ln()
    }

    pub(super) fn draw(self, rng: &mut ChaCha8Rng) -> f64 {
        self.from + (self.to - self.from) * rng.random::<f64>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The mean over a grid of the stretch, weighed by the noise.
    fn by_quadrature(x_t: f64, alpha: f64, sigma: f64) -> f64 {
        let (mut mean, mut total) = (0.0, 0.0);
        let log = |x: f64| -0.5 * ((x_t - alpha * x) / sigma).powi(2);
        let x = |i: u32| -1.0 + (f64::from(i) + 0.5) * 2.0 / 40_000.0;
        let most = (0..40_000).map(|i| log(x(i))).fold(f64::NEG_INFINITY, f64::max);
        for x in (0..40_000).map(x) {
            let weight = (log(x) - most).exp();
            (mean, total) = (mean + weight * x, total + weight);
        }
        mean / total
    }

    #[test]
    fn its_denoiser_is_the_mean_by_quadrature() {
        let uniform = Uniform::new(-1.0, 1.0);
        for (alpha, sigma) in [(1.0, 0.05), (0.8, 0.6), (0.3, 0.95), (1.0, 20.0)] {
            for x_t in [-3.0, -1.02, -0.4, 0.0, 0.7, 1.0, 1.1, 2.5] {
                let (found, exact) =
                    (uniform.denoise(x_t, alpha, sigma), by_quadrature(x_t, alpha, sigma));
                assert!((found - exact).abs() < 1e-4, "{x_t} {alpha} {sigma}: {found} {exact}");
            }
        }
        assert_eq!(uniform.denoise(0.3, 1.0, 0.0), 0.3);
        assert_eq!(uniform.denoise(0.3, 0.0, 1.0), 0.0);
    }

    #[test]
    fn the_density_of_noised_points_is_the_mean_of_that_of_the_noise() {
        for (alpha, sigma) in [(1.0, 0.05), (0.8, 0.6), (0.0, 2.0)] {
            for x_t in [-1.4, -1.02, 0.2, 1.0, 1.3] {
                let normal = |x: f64| {
                    let z = (x_t - alpha * x) / sigma;
                    (-0.5 * z * z).exp() / (TAU.sqrt() * sigma)
                };
                let sum: f64 =
                    (0..40_000).map(|i| normal(-1.0 + (f64::from(i) + 0.5) / 20_000.0)).sum();
                let found = Uniform::new(-1.0, 1.0).log_evidence(x_t, alpha, sigma);
                let exact = (sum / 40_000.0).ln();
                assert!((found - exact).abs() < 1e-5, "{x_t} {alpha} {sigma}: {found} {exact}");
            }
        }
        // At the last place where the difference can still be taken, both ways agree.
        let far = |x_t: f64| Uniform::new(-1.0, 1.0).log_evidence(x_t, 1.0, 0.1);
        let slope = far(4.76) - far(4.74);
        let before = far(4.70) - far(4.68);
        assert!((slope / before - 1.0).abs() < 0.05, "{slope} {before}");
    }

    #[test]
    fn its_density_is_flat_and_nothing_lies_outside() {
        let uniform = Uniform::new(-1.0, 1.0);
        assert_eq!(uniform.log_density(0.3), -2.0_f64.ln());
        assert_eq!(uniform.log_density(1.1), f64::NEG_INFINITY);
    }
}
