//! Guidance without a classifier.

use genlab::burn::tensor::{Int, Tensor};

pub fn guided(without: Tensor<2>, with: Tensor<2>, weight: f64) -> Tensor<2> {
    without.clone() + (with - without) * weight
}

pub fn told(labels: Tensor<1, Int>, uniform: Tensor<1>, share: f64, nothing: i64) -> Tensor<1, Int> {
    labels.mask_fill(uniform.lower_elem(share), nothing)
}
