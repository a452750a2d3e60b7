//! The logistic function of a normal number.

use rand::{RngExt, rngs::ChaCha8Rng};
use rand_distr::StandardNormal;

/// That of arXiv:2403.03206, section 5.1.
pub(super) fn default_sd() -> f64 {
    1.0
}

/// 1 / (1 + e^−u) with u ~ N(mean, sd²).
pub(super) fn draw(mean: f64, sd: f64, rng: &mut ChaCha8Rng) -> f64 {
    let u = mean + sd * rng.sample::<f64, _>(StandardNormal);
    1.0 / (1.0 + (-u).exp())
}
