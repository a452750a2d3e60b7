//! The velocity.

use super::Mix;

/// ε − x_0, which is d x_t / dt on the straight line α = 1 − t, σ = t (Eq. 1 of Liu et al. 2022,
/// arXiv:2209.03003, with time running from data to noise).
pub(super) fn mix() -> Mix {
    Mix { start: -1.0, noise: 1.0 }
}
