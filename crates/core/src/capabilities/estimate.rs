//! log p(x) up to chance: exact on average over random probes.

use crate::{condition::Condition, noise::Noise};
use burn::tensor::Tensor;

/// Estimates the log-likelihood that a model assigns to values too large to compute it exactly.
pub trait EstimateLikelihood {
    /// How, for labels: "probability-flow ODE, 100 steps, 1 Rademacher probe".
    fn method(&self, probes: usize) -> String;

    /// An estimate of ln p(x), or ln p(x | condition), by so many random probes of each value: `[B]` nats per value, a
    /// density in the units of the data. Values are `[B, C, H, W]`, and may leave the range of the
    /// space by what spreads their levels; value i has the probes of row `first + i` of `noise`, whatever its batch.
    fn log_likelihood(
        &self,
        values: Tensor<4>,
        condition: &Condition,
        probes: usize,
        noise: Noise,
        first: u64,
    ) -> Tensor<1>;
}
