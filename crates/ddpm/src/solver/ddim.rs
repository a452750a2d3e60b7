//! Denoising diffusion implicit models.

use super::{Oracle, noise_of};
use crate::schedule::Moment;
use burn::tensor::Tensor;

/// The coefficients of a step: x_s = `start`·x̂_0 + `direction`·ε̂ + `noise`·z.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Transition {
    start: f64,
    direction: f64,
    noise: f64,
}

impl Transition {
    /// Eq. 12 of Song et al. 2021 (arXiv:2010.02502), with their σ of Eq. 16, which is called `noise`
    /// here: η² σ_s² / σ_t² (1 − α_t² / α_s²) in terms of α and σ. Where α² + σ² is not 1, the same
    /// posterior for x_t = (α_t / α_s) x_s + noise of the variance that is missing.
    pub(super) fn new(eta: f64, from: Moment, to: Moment) -> Self {
        let variance = eta * eta * (to.sigma / from.sigma).powi(2) * missing(from, to);
        let direction = (to.sigma.powi(2) - variance).max(0.0).sqrt();
        Self { start: to.alpha, direction, noise: variance.sqrt() }
    }

    /// The mean of x_s, before fresh noise.
    pub(super) fn mean(self, x_t: Tensor<4>, from: Moment, oracle: &mut Oracle<'_>) -> Tensor<4> {
        let start = oracle.start(x_t.clone(), from);
        start.clone() * self.start + noise_of(x_t, start, from) * self.direction
    }

    /// The same mean with fresh noise of another variance.
    pub(super) fn with_variance(self, variance: f64) -> Self {
        Self { noise: variance.sqrt(), ..self }
    }

    /// x_s.
    pub(super) fn take(self, x_t: Tensor<4>, from: Moment, oracle: &mut Oracle<'_>) -> Tensor<4> {
        let x_s = self.mean(x_t, from, oracle);
        if self.noise > 0.0 { x_s + oracle.fresh() * self.noise } else { x_s }
    }
}

/// q(x_s | x_t, x_0), a normal distribution, beside q(x_t | x_s).
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Posterior {
    /// β̃_t, its variance.
    pub(crate) small: f64,
    /// β_t, the variance of the other.
    pub(crate) large: f64,
    /// What its mean has of x_0 where x_t is given.
    pub(crate) on_start: f64,
}

/// Eq. 7 of Ho et al. 2020 (arXiv:2006.11239), whatever α² + σ² is.
pub(crate) fn posterior(from: Moment, to: Moment) -> Posterior {
    let Transition { start, direction, noise } = Transition::new(1.0, from, to);
    let on_start = start - direction * from.alpha / from.sigma;
    Posterior { small: noise.powi(2), large: missing(from, to), on_start }
}

/// The variance of the noise that turns x_s into x_t: 1 − α_t² / α_s² where α² + σ² = 1.
pub(super) fn missing(from: Moment, to: Moment) -> f64 {
    from.sigma.powi(2) - (from.alpha / to.alpha * to.sigma).powi(2)
}

/// One step with η in [0, 1].
pub(super) fn step(
    eta: f64,
    x_t: Tensor<4>,
    from: Moment,
    to: Moment,
    oracle: &mut Oracle<'_>,
) -> Tensor<4> {
    Transition::new(eta, from, to).take(x_t, from, oracle)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedule::{Schedule, ScheduleConfig};

    #[test]
    fn with_all_noise_fresh_it_is_the_ddpm_posterior() {
        let schedule =
            Schedule::new(ScheduleConfig::Linear { steps: 1000, zero_terminal_snr: false });
        let (from, to) = (schedule.at(0.4), schedule.at(0.399));
        let (ab_t, ab_s) = (from.alpha.powi(2), to.alpha.powi(2));
        let (alpha, beta) = (ab_t / ab_s, 1.0 - ab_t / ab_s);
        // Eq. 7 of arXiv:2006.11239: coefficients of x_0 and x_t in the posterior mean, and its variance.
        let on_start = ab_s.sqrt() * beta / (1.0 - ab_t);
        let on_x_t = alpha.sqrt() * (1.0 - ab_s) / (1.0 - ab_t);
        let variance = (1.0 - ab_s) / (1.0 - ab_t) * beta;
        let step = Transition::new(1.0, from, to);
        // x_s = start·x_0 + direction·(x_t − α_t x_0) / σ_t
        let x_t_share = step.direction / from.sigma;
        assert!((step.noise.powi(2) - variance).abs() < 1e-12);
        assert!((x_t_share - on_x_t).abs() < 1e-9);
        assert!((step.start - x_t_share * from.alpha - on_start).abs() < 1e-9);
        // β_t, the variance of q(x_t | x_s).
        assert!((missing(from, to) - beta).abs() < 1e-12);
    }
}
