//! Times whose noise levels follow a power, and halve.

use super::karras;
use crate::schedule::Schedule;

/// `steps` times: the first of `steps + 1` of [`karras::times`].
pub(super) fn times(schedule: &Schedule, steps: usize, rho: f64, levels: [f64; 2]) -> Vec<f64> {
    let mut times = karras::times(schedule, steps + 1, rho, levels);
    times.truncate(steps);
    times
}
