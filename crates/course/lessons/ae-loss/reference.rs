//! The loss of an autoencoder.

use genlab::burn::tensor::{Tensor, activation::log_sigmoid};

pub fn squared_error(reconstruction: Tensor<2>, values: Tensor<2>) -> Tensor<1> {
    (reconstruction - values).square().sum_dim(1).mean()
}

pub fn cross_entropy(logits: Tensor<2>, values: Tensor<2>) -> Tensor<1> {
    // ln(1 − p) = ln p(−l) = ln p(l) − l, so that the sum is −ln p(l) + (1 − x) l.
    let cost = -log_sigmoid(logits.clone()) + (-values + 1.0) * logits;
    cost.sum_dim(1).mean()
}
