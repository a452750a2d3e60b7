//! The noise.

use super::Mix;

/// ε (Eq. 14 of Ho et al. 2020, arXiv:2006.11239).
pub(super) fn mix() -> Mix {
    Mix { start: 0.0, noise: 1.0 }
}
