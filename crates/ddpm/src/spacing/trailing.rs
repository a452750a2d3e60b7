//! Evenly spaced times that end where the next would be 0.

use crate::schedule::Schedule;

/// `steps` times from the last down, without time 0 (table 2 of Lin et al. 2024, arXiv:2305.08891). Where
/// the schedule has T steps they are as evenly spaced as its steps allow, and at most T.
pub(super) fn times(schedule: &Schedule, steps: usize) -> Vec<f64> {
    match schedule.steps() {
        None => {
            let time = |i: usize| schedule.last_time() * i as f64 / steps as f64;
            (1..=steps).rev().map(time).collect()
        }
        Some(total) => {
            let step = |i: usize| (i * total + steps / 2) / steps;
            (1..=steps).rev().map(|i| step(i) as f64 / total as f64).collect()
        }
    }
}
