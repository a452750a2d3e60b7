//! The clean value.

use super::Mix;

/// x_0 (section 3.2 of Ho et al. 2020, arXiv:2006.11239).
pub(super) fn mix() -> Mix {
    Mix { start: 1.0, noise: 0.0 }
}
