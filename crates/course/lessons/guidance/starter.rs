//! Guidance without a classifier: see assignment.md.

use genlab::burn::tensor::{Int, Tensor};

/// The noise that is taken away: that seen without a class and with it, `[B, N]` each, to `[B, N]`. A `weight` of 1 is
/// the model that is told the class.
pub fn guided(without: Tensor<2>, with: Tensor<2>, weight: f64) -> Tensor<2> {
    todo!("the guided noise")
}

/// What a model is told of each value in training: its label, or `nothing` with probability `share`. `labels` and
/// `uniform`, drawn from [0, 1), are `[B]`.
pub fn told(labels: Tensor<1, Int>, uniform: Tensor<1>, share: f64, nothing: i64) -> Tensor<1, Int> {
    todo!("the labels, some of them replaced")
}
