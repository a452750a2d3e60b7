//! Every time alike.

use crate::schedule::Schedule;
use rand::{RngExt, rngs::ChaCha8Rng};

/// One of the steps 1..=T, or a time between the first and 1.
pub(super) fn draw(schedule: &Schedule, rng: &mut ChaCha8Rng) -> f64 {
    match schedule.steps() {
        Some(steps) => rng.random_range(1..=steps as u64) as f64 / steps as f64,
        None => rng.random_range(schedule.first_time()..=schedule.last_time()),
    }
}
