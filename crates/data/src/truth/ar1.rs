//! Autoregressive series of the first order, of which everything is known.

use rand::{RngExt, rngs::ChaCha8Rng};
use rand_distr::StandardNormal;
use std::f64::consts::{E, TAU};

/// x_t = φ x_{t−1} + s ε_t with standard normal ε, stationary around 0.
#[derive(Clone, Debug, PartialEq)]
pub struct Ar1 {
    coefficient: f64,
    innovation: f64,
    horizon: usize,
}

/// A normal distribution.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Normal {
    /// Its mean.
    pub mean: f64,
    /// Its standard deviation, above 0.
    pub sd: f64,
}

impl Ar1 {
    /// With the coefficient φ within ±1, innovations of the standard deviation s above 0, and values of
    /// `horizon` numbers. Panics beyond those ranges.
    pub fn new(coefficient: f64, innovation: f64, horizon: usize) -> Self {
        assert!(coefficient.abs() < 1.0, "a coefficient of {coefficient} is not stationary");
        assert!(
            innovation > 0.0 && horizon > 0,
            "something is new at every time, and there is one"
        );
        Self { coefficient, innovation, horizon }
    }

    /// Numbers of one value.
    pub fn horizon(&self) -> usize {
        self.horizon
    }

    /// x_{t+h} given everything up to t, for h from 1 on: around φ^h x_t with variance
    /// s² (1 − φ^{2h}) / (1 − φ²) (Box, Jenkins, Reinsel & Ljung 2015, "Time Series Analysis", section 5.4).
    /// Panics for a past of no number.
    pub fn forecast(&self, past: &[f64]) -> Vec<Normal> {
        let last = *past.last().expect("a past has a last number");
        let at = |h: usize| {
            let power = self.coefficient.powi(h as i32);
            let sd = self.marginal() * (1.0 - power.powi(2)).sqrt();
            Normal { mean: power * last, sd }
        };
        (1..=self.horizon).map(at).collect()
    }

    /// ln p of `horizon` numbers in a row, in nats, nothing being known of what came before. Panics for
    /// another number of them.
    pub fn log_density(&self, x: &[f64]) -> f64 {
        assert_eq!(x.len(), self.horizon, "a value has as many numbers as the horizon");
        let log = |x: f64, sd: f64| -0.5 * ((x / sd).powi(2) + (TAU * sd.powi(2)).ln());
        let steps = x.windows(2).map(|w| log(w[1] - self.coefficient * w[0], self.innovation));
        log(x[0], self.marginal()) + steps.sum::<f64>()
    }

    /// −E[ln p(x)] in nats: that of the first number and of as many innovations as follow.
    pub fn entropy(&self) -> f64 {
        let of = |sd: f64| 0.5 * (TAU * E * sd.powi(2)).ln();
        of(self.marginal()) + (self.horizon - 1) as f64 * of(self.innovation)
    }

    /// `count` numbers in a row.
    pub(crate) fn draw(&self, rng: &mut ChaCha8Rng, count: usize) -> Vec<f64> {
        let mut x = self.marginal() * rng.sample::<f64, _>(StandardNormal);
        let mut numbers = Vec::with_capacity(count);
        for _ in 0..count {
            numbers.push(x);
            x = self.coefficient * x + self.innovation * rng.sample::<f64, _>(StandardNormal);
        }
        numbers
    }

    /// The standard deviation of any number.
    fn marginal(&self) -> f64 {
        self.innovation / (1.0 - self.coefficient.powi(2)).sqrt()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forecasts_are_those_of_the_recurrence_step_by_step() {
        let series = Ar1::new(0.5, 2.0, 3);
        let forecast = series.forecast(&[9.0, 8.0]);
        // Means 4, 2, 1; variances 4, 4 + 1, 4 + 1 + 1/4.
        for (normal, (mean, variance)) in forecast.iter().zip([(4.0, 4.0), (2.0, 5.0), (1.0, 5.25)])
        {
            assert!((normal.mean - mean).abs() < 1e-12, "{normal:?}");
            assert!((normal.sd.powi(2) - variance).abs() < 1e-12, "{normal:?}");
        }
    }

    #[test]
    fn the_density_of_two_numbers_is_that_of_a_bivariate_normal() {
        let series = Ar1::new(0.6, 0.8, 2);
        // Variances 1, covariance 0.6: ln p = -ln 2π - ½ ln 0.64 - (x² - 1.2 x y + y²) / 1.28.
        let (x, y) = (0.3, -1.1);
        let quadratic = (x * x - 1.2 * x * y + y * y) / 1.28;
        let expected = -TAU.ln() - 0.5 * 0.64_f64.ln() - quadratic;
        assert!((series.log_density(&[x, y]) - expected).abs() < 1e-12);
        // ½ ln((2πe)² det Σ).
        let entropy = (TAU * E).ln() + 0.5 * 0.64_f64.ln();
        assert!((series.entropy() - entropy).abs() < 1e-12);
    }
}
