//! Forward diffusion: see assignment.md.

use genlab::burn::tensor::Tensor;

/// ᾱ after each step, one for each β.
pub fn alpha_bars(betas: &[f64]) -> Vec<f64> {
    todo!("the products of 1 − β")
}

/// x_t: `values` and standard normal `noise` `[B, N]`, and ᾱ of each value `[B]`, to `[B, N]`.
pub fn noised(values: Tensor<2>, noise: Tensor<2>, alpha_bar: Tensor<1>) -> Tensor<2> {
    todo!("the values with noise")
}
