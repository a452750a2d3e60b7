//! The loss of an autoencoder: see assignment.md.

use genlab::burn::tensor::Tensor;

/// Σ (x̂ − x)² over the numbers of a value, mean over the batch: `[B, N]` and `[B, N]` to `[1]`.
pub fn squared_error(reconstruction: Tensor<2>, values: Tensor<2>) -> Tensor<1> {
    todo!("the squared error")
}

/// Σ −x ln p − (1 − x) ln(1 − p) over the numbers of a value, mean over the batch, with p = sigmoid(logit): `[B, N]` and
/// `[B, N]` to `[1]`.
pub fn cross_entropy(logits: Tensor<2>, values: Tensor<2>) -> Tensor<1> {
    todo!("the cross-entropy")
}
