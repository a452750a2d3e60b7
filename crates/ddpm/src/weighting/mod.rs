//! How much the error at each time counts.

mod min_snr;

use crate::{schedule::Moment, target::Target};
use genlab_core::{Check, Fault, settings::positive};
use serde::{Deserialize, Serialize};

/// The weight of each time's squared error, one file each where there is more to say than 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Weighting {
    /// 1 for the target's error: L_simple (Eq. 14 of Ho et al. 2020, arXiv:2006.11239) for the noise.
    #[default]
    Simple,
    /// The signal-to-noise ratio, at most gamma, for the error of x̂_0, whatever the target.
    MinSnr {
        /// 5 in the paper.
        #[serde(default = "min_snr::default_gamma")]
        gamma: f64,
    },
}

impl Check for Weighting {
    fn check(&self) -> Result<(), Fault> {
        match self {
            Self::Simple => Ok(()),
            Self::MinSnr { gamma } => positive("gamma", *gamma),
        }
    }
}

impl Weighting {
    /// What multiplies the squared error of the target at this time.
    pub fn weight(self, target: Target, at: Moment) -> f64 {
        match self {
            Self::Simple => 1.0,
            Self::MinSnr { gamma } => min_snr::on_start(gamma, at) / target.error_of_start(at),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedule::{Schedule, ScheduleConfig};

    #[test]
    fn min_snr_is_the_papers_weight_of_noise_and_of_start() {
        let schedule = Schedule::new(ScheduleConfig::default());
        for t in [0.05, 0.5, 0.95] {
            let at = schedule.at(t);
            let snr = at.signal_to_noise();
            let weighting = Weighting::MinSnr { gamma: 5.0 };
            // Section 3.4 of arXiv:2303.09556: min(SNR, γ) for x_0 and min(SNR, γ) / SNR for ε.
            let on_start = weighting.weight(Target::Start, at);
            assert!((on_start / snr.min(5.0) - 1.0).abs() < 1e-9);
            let on_noise = weighting.weight(Target::Noise, at);
            assert!((on_noise / (snr.min(5.0) / snr) - 1.0).abs() < 1e-9);
        }
    }
}
