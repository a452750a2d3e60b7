//! Euler's method.

use super::{Oracle, noise_of};
use crate::schedule::Moment;
use burn::tensor::Tensor;

/// One step for x̄ = x / α as a function of σ̄ = σ / α, whose slope is ε̂ (Eq. 14 of Song et al. 2021,
/// arXiv:2010.02502; Algorithm 1 of Karras et al. 2022, arXiv:2206.00364, without its corrector): x̄_s =
/// x̄_t + (σ̄_s − σ̄_t) ε̂.
pub(super) fn step(x_t: Tensor<4>, from: Moment, to: Moment, oracle: &mut Oracle<'_>) -> Tensor<4> {
    let start = oracle.start(x_t.clone(), from);
    let noise = noise_of(x_t, start.clone(), from);
    line(start, noise, to)
}

/// Where the straight line through x̂_0 with the slope ε̂ is at `to`: with x̄_t = x̂_0 + σ̄_t ε̂ the step above is
/// x_s = α_s x̂_0 + σ_s ε̂, also from where there is no signal and x̄ is infinite.
pub(super) fn line(start: Tensor<4>, noise: Tensor<4>, to: Moment) -> Tensor<4> {
    start * to.alpha + noise * to.sigma
}
