//! Evenly spaced times, with both ends.

/// `steps` numbers from 1 down to 0 (`linspace` of diffusers).
pub(super) fn shares(steps: usize) -> impl Iterator<Item = f64> {
    (0..steps).rev().map(move |i| i as f64 / (steps - 1).max(1) as f64)
}
