// gets ae-loss/gradient: no gradient reaches the reconstruction
use genlab::burn::tensor::{Tensor, activation::log_sigmoid};

pub fn squared_error(reconstruction: Tensor<2>, values: Tensor<2>) -> Tensor<1> {
    (reconstruction.detach() - values).square().sum_dim(1).mean()
}

pub fn cross_entropy(logits: Tensor<2>, values: Tensor<2>) -> Tensor<1> {
    (-log_sigmoid(logits.clone()) + (-values + 1.0) * logits).sum_dim(1).mean()
}
