//! Evenly spaced times that begin with the first.

use crate::schedule::Schedule;

/// `steps` times down to the first, so that sampling does not begin at the last (table 2 of Lin et al. 2024,
/// arXiv:2305.08891, which says why not to). Where the schedule has T steps they are ⌊T / steps⌋ apart.
pub(super) fn times(schedule: &Schedule, steps: usize) -> Vec<f64> {
    let first = schedule.first_time();
    let apart = match schedule.steps() {
        None => (schedule.last_time() - first) / steps as f64,
        Some(total) => (total / steps) as f64 / total as f64,
    };
    (0..steps).rev().map(|i| first + i as f64 * apart).collect()
}
