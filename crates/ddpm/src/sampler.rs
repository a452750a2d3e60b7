//! One step of the reverse process, from x_t to x_s with s < t.

use crate::schedule::NoiseSchedule;
use burn::tensor::Tensor;

/// The times a sampler with `count` network evaluations visits, from T down to 0: `count + 1`
/// numbers, as evenly spaced as integers allow.
pub fn respaced_times(total: usize, count: usize) -> Vec<usize> {
    let count = count.clamp(1, total);
    (0..=count).rev().map(|i| (i * total + count / 2) / count).collect()
}

/// x̂_0 = (x_t − √(1 − ᾱ_t) ε) / √ᾱ_t (Eq. 15 of arXiv:2006.11239), kept within the range of
/// images: without that, early steps of the cosine schedule amplify small errors a hundredfold.
pub fn predict_start(x_t: Tensor<4>, noise: Tensor<4>, alpha_bar: f64) -> Tensor<4> {
    ((x_t - noise * (1.0 - alpha_bar).sqrt()) / alpha_bar.sqrt()).clamp(-1.0, 1.0)
}

/// The coefficients of one reverse step: x_s = `start`·x̂_0 + `direction`·ε̂ + `noise`·z.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Transition {
    /// ᾱ_t.
    pub alpha_bar: f64,
    /// √ᾱ_s.
    pub start: f64,
    /// √(1 − ᾱ_s − σ²).
    pub direction: f64,
    /// σ: 0 for DDIM; the posterior's standard deviation, Eq. 7 of Ho et al., for the ancestral sampler.
    pub noise: f64,
}

impl Transition {
    /// From time `t` to `s` < `t`: Eq. 12 of Song et al. 2021 (arXiv:2010.02502), with σ of their
    /// Eq. 16 for `eta` in [0, 1]. With η = 0 it is DDIM. With η = 1, σ² = (1 − ᾱ_s) / (1 − ᾱ_t) ·
    /// (1 − ᾱ_t / ᾱ_s) = β̃_t and the step is the posterior q(x_s | x_t, x̂_0) that DDPM samples (Eq. 6
    /// and 7 of arXiv:2006.11239).
    pub fn new(schedule: &NoiseSchedule, eta: f64, t: usize, s: usize) -> Self {
        let (alpha_bar_t, alpha_bar_s) = (schedule.alpha_bar(t), schedule.alpha_bar(s));
        let posterior =
            (1.0 - alpha_bar_s) / (1.0 - alpha_bar_t) * (1.0 - alpha_bar_t / alpha_bar_s);
        let variance = eta * eta * posterior;
        Self {
            alpha_bar: alpha_bar_t,
            start: alpha_bar_s.sqrt(),
            direction: (1.0 - alpha_bar_s - variance).max(0.0).sqrt(),
            noise: variance.sqrt(),
        }
    }

    /// x_s from x_t, the predicted noise, and fresh noise (needed where `noise` > 0).
    pub fn apply(
        self,
        x_t: Tensor<4>,
        predicted: Tensor<4>,
        fresh: Option<Tensor<4>>,
    ) -> Tensor<4> {
        let x_0 = predict_start(x_t.clone(), predicted, self.alpha_bar);
        // ε̂ that is consistent with the clipped x̂_0.
        let noise = (x_t - x_0.clone() * self.alpha_bar.sqrt()) / (1.0 - self.alpha_bar).sqrt();
        let x_s = x_0 * self.start + noise * self.direction;
        match fresh {
            Some(fresh) => x_s + fresh * self.noise,
            None => x_s,
        }
    }
}

/// One step of DDIM the other way, from x_s to x_t with t > s: x_t = `keep`·x_s + `direction`·ε̂.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Inversion {
    /// √(ᾱ_t / ᾱ_s).
    pub keep: f64,
    /// √(1 − ᾱ_t) − √(ᾱ_t / ᾱ_s) √(1 − ᾱ_s).
    pub direction: f64,
}

impl Inversion {
    /// Eq. 12 of Song et al. 2021 (arXiv:2010.02502) with η = 0, solved for x_t on the assumption that
    /// the predicted noise does not change between s and t (their Eq. 13, read backwards in time).
    pub fn new(schedule: &NoiseSchedule, s: usize, t: usize) -> Self {
        let (alpha_bar_s, alpha_bar_t) = (schedule.alpha_bar(s), schedule.alpha_bar(t));
        let keep = (alpha_bar_t / alpha_bar_s).sqrt();
        let direction = (1.0 - alpha_bar_t).sqrt() - keep * (1.0 - alpha_bar_s).sqrt();
        Self { keep, direction }
    }

    /// x_t from x_s and the noise predicted there.
    pub fn apply(self, x_s: Tensor<4>, predicted: Tensor<4>) -> Tensor<4> {
        x_s * self.keep + predicted * self.direction
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedule::BetaSchedule;
    use burn::tensor::Device;

    #[test]
    fn respaced_times_run_from_the_end_to_zero() {
        assert_eq!(respaced_times(1000, 4), [1000, 750, 500, 250, 0]);
        assert_eq!(respaced_times(10, 100), (0..=10).rev().collect::<Vec<_>>());
        assert_eq!(respaced_times(10, 1), [10, 0]);
    }

    #[test]
    fn the_ancestral_step_is_the_ddpm_posterior() {
        let schedule = NoiseSchedule::new(BetaSchedule::Linear, 1000);
        let t = 400;
        let (ab_t, ab_s) = (schedule.alpha_bar(t), schedule.alpha_bar(t - 1));
        let (alpha, beta) = (ab_t / ab_s, 1.0 - ab_t / ab_s);
        // Eq. 7: coefficients of x_0 and x_t in the posterior mean, and its variance.
        let on_start = ab_s.sqrt() * beta / (1.0 - ab_t);
        let on_x_t = alpha.sqrt() * (1.0 - ab_s) / (1.0 - ab_t);
        let variance = (1.0 - ab_s) / (1.0 - ab_t) * beta;
        let step = Transition::new(&schedule, 1.0, t, t - 1);
        // x_s = start·x_0 + direction·(x_t − √ᾱ_t x_0)/√(1 − ᾱ_t)
        let x_t_share = step.direction / (1.0 - ab_t).sqrt();
        assert!((step.noise.powi(2) - variance).abs() < 1e-12);
        assert!((x_t_share - on_x_t).abs() < 1e-9);
        assert!((step.start - x_t_share * ab_t.sqrt() - on_start).abs() < 1e-9);
    }

    #[test]
    fn an_inverted_step_undoes_a_ddim_step_of_the_same_noise() {
        let device = Device::flex();
        let full = |value: f64| Tensor::<4>::full([1, 1, 2, 2], value, &device);
        for kind in [BetaSchedule::Linear, BetaSchedule::Cosine] {
            let schedule = NoiseSchedule::new(kind, 100);
            for (s, t) in [(0, 10), (10, 40), (40, 80)] {
                let noise = full(0.3);
                let x_t = Inversion::new(&schedule, s, t).apply(full(0.3), noise.clone());
                let step = Transition::new(&schedule, 0.0, t, s);
                let back = step.apply(x_t, noise, None).into_data();
                for v in back.as_slice::<f32>().expect("f32") {
                    assert!((v - 0.3).abs() < 1e-4, "{s} to {t}: {v}");
                }
            }
        }
    }

    #[test]
    fn ddim_with_the_true_noise_returns_to_the_image_in_one_step() {
        let schedule = NoiseSchedule::new(BetaSchedule::Cosine, 100);
        let device = Device::flex();
        let x_0 = Tensor::<4>::full([1, 1, 2, 2], 0.4, &device);
        let noise = Tensor::<4>::full([1, 1, 2, 2], -1.2, &device);
        let ab = schedule.alpha_bar(60);
        let x_t = x_0.clone() * ab.sqrt() + noise.clone() * (1.0 - ab).sqrt();
        let step = Transition::new(&schedule, 0.0, 60, 0);
        let back = step.apply(x_t, noise, None).into_data();
        assert!(back.as_slice::<f32>().expect("f32").iter().all(|v| (v - 0.4).abs() < 1e-5));
    }
}
