//! Bounds on log p(x).

use crate::{condition::Condition, noise::Noise};
use burn::tensor::Tensor;
use std::ops::Range;

/// How a likelihood reads values, which decides what a bound is comparable with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Observation {
    /// Bernoulli pixels: a likelihood on binarised images; on grey images a cross-entropy.
    Bernoulli,
    /// A density of real numbers.
    Gaussian,
    /// A probability of each of the 256 levels of grey.
    Levels,
}

/// One named, non-negative-by-convention term of −log p's bound: `[B]`, nats per value.
#[derive(Clone, Debug)]
pub struct Term {
    /// `reconstruction`, `kl`, ...
    pub name: &'static str,
    /// `[B]` nats per value.
    pub nats: Tensor<1>,
}

/// A bound on log p(x), or on log p(x | condition).
pub trait Density {
    /// How values are read.
    fn observation(&self) -> Observation;

    /// Whether the prior of its codes is N(0, I), to which the KL of a Gaussian posterior has a closed form,
    /// dimension by dimension.
    fn has_standard_prior(&self) -> bool {
        true
    }

    /// The terms whose sum is −ELBO for each value `[B, C, H, W]`. Value i uses row `first + i` of
    /// `noise`.
    fn negative_elbo(
        &self,
        values: Tensor<4>,
        condition: &Condition,
        noise: Noise,
        first: u64,
    ) -> Vec<Term>;

    /// ln p(x | z) + ln p(z) − ln q(z | x) for the draws of the given numbers, `[B, draws]` nats, where
    /// the bound comes from a posterior that can be drawn from. Draw k of value i uses noise row
    /// `first + i` at step k. Draws are decoded one after the other, so memory grows with their
    /// number by B floats each.
    fn log_weights(
        &self,
        _values: Tensor<4>,
        _condition: &Condition,
        _noise: Noise,
        _first: u64,
        _draws: Range<u64>,
    ) -> Option<Tensor<2>> {
        None
    }
}
