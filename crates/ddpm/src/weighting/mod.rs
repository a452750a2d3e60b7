//! How much the error at each time counts.

mod edm;
mod elbo;
mod min_snr;

use crate::{
    schedule::{Moment, Schedule},
    target::Target,
};
use genlab_core::{Check, Fault, settings::positive};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The weight of each time's squared error, one file each where there is more to say than 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
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
    /// That of Karras et al. 2022 (arXiv:2206.00364) for the error of x̂_0, whatever the target.
    Edm,
    /// That of the variational bound, whatever the target; with uniform times the loss is the bound's part in
    /// nats (Kingma et al. 2021, arXiv:2107.00630).
    Elbo,
}

impl Check for Weighting {
    fn check(&self) -> Result<(), Fault> {
        match self {
            Self::Simple | Self::Edm | Self::Elbo => Ok(()),
            Self::MinSnr { gamma } => positive("gamma", *gamma),
        }
    }
}

impl Weighting {
    /// What multiplies the squared error of the target at this time of the schedule.
    pub fn weight(self, target: Target, schedule: &Schedule, at: Moment) -> f64 {
        let on_start = match self {
            Self::Simple => return 1.0,
            Self::MinSnr { gamma } => min_snr::on_start(gamma, at),
            Self::Edm => edm::on_start(at),
            Self::Elbo => elbo::on_start(schedule, at.t),
        };
        on_start / target.error_of_start(at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedule::ScheduleConfig;

    #[test]
    fn min_snr_is_the_papers_weight_of_noise_and_of_start() {
        let schedule = Schedule::new(ScheduleConfig::default());
        for t in [0.05, 0.5, 0.95] {
            let at = schedule.at(t);
            let snr = at.signal_to_noise();
            let weighting = Weighting::MinSnr { gamma: 5.0 };
            // Section 3.4 of arXiv:2303.09556: min(SNR, γ) for x_0 and min(SNR, γ) / SNR for ε.
            let on_start = weighting.weight(Target::Start, &schedule, at);
            assert!((on_start / snr.min(5.0) - 1.0).abs() < 1e-9);
            let on_noise = weighting.weight(Target::Noise, &schedule, at);
            assert!((on_noise / (snr.min(5.0) / snr) - 1.0).abs() < 1e-9);
        }
    }

    #[test]
    fn edms_weight_leaves_the_error_of_v_as_it_is() {
        for config in [ScheduleConfig::default(), ScheduleConfig::FLOW] {
            let schedule = Schedule::new(config);
            for t in [0.05, 0.5, 0.95] {
                let weight = Weighting::Edm.weight(Target::V, &schedule, schedule.at(t));
                assert!((weight - 1.0).abs() < 1e-9, "{config:?} at {t}: {weight}");
            }
        }
    }

    #[test]
    fn the_bounds_weight_of_the_noise_is_that_of_ddpm() {
        let linear = ScheduleConfig::Linear { steps: 1000, zero_terminal_snr: false };
        let schedule = Schedule::new(linear);
        for step in [2, 100, 700, 1000] {
            let at = schedule.at(f64::from(step) / 1000.0);
            let before = schedule.at(f64::from(step - 1) / 1000.0);
            let beta = 1.0 - (at.alpha / before.alpha).powi(2);
            // Eq. 12 of arXiv:2006.11239 with the variance β̃ of its Eq. 7, times T for a mean over times.
            let small = before.sigma.powi(2) / at.sigma.powi(2) * beta;
            let expected = beta.powi(2) / (2.0 * small * (1.0 - beta) * at.sigma.powi(2));
            let found = Weighting::Elbo.weight(Target::Noise, &schedule, at) / 1000.0;
            assert!((found / expected - 1.0).abs() < 1e-9, "{step}: {found}, {expected}");
        }
    }

    #[test]
    fn in_continuous_time_the_bounds_weight_is_the_slope_of_the_ratio() {
        // SNR = ((1 − t) / t)², whose slope is −2 (1 − t) / t³.
        let schedule = Schedule::new(ScheduleConfig::FLOW);
        for t in [0.1_f64, 0.5, 0.9] {
            let found = Weighting::Elbo.weight(Target::Start, &schedule, schedule.at(t));
            let expected = (1.0 - t) / t.powi(3);
            assert!((found / expected - 1.0).abs() < 1e-3, "{t}: {found}, {expected}");
        }
    }
}
