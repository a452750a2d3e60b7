//! Levels of noise whose logarithms are normal.

use crate::schedule::Schedule;

/// Close to the ln σ ~ N(−1.2, 1.2²) of Karras et al. 2022 (arXiv:2206.00364, table 1), whose data has
/// standard deviation 0.5: in standard units its mean is −0.5.
pub(super) fn default_mean() -> f64 {
    -0.4
}

pub(super) fn default_sd() -> f64 {
    1.3
}

/// The time at which ln(σ / α) is a quantile `z` of N(mean, sd²).
pub(super) fn quantile(z: f64, schedule: &Schedule) -> f64 {
    schedule.time_of_ratio(z.exp())
}
