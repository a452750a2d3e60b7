//! log p(x) itself, not a bound on it.

use crate::condition::Condition;
use burn::tensor::Tensor;

/// Gives the log-likelihood that a model assigns to values.
pub trait Likelihood {
    /// How, for labels: "probability-flow ODE, 100 steps".
    fn method(&self) -> String;

    /// ln p(x), or ln p(x | condition), of values `[B, C, H, W]` of the dataset's space: `[B]` nats per
    /// value, a density in the units of the data.
    fn log_likelihood(&self, values: Tensor<4>, condition: &Condition) -> Tensor<1>;
}
