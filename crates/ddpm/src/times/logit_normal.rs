//! The logistic function of a normal number.

/// That of arXiv:2403.03206, section 5.1.
pub(super) fn default_sd() -> f64 {
    1.0
}

/// 1 / (1 + e^−z) of a quantile z of N(mean, sd²).
pub(super) fn quantile(z: f64) -> f64 {
    1.0 / (1.0 + (-z).exp())
}
