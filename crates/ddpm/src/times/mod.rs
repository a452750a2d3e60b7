//! How training draws its times.

mod logit_normal;
mod uniform;

use crate::schedule::Schedule;
use genlab_core::{
    Check, Fault,
    settings::{finite, positive},
};
use rand::rngs::ChaCha8Rng;
use serde::{Deserialize, Serialize};

/// The distribution of training times, one file each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Times {
    /// All alike (Algorithm 1 of Ho et al. 2020, arXiv:2006.11239).
    #[default]
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
}

impl Check for Times {
    fn check(&self) -> Result<(), Fault> {
        match self {
            Self::Uniform => Ok(()),
            Self::LogitNormal { mean, sd } => {
                finite("mean", *mean)?;
                positive("sd", *sd)
            }
        }
    }
}

impl Times {
    /// A time in (0, 1]; that of a step, where the schedule has steps.
    pub fn draw(self, schedule: &Schedule, rng: &mut ChaCha8Rng) -> f64 {
        match self {
            Self::Uniform => uniform::draw(schedule, rng),
            Self::LogitNormal { mean, sd } => {
                on_a_step(logit_normal::draw(mean, sd, rng), schedule)
            }
        }
    }
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
        let schedule = Schedule::new(config);
        let noise = Seed(1).during(Phase::Train);
        (0..4000).map(|row| times.draw(&schedule, &mut noise.row("test/times", 0, row))).collect()
    }

    #[test]
    fn times_lie_on_steps_where_there_are_steps_and_never_at_zero() {
        for times in [Times::Uniform, Times::LogitNormal { mean: 0.0, sd: 1.0 }] {
            for t in drawn(times, ScheduleConfig::Linear { steps: 10 }) {
                assert!((t * 10.0 - (t * 10.0).round()).abs() < 1e-9 && t > 0.05 && t <= 1.0);
            }
            for t in drawn(times, ScheduleConfig::Flow) {
                assert!((1e-3..=1.0).contains(&t), "{t}");
            }
        }
    }

    #[test]
    fn the_median_of_a_logit_normal_is_the_logistic_of_its_mean() {
        let mut times = drawn(Times::LogitNormal { mean: 0.8, sd: 1.0 }, ScheduleConfig::Flow);
        times.sort_by(f64::total_cmp);
        assert!((times[2000] - 1.0 / (1.0 + (-0.8_f64).exp())).abs() < 0.02, "{}", times[2000]);
    }
}
