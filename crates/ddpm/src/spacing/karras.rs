//! Times whose noise levels follow a power.

use crate::schedule::{Moment, Schedule};

/// Section 5.1 (table 1) of Karras et al. 2022 (arXiv:2206.00364).
pub(super) fn default_rho() -> f64 {
    7.0
}

/// Noise levels σ/α at both ends: those of arXiv:2206.00364 (table 1) lie beyond what a network of a
/// discrete schedule has seen, so these are narrower.
const MOST: f64 = 40.0;
const LEAST: f64 = 0.01;

/// `steps + 1` times: the level of time i is (max^(1/ρ) + i/(n − 1) (min^(1/ρ) − max^(1/ρ)))^ρ, and the
/// last is 0 (Eq. 5 of arXiv:2206.00364). The levels are at most those that the schedule has.
pub(super) fn times(schedule: &Schedule, steps: usize, rho: f64) -> Vec<f64> {
    let level = |t: f64| {
        let Moment { alpha, sigma, .. } = schedule.at(t);
        sigma / alpha
    };
    let most = level(schedule.last_time()).min(MOST).powf(1.0 / rho);
    let least = level(schedule.first_time()).max(LEAST).powf(1.0 / rho);
    let along = |i: usize| i as f64 / (steps - 1).max(1) as f64;
    let times =
        (0..steps).map(|i| schedule.time_of_ratio((most + along(i) * (least - most)).powf(rho)));
    times.chain([0.0]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedule::ScheduleConfig;

    #[test]
    fn levels_are_those_of_the_formula() {
        let schedule = Schedule::new(ScheduleConfig::Flow);
        let times = times(&schedule, 5, 7.0);
        assert_eq!((times.len(), times[5]), (6, 0.0));
        // ((40^(1/7) + i/4 (0.01^(1/7) − 40^(1/7))))^7, in double precision by NumPy.
        let expected = [40.0, 10.533_307_454, 2.022_823_626, 0.232_579_038, 0.01];
        for (t, expected) in times.iter().zip(expected) {
            let found = t / (1.0 - t);
            assert!((found / expected - 1.0).abs() < 1e-6, "{found} for {expected}");
        }
    }
}
