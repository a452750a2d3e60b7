//! A metric: see assignment.md.

/// The share of real points whose ball, out to the `k`-th nearest other real point, holds a sample.
pub fn coverage(real: &[Vec<f64>], samples: &[Vec<f64>], k: usize) -> f64 {
    todo!("the share of balls that hold a sample")
}
