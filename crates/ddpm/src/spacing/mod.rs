//! Which times a sampler visits.

mod karras;
mod leading;
mod quadratic;
mod roots;
mod trailing;
mod uniform;

use crate::schedule::{Moment, Schedule};
use genlab_core::{
    Check, Fault,
    settings::{at_least, at_most, positive},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The times at which a denoiser is asked, one file each. After them comes time 0.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Spacing {
    /// Evenly from the last time to the first.
    Uniform,
    /// Evenly from the last time to where the next would be 0.
    Trailing,
    /// Evenly up from the first time, short of the last.
    Leading,
    /// Denser towards the first time: evenly in their roots.
    Quadratic,
    /// Denser where there is little noise: evenly in a root of the level of noise σ/α.
    Karras {
        /// 7 in the paper; 1 spaces σ/α evenly.
        #[serde(default = "karras::default_rho")]
        rho: f64,
        /// The least σ/α, where the schedule has as little.
        #[serde(default = "karras::default_sigma_min")]
        sigma_min: f64,
        /// The greatest, where the schedule has as much.
        #[serde(default = "karras::default_sigma_max")]
        sigma_max: f64,
    },
    /// The same roots, spaced so that the next after the last would be `sigma_min`: half as many steps go
    /// through every second of the times.
    Roots {
        /// As of karras.
        #[serde(default = "karras::default_rho")]
        rho: f64,
        /// As of karras.
        #[serde(default = "karras::default_sigma_min")]
        sigma_min: f64,
        /// As of karras.
        #[serde(default = "karras::default_sigma_max")]
        sigma_max: f64,
    },
}

impl Spacing {
    /// Whether half as many steps go through every second of the times.
    pub(crate) fn halves(self) -> bool {
        matches!(self, Self::Trailing | Self::Roots { .. })
    }
}

impl Default for Spacing {
    fn default() -> Self {
        Self::Karras {
            rho: karras::default_rho(),
            sigma_min: karras::default_sigma_min(),
            sigma_max: karras::default_sigma_max(),
        }
    }
}

impl Check for Spacing {
    fn check(&self) -> Result<(), Fault> {
        let (Self::Karras { rho, sigma_min, sigma_max }
        | Self::Roots { rho, sigma_min, sigma_max }) = self
        else {
            return Ok(());
        };
        // Beyond, all levels fall together.
        at_least("rho", *rho, 1.0)?;
        at_most("rho", *rho, 100.0)?;
        positive("sigma_min", *sigma_min)?;
        positive("sigma_max", *sigma_max)?;
        if sigma_min < sigma_max {
            return Ok(());
        }
        Err(Fault::new("sigma_min", format!("is {sigma_min}; set it below sigma_max")))
    }
}

impl Spacing {
    /// The moments that `steps` steps go through, from noise down to time 0: one more than steps. A
    /// schedule of T discrete steps allows T of them.
    pub fn moments(self, schedule: &Schedule, steps: usize) -> Vec<Moment> {
        let steps = steps.clamp(1, schedule.steps().unwrap_or(usize::MAX));
        let times = match self {
            Self::Uniform => between(schedule, uniform::shares(steps)),
            Self::Trailing => trailing::times(schedule, steps),
            Self::Leading => leading::times(schedule, steps),
            Self::Quadratic => between(schedule, quadratic::shares(steps)),
            Self::Karras { rho, sigma_min, sigma_max } => {
                karras::times(schedule, steps, rho, [sigma_min, sigma_max])
            }
            Self::Roots { rho, sigma_min, sigma_max } => {
                roots::times(schedule, steps, rho, [sigma_min, sigma_max])
            }
        };
        times.into_iter().chain([0.0]).map(|t| schedule.at(t)).collect()
    }
}

/// The times that lie those shares of the way from the first to the last, on steps where there are some. A
/// single one is the last. Where shares are denser than steps, each takes the next step that is free.
fn between(schedule: &Schedule, shares: impl Iterator<Item = f64>) -> Vec<f64> {
    let [first, last] = [schedule.first_time(), schedule.last_time()];
    let mut times: Vec<f64> = shares.map(|share| first + share * (last - first)).collect();
    if let [only] = times.as_mut_slice() {
        *only = last;
    }
    let Some(total) = schedule.steps().map(|steps| steps as f64) else { return times };
    let mut free = 1.0;
    for t in times.iter_mut().rev() {
        let step = (*t * total).round().max(free);
        free = step + 1.0;
        *t = step / total;
    }
    times
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedule::ScheduleConfig;

    const KARRAS: Spacing = Spacing::Karras { rho: 7.0, sigma_min: 0.015, sigma_max: 40.0 };
    const ROOTS: Spacing = Spacing::Roots { rho: 7.0, sigma_min: 0.015, sigma_max: 40.0 };
    const ALL: [Spacing; 6] =
        [Spacing::Uniform, Spacing::Trailing, Spacing::Leading, Spacing::Quadratic, KARRAS, ROOTS];

    fn cosine(total: usize) -> Schedule {
        Schedule::new(ScheduleConfig::Cosine { steps: total, zero_terminal_snr: false })
    }

    fn steps(spacing: Spacing, total: usize, count: usize) -> Vec<usize> {
        let moments = spacing.moments(&cosine(total), count);
        moments.iter().map(|at| (at.t * total as f64).round() as usize).collect()
    }

    #[test]
    fn steps_are_those_of_diffusers_counted_from_one() {
        // `set_timesteps(4)` of DDIMScheduler 0.31 with 1000 steps, one added, and 0 after the last.
        assert_eq!(steps(Spacing::Uniform, 1000, 4), [1000, 667, 334, 1, 0]);
        assert_eq!(steps(Spacing::Trailing, 1000, 4), [1000, 750, 500, 250, 0]);
        assert_eq!(steps(Spacing::Leading, 1000, 4), [751, 501, 251, 1, 0]);
    }

    #[test]
    fn roots_of_quadratic_times_are_evenly_spaced() {
        // 1 + (i / 4)² 999, rounded.
        assert_eq!(steps(Spacing::Quadratic, 1000, 5), [1000, 563, 251, 63, 1, 0]);
    }

    #[test]
    fn times_fall_from_at_most_the_last_to_zero_however_many_there_are() {
        for spacing in ALL {
            for (schedule, count) in [1, 2, 7, 10, 50].into_iter().flat_map(|count| {
                [cosine(10), cosine(1000), Schedule::new(ScheduleConfig::FLOW)]
                    .map(|schedule| (schedule, count))
            }) {
                let moments = spacing.moments(&schedule, count);
                let asked = count.min(schedule.steps().unwrap_or(count));
                assert_eq!(moments.len(), asked + 1, "{spacing:?}");
                assert!(moments[0].t <= schedule.last_time() + 1e-12, "{spacing:?}");
                assert_eq!(moments[asked].t, 0.0, "{spacing:?}");
                let falls = moments.windows(2).all(|pair| pair[0].t > pair[1].t);
                assert!(falls, "{spacing:?}, {count}: {moments:?}");
            }
        }
    }

    #[test]
    fn half_as_many_steps_go_through_every_second_time() {
        let flow = Schedule::new(ScheduleConfig::FLOW);
        for spacing in ALL {
            let [all, half] = [16, 8].map(|steps| spacing.moments(&flow, steps));
            let apart = half.iter().zip(all.iter().step_by(2)).map(|(a, b)| (a.t - b.t).abs());
            assert_eq!(apart.fold(0.0, f64::max) < 1e-9, spacing.halves(), "{spacing:?}");
        }
    }

    #[test]
    fn continuous_times_need_no_steps() {
        let flow = Schedule::new(ScheduleConfig::FLOW);
        let times: Vec<f64> =
            Spacing::Trailing.moments(&flow, 4).into_iter().map(|at| at.t).collect();
        assert_eq!(times, [0.999, 0.749_25, 0.4995, 0.249_75, 0.0]);
    }
}
