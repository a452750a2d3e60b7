//! Reparameterisation: see assignment.md.

use genlab::burn::tensor::Tensor;

/// A code for each value: μ, ln σ² and standard normal noise, all `[B, L]`, to `[B, L]`.
pub fn reparameterise(mean: Tensor<2>, log_var: Tensor<2>, noise: Tensor<2>) -> Tensor<2> {
    todo!("the code")
}
