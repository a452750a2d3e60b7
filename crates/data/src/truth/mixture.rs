//! Mixtures of isotropic Gaussians, of which everything is known.

use super::Draw;
use rand::{RngExt, rngs::ChaCha8Rng};
use rand_distr::StandardNormal;
use std::f64::consts::TAU;

/// p(x) = Σ_k w_k N(x; m_k, s_k² I).
#[derive(Clone, Debug, PartialEq)]
pub struct GaussianMixture {
    modes: Vec<Mode>,
}

/// One Gaussian of a mixture.
#[derive(Clone, Debug, PartialEq)]
pub struct Mode {
    /// Share of all values, above 0.
    pub weight: f64,
    /// Mean.
    pub centre: Vec<f64>,
    /// Standard deviation in every direction, above 0.
    pub sd: f64,
}

impl GaussianMixture {
    /// Panics where there is no mode, where centres differ in length, where a weight or a standard
    /// deviation is not above 0, or where weights do not sum to 1.
    pub fn new(modes: Vec<Mode>) -> Self {
        let dimensions = modes.first().expect("a mixture has at least one mode").centre.len();
        for Mode { weight, centre, sd } in &modes {
            assert_eq!(centre.len(), dimensions, "centres have one number of coordinates");
            assert!(*weight > 0.0 && *sd > 0.0, "weight {weight} and deviation {sd} are above 0");
        }
        let total: f64 = modes.iter().map(|mode| mode.weight).sum();
        assert!((total - 1.0).abs() < 1e-9, "weights sum to 1 and not to {total}");
        Self { modes }
    }

    /// Coordinates of one point.
    pub fn dimensions(&self) -> usize {
        self.modes[0].centre.len()
    }

    /// Its Gaussians.
    pub fn modes(&self) -> &[Mode] {
        &self.modes
    }

    /// log p(x) in nats.
    pub fn log_density(&self, x: &[f64]) -> f64 {
        log_sum_exp(&self.log_joint(x))
    }

    /// E[x_0 | x_t] for x_t = `alpha` x_0 + `sigma` ε: the mean over modes, as probable as x_t makes
    /// them, of m_k + α s_k² / (α² s_k² + σ²) (x_t − α m_k) (Bishop 2006, "Pattern Recognition and
    /// Machine Learning", Eq. 2.116 for each mode).
    pub fn denoise(&self, x_t: &[f64], alpha: f64, sigma: f64) -> Vec<f64> {
        let noised = self.noised(alpha, sigma);
        let log_joint = noised.log_joint(x_t);
        let log_density = log_sum_exp(&log_joint);
        let mut mean = vec![0.0; x_t.len()];
        for ((mode, noisy), log_joint) in self.modes.iter().zip(&noised.modes).zip(log_joint) {
            let probability = (log_joint - log_density).exp();
            let gain = alpha * mode.sd.powi(2) / noisy.sd.powi(2);
            for (i, mean) in mean.iter_mut().enumerate() {
                *mean += probability * (mode.centre[i] + gain * (x_t[i] - noisy.centre[i]));
            }
        }
        mean
    }

    /// −E[log p(x)] in nats, mode by mode with the trapezoidal rule, whose error falls exponentially
    /// with the step for functions like these (Trefethen & Weideman 2014, SIAM Review 56:385). None in
    /// more than two dimensions, and where widths are so different that a mode's grid would have more than
    /// 2^22 points.
    pub fn entropy(&self) -> Option<f64> {
        let narrowest = self.modes.iter().map(|mode| mode.sd).fold(f64::INFINITY, f64::min);
        let step = narrowest / STEPS_PER_DEVIATION;
        let mut entropy = 0.0;
        for Mode { weight, centre, sd } in &self.modes {
            let nodes = normal_nodes(*sd, step)?;
            let mean: f64 = match **centre {
                [x] => nodes.iter().map(|at| at.weight * self.log_density(&[x + at.offset])).sum(),
                [x, y] if nodes.len().pow(2) <= MOST_NODES => nodes
                    .iter()
                    .flat_map(|a| nodes.iter().map(move |b| (a, b)))
                    .map(|(a, b)| {
                        a.weight * b.weight * self.log_density(&[x + a.offset, y + b.offset])
                    })
                    .sum(),
                _ => return None,
            };
            entropy -= weight * mean;
        }
        Some(entropy)
    }

    pub(super) fn draw(&self, rng: &mut ChaCha8Rng) -> Draw {
        let mut rest: f64 = rng.random();
        let class = self.modes.iter().position(|mode| {
            rest -= mode.weight;
            rest < 0.0
        });
        // The weights' sum may fall short of 1 by a rounding error.
        let class = class.unwrap_or(self.modes.len() - 1);
        let Mode { centre, sd, .. } = &self.modes[class];
        let point = centre.iter().map(|mean| mean + sd * rng.sample::<f64, _>(StandardNormal));
        Draw { class, point: point.collect() }
    }

    /// The distribution of x_t = `alpha` x_0 + `sigma` ε.
    fn noised(&self, alpha: f64, sigma: f64) -> Self {
        let noised = |mode: &Mode| Mode {
            weight: mode.weight,
            centre: mode.centre.iter().map(|mean| alpha * mean).collect(),
            sd: (alpha * mode.sd).hypot(sigma),
        };
        Self { modes: self.modes.iter().map(noised).collect() }
    }

    /// log w_k N(x; m_k, s_k² I) per mode.
    fn log_joint(&self, x: &[f64]) -> Vec<f64> {
        assert_eq!(x.len(), self.dimensions(), "a point has as many coordinates as the mixture");
        let of = |Mode { weight, centre, sd }: &Mode| {
            let squares: f64 = x.iter().zip(centre).map(|(x, mean)| (x - mean).powi(2)).sum();
            let variance = sd.powi(2);
            let log_norm = 0.5 * x.len() as f64 * (TAU * variance).ln();
            weight.ln() - log_norm - squares / (2.0 * variance)
        };
        self.modes.iter().map(of).collect()
    }
}

/// Steps of the entropy's grid per standard deviation of the narrowest mode.
const STEPS_PER_DEVIATION: f64 = 8.0;

/// How far from a mode's centre the grid reaches, in standard deviations: what lies beyond has a
/// probability of 1e-18.
const REACH: f64 = 9.0;

/// Points of one mode's grid at most: about a second of work.
const MOST_NODES: usize = 1 << 22;

/// A place of a grid around a mode, with its share of the mode's probability.
struct Node {
    offset: f64,
    weight: f64,
}

/// The trapezoidal rule for an expectation over a normal distribution of this standard deviation.
fn normal_nodes(sd: f64, step: f64) -> Option<Vec<Node>> {
    let reach = (REACH * sd / step).ceil();
    if 2.0 * reach + 1.0 > MOST_NODES as f64 {
        return None;
    }
    let offsets = (0..=2 * reach as usize).map(|i| (i as f64 - reach) * step);
    let density = |offset: f64| (-0.5 * (offset / sd).powi(2)).exp() / (TAU.sqrt() * sd);
    Some(offsets.map(|offset| Node { offset, weight: density(offset) * step }).collect())
}

fn log_sum_exp(logs: &[f64]) -> f64 {
    let greatest = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    greatest + logs.iter().map(|log| (log - greatest).exp()).sum::<f64>().ln()
}

#[cfg(test)]
#[path = "mixture_tests.rs"]
mod tests;
