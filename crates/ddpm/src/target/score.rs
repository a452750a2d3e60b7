//! The score.

use super::Mix;
use crate::schedule::Moment;

/// ∇ log q(x_t | x_0) = −(x_t − α x_0) / σ² = −ε / σ (section 3.3 of Song et al. 2021,
/// arXiv:2011.13456).
pub(super) fn mix(at: Moment) -> Mix {
    Mix { start: 0.0, noise: -1.0 / at.sigma }
}
