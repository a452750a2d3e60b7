//! The signal-to-noise ratio with an upper bound.

use crate::schedule::Moment;

/// Section 4.2 of Hang et al. 2023 (arXiv:2303.09556).
pub(super) fn default_gamma() -> f64 {
    5.0
}

/// min(SNR, γ), the weight of ‖x_0 − x̂_0‖² (section 3.4 of arXiv:2303.09556).
pub(super) fn on_start(gamma: f64, at: Moment) -> f64 {
    at.signal_to_noise().min(gamma)
}
