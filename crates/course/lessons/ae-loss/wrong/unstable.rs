// gets ae-loss/extreme_logits: a logit of 200 makes it infinite or no number
use genlab::burn::tensor::{Tensor, activation::sigmoid};

pub fn squared_error(reconstruction: Tensor<2>, values: Tensor<2>) -> Tensor<1> {
    (reconstruction - values).square().sum_dim(1).mean()
}

pub fn cross_entropy(logits: Tensor<2>, values: Tensor<2>) -> Tensor<1> {
    let p = sigmoid(logits);
    let cost = values.clone() * p.clone().log() + (-values + 1.0) * (-p + 1.0).log();
    -cost.sum_dim(1).mean()
}
