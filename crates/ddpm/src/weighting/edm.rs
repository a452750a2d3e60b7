//! The weight under which every level of noise is as hard.

use crate::schedule::Moment;

/// λ(σ) = (σ² + σ_data²) / (σ σ_data)² of ‖x_0 − x̂_0‖², with σ_data = 1 and σ / α for σ (table 1 of Karras et
/// al. 2022, arXiv:2206.00364): 1 for the error of v.
pub(super) fn on_start(at: Moment) -> f64 {
    1.0 + at.signal_to_noise()
}
