//! How training draws its times.

mod log_normal;
mod logit_normal;
mod uniform;

use crate::schedule::Schedule;
use genlab_core::{
    Check, Fault, Noise,
    settings::{finite, positive},
};
use rand::RngExt;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use statrs::distribution::{ContinuousCDF, Normal};
use std::ops::Range;

/// The distribution of training times, one file each.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Times {
    /// All alike (Algorithm 1 of Ho et al. 2020, arXiv:2006.11239).
    Uniform,
    /// ln(t / (1 − t)) is normal: fewer times at both ends (section 3.1 of Esser et al. 2024,
    /// arXiv:2403.03206).
    LogitNormal {
        /// Mean.
        #[serde(default)]
        mean: f64,
        /// Standard deviation.
        #[serde(default = "logit_normal::default_sd")]
        sd: f64,
    },
    /// ln(σ / α) is normal: most times where there is something to learn (section 5 of Karras et al.
    /// 2022, arXiv:2206.00364).
    LogNormal {
        /// Mean.
        #[serde(default = "log_normal::default_mean")]
        mean: f64,
        /// Standard deviation.
        #[serde(default = "log_normal::default_sd")]
        sd: f64,
    },
}

impl Default for Times {
    fn default() -> Self {
        Self::LogNormal { mean: log_normal::default_mean(), sd: log_normal::default_sd() }
    }
}

impl Times {
    /// The default on points and series.
    pub(crate) fn on_points() -> Self {
        Self::LogNormal { mean: log_normal::MEAN_ON_POINTS, sd: log_normal::default_sd() }
    }
}

impl Check for Times {
    fn check(&self) -> Result<(), Fault> {
        match self {
            Self::Uniform => Ok(()),
            Self::LogitNormal { mean, sd } | Self::LogNormal { mean, sd } => {
                finite("mean", *mean)?;
                positive("sd", *sd)
            }
        }
    }
}

/// The fractional part of the golden ratio: multiples of no number lie more evenly in [0, 1).
pub(crate) const GOLDEN: f64 = 0.618_033_988_749_894_9;

impl Times {
    /// A time in (0, 1] for each of the rows; that of a step, where the schedule has steps. Rows that
    /// follow each other have times that are spread over all that there are, which makes the loss of a
    /// batch less noisy (appendix I.1 of Kingma et al. 2021, arXiv:2107.00630): row i's is the quantile
    /// of the fractional part of u + i φ, with one u drawn for all rows and φ the golden ratio.
    pub fn draw(self, schedule: &Schedule, noise: Noise, rows: Range<u64>) -> Vec<f64> {
        shares(noise, rows).into_iter().map(|share| self.at(share, schedule)).collect()
    }

    /// The time that a share in [0, 1) of all lie below, in (0, 1]; that of a step, where the schedule has steps.
    pub(crate) fn at(self, share: f64, schedule: &Schedule) -> f64 {
        on_a_step(self.quantile(share, schedule), schedule)
    }

    /// The time below which a share `u` in [0, 1) of all times lies.
    fn quantile(self, u: f64, schedule: &Schedule) -> f64 {
        match self {
            Self::Uniform => uniform::quantile(u, schedule),
            Self::LogitNormal { mean, sd } => logit_normal::quantile(mean + sd * normal(u)),
            Self::LogNormal { mean, sd } => log_normal::quantile(mean + sd * normal(u), schedule),
        }
    }
}

/// A number in [0, 1) for each of the rows, spread evenly over rows that follow each other.
pub(crate) fn shares(noise: Noise, rows: Range<u64>) -> Vec<f64> {
    let shift: f64 = noise.row("ddpm/time", 0, 0).random();
    rows.map(|row| (shift + row as f64 * GOLDEN).fract()).collect()
}

/// The quantile of the standard normal distribution.
fn normal(u: f64) -> f64 {
    Normal::standard().inverse_cdf(u)
}

/// The end of the step that `t` lies in, where there are steps; a time that networks are trained on.
fn on_a_step(t: f64, schedule: &Schedule) -> f64 {
    let t = t.clamp(schedule.first_time(), schedule.last_time());
    schedule.steps().map_or(t, |steps| (t * steps as f64).ceil().min(steps as f64) / steps as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedule::ScheduleConfig;
    use genlab_core::{Phase, Seed};

    fn drawn(times: Times, config: ScheduleConfig) -> Vec<f64> {
        times.draw(&Schedule::new(config), Seed(1).during(Phase::Train), 0..4000)
    }

    #[test]
    fn times_lie_on_steps_where_there_are_steps_and_never_at_zero() {
        for times in [
            Times::Uniform,
            Times::LogitNormal { mean: 0.0, sd: 1.0 },
            Times::LogNormal { mean: 0.0, sd: 1.0 },
        ] {
            for t in drawn(times, ScheduleConfig::Linear { steps: 10, zero_terminal_snr: false }) {
                assert!((t * 10.0 - (t * 10.0).round()).abs() < 1e-9 && t > 0.05 && t <= 1.0);
            }
            for t in drawn(times, ScheduleConfig::FLOW) {
                assert!((1e-3..=1.0).contains(&t), "{t}");
            }
        }
    }

    #[test]
    fn the_median_of_a_logit_normal_is_the_logistic_of_its_mean() {
        let mut times = drawn(Times::LogitNormal { mean: 0.8, sd: 1.0 }, ScheduleConfig::FLOW);
        times.sort_by(f64::total_cmp);
        assert!((times[2000] - 1.0 / (1.0 + (-0.8_f64).exp())).abs() < 0.02, "{}", times[2000]);
    }

    #[test]
    fn levels_of_noise_have_the_moments_that_were_asked_for() {
        let (times, config) = (Times::LogNormal { mean: -0.4, sd: 1.3 }, ScheduleConfig::FLOW);
        let schedule = Schedule::new(config);
        let logs: Vec<f64> =
            drawn(times, config).into_iter().map(|t| schedule.at(t).ratio().ln()).collect();
        let mean = logs.iter().sum::<f64>() / 4000.0;
        let variance = logs.iter().map(|l| (l - mean).powi(2)).sum::<f64>() / 4000.0;
        assert!((mean + 0.4).abs() < 0.01, "{mean}");
        assert!((variance.sqrt() - 1.3).abs() < 0.01, "{}", variance.sqrt());
    }

    #[test]
    fn any_batch_has_times_of_every_part_and_a_row_has_its_own_however_rows_are_cut() {
        let schedule = Schedule::new(ScheduleConfig::FLOW);
        let noise = Seed(1).during(Phase::Train);
        let batch = Times::Uniform.draw(&schedule, noise, 32..64);
        for part in 0..8 {
            let part = f64::from(part) / 8.0..f64::from(part + 1) / 8.0;
            assert!(batch.iter().filter(|t| part.contains(t)).count() >= 2, "{part:?}: {batch:?}");
        }
        assert_eq!(Times::Uniform.draw(&schedule, noise, 40..45), batch[8..13]);
    }

    #[test]
    fn every_step_is_drawn_as_often() {
        let mut counts = [0; 10];
        for t in
            drawn(Times::Uniform, ScheduleConfig::Cosine { steps: 10, zero_terminal_snr: false })
        {
            counts[(t * 10.0).round() as usize - 1] += 1;
        }
        assert!(counts.iter().all(|n| (395..=405).contains(n)), "{counts:?}");
    }
}
