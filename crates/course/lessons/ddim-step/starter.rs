//! A step of DDIM: see assignment.md.

use genlab::burn::tensor::Tensor;

/// Where a step goes, and how much of its noise is fresh.
#[derive(Clone, Copy, Debug)]
pub struct Level {
    /// ᾱ_t, above 0.
    pub from: f64,
    /// ᾱ_s, above ᾱ_t, at most 1.
    pub to: f64,
    /// η, from 0 to 1.
    pub eta: f64,
}

/// x_s: x_t, the noise that the network sees in it, and fresh noise, all `[B, N]`, to `[B, N]`.
pub fn ddim_step(x_t: Tensor<2>, predicted: Tensor<2>, fresh: Tensor<2>, level: Level) -> Tensor<2> {
    todo!("the step")
}
