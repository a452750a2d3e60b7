//! The straight line from data to noise.

/// α = 1 − t, σ = t (Eq. 1 of Liu et al. 2022, arXiv:2209.03003).
pub(super) fn at(t: f64) -> (f64, f64) {
    (1.0 - t, t)
}
