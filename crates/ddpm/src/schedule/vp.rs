//! The variance-preserving diffusion in continuous time.

/// β(t) from `beta_min` to `beta_max` in a straight line.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Vp {
    pub(super) beta_min: f64,
    pub(super) beta_max: f64,
}

/// Those of Song et al. 2021 (arXiv:2011.13456, appendix C): what the T = 1000 steps of DDPM become.
pub(super) fn default_beta_min() -> f64 {
    0.1
}

pub(super) fn default_beta_max() -> f64 {
    20.0
}

impl Vp {
    /// α² = exp(−∫β) = exp(−½ t² (β_max − β_min) − t β_min) and σ² = 1 − α² (Eq. 33 of
    /// arXiv:2011.13456).
    pub(super) fn at(self, t: f64) -> (f64, f64) {
        let Self { beta_min, beta_max } = self;
        let log_signal = -0.5 * t * t * (beta_max - beta_min) - t * beta_min;
        ((0.5 * log_signal).exp(), (-log_signal.exp_m1()).sqrt())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedule::{Schedule, ScheduleConfig};

    #[test]
    fn the_thousand_steps_of_ddpm_are_it_but_for_their_length() {
        let steps = Schedule::new(ScheduleConfig::Linear { steps: 1000, zero_terminal_snr: false });
        let vp = Vp { beta_min: default_beta_min(), beta_max: default_beta_max() };
        for t in [0.1, 0.5, 0.9, 1.0] {
            let (alpha, sigma) = vp.at(t);
            let discrete = steps.at(t);
            assert!((alpha - discrete.alpha).abs() < 2e-3, "{alpha} {}", discrete.alpha);
            assert!((sigma - discrete.sigma).abs() < 2e-3, "{sigma} {}", discrete.sigma);
        }
    }
}
