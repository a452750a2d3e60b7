//! How much signal is left at each step of the noising process.

use serde::{Deserialize, Serialize};
use std::f64::consts::FRAC_PI_2;

/// The variance β_t added at each step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BetaSchedule {
    /// From 10⁻⁴ to 0.02 at T = 1000 (section 4 of arXiv:2006.11239), scaled by 1000 / T otherwise
    /// so that the last step is as noisy for every T.
    Linear,
    /// ᾱ_t follows a squared cosine (Eq. 17 of Nichol & Dhariwal 2021, arXiv:2102.09672).
    Cosine,
}

/// ᾱ_t = Π_{s ≤ t} (1 − β_s) for t = 0..=T, with ᾱ_0 = 1.
#[derive(Clone, Debug, PartialEq)]
pub struct NoiseSchedule {
    alpha_bar: Vec<f64>,
}

impl NoiseSchedule {
    /// The schedule over `steps` ≥ 1 steps.
    pub fn new(schedule: BetaSchedule, steps: usize) -> Self {
        let total = steps as f64;
        let beta = |t: usize| match schedule {
            BetaSchedule::Linear => {
                let scale = 1000.0 / total;
                let along = (t - 1) as f64 / (total - 1.0).max(1.0);
                (scale * (1e-4 + (0.02 - 1e-4) * along)).min(0.999)
            }
            BetaSchedule::Cosine => {
                // f(t) = cos²((t/T + s) / (1 + s) · π/2), s = 0.008; β clipped at 0.999.
                let f = |t: usize| ((t as f64 / total + 0.008) / 1.008 * FRAC_PI_2).cos().powi(2);
                (1.0 - f(t) / f(t - 1)).min(0.999)
            }
        };
        let mut alpha_bar = vec![1.0];
        for t in 1..=steps {
            alpha_bar.push(alpha_bar[t - 1] * (1.0 - beta(t)));
        }
        Self { alpha_bar }
    }

    /// T.
    pub fn steps(&self) -> usize {
        self.alpha_bar.len() - 1
    }

    /// ᾱ_t, in (0, 1], for t in 0..=T.
    pub fn alpha_bar(&self, t: usize) -> f64 {
        self.alpha_bar[t]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_linear_schedule_has_the_papers_end_points() {
        let s = NoiseSchedule::new(BetaSchedule::Linear, 1000);
        assert!((s.alpha_bar(1) - (1.0 - 1e-4)).abs() < 1e-12);
        assert!((1.0 - s.alpha_bar(1000) / s.alpha_bar(999) - 0.02).abs() < 1e-9);
        // Π (1 − β_t) of the paper's schedule, as computed in double precision by NumPy.
        assert!((s.alpha_bar(1000) - 4.035_829_765_375e-5).abs() < 1e-12, "{}", s.alpha_bar(1000));
    }

    #[test]
    fn the_cosine_schedule_follows_its_cosine() {
        let s = NoiseSchedule::new(BetaSchedule::Cosine, 1000);
        let f = |t: f64| ((t / 1000.0 + 0.008) / 1.008 * FRAC_PI_2).cos().powi(2);
        for t in [1, 250, 500, 900] {
            assert!((s.alpha_bar(t) - f(t as f64) / f(0.0)).abs() < 1e-9);
        }
        assert!(s.alpha_bar(1000) > 0.0);
    }

    #[test]
    fn signal_only_ever_shrinks() {
        for schedule in [BetaSchedule::Linear, BetaSchedule::Cosine] {
            for steps in [1, 10, 50, 1000] {
                let s = NoiseSchedule::new(schedule, steps);
                assert!((1..=steps).all(|t| s.alpha_bar(t) < s.alpha_bar(t - 1)));
            }
        }
    }
}
