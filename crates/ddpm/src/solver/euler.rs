//! Euler's method.

use super::{Oracle, noise_of};
use crate::schedule::Moment;
use burn::tensor::Tensor;

/// One step for x̄ = x / α as a function of σ̄ = σ / α, whose slope is ε̂ (Eq. 14 of Song et al. 2021,
/// arXiv:2010.02502; Algorithm 1 of Karras et al. 2022, arXiv:2206.00364, without its corrector): x̄_s =
/// x̄_t + (σ̄_s − σ̄_t) ε̂.
pub(super) fn step(x_t: Tensor<4>, from: Moment, to: Moment, oracle: &mut Oracle<'_>) -> Tensor<4> {
    let start = oracle.start(x_t.clone(), from);
    let slope = noise_of(x_t.clone(), start, from);
    along(x_t, slope, from, to)
}

/// The straight line of that slope, from x_t to x_s.
pub(super) fn along(x_t: Tensor<4>, slope: Tensor<4>, from: Moment, to: Moment) -> Tensor<4> {
    let keep = to.alpha / from.alpha;
    x_t * keep + slope * (to.sigma - from.sigma * keep)
}
