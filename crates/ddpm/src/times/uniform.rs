//! Every time alike.

use crate::schedule::Schedule;

/// The time below which a share `u` of all times lies.
pub(super) fn quantile(u: f64, schedule: &Schedule) -> f64 {
    match schedule.steps() {
        Some(_) => u,
        None => schedule.first_time() + u * (schedule.last_time() - schedule.first_time()),
    }
}
