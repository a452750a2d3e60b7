//! Reparameterisation.

use genlab::burn::tensor::Tensor;

pub fn reparameterise(mean: Tensor<2>, log_var: Tensor<2>, noise: Tensor<2>) -> Tensor<2> {
    mean + (log_var / 2.0).exp() * noise
}
