//! Times whose noise levels follow a power.

use super::uniform;
use crate::schedule::Schedule;

/// Section 5.1 (table 1) of Karras et al. 2022 (arXiv:2206.00364).
pub(super) fn default_rho() -> f64 {
    7.0
}

/// Levels of noise σ/α at both ends. Those of arXiv:2206.00364 (table 1) reach further, to 0.004 and 160 of
/// data in standard units, beyond what a network of a discrete schedule has seen.
pub(super) fn default_sigma_min() -> f64 {
    0.015
}

pub(super) fn default_sigma_max() -> f64 {
    40.0
}

/// `steps` times: the level of time i is (max^(1/ρ) + i/(n − 1) (min^(1/ρ) − max^(1/ρ)))^ρ (Eq. 5 of
/// arXiv:2206.00364). The levels are at most those that the schedule has. A single step starts from the greatest.
pub(super) fn times(schedule: &Schedule, steps: usize, rho: f64, levels: [f64; 2]) -> Vec<f64> {
    let most = schedule.at(schedule.last_time()).ratio().min(levels[1]).powf(1.0 / rho);
    let least = schedule.at(schedule.first_time()).ratio().max(levels[0]).powf(1.0 / rho);
    let shares = if steps == 1 { vec![1.0] } else { uniform::shares(steps).collect() };
    shares
        .into_iter()
        .map(|share| schedule.time_of_ratio((least + share * (most - least)).powf(rho)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedule::ScheduleConfig;

    #[test]
    fn a_single_step_starts_from_the_greatest_level() {
        let times = times(&Schedule::new(ScheduleConfig::FLOW), 1, 7.0, [0.01, 40.0]);
        let [t] = times[..] else { panic!("one time, not {}", times.len()) };
        assert!((t / (1.0 - t) - 40.0).abs() < 1e-4, "{t}");
    }

    #[test]
    fn levels_are_those_of_the_formula() {
        let schedule = Schedule::new(ScheduleConfig::FLOW);
        let times = times(&schedule, 5, 7.0, [0.01, 40.0]);
        assert_eq!(times.len(), 5);
        // ((40^(1/7) + i/4 (0.01^(1/7) − 40^(1/7))))^7, in double precision by NumPy.
        let expected = [40.0, 10.533_307_454, 2.022_823_626, 0.232_579_038, 0.01];
        for (t, expected) in times.iter().zip(expected) {
            let found = t / (1.0 - t);
            assert!((found / expected - 1.0).abs() < 1e-6, "{found} for {expected}");
        }
    }
}
