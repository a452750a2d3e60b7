//! Forward diffusion.

use genlab::burn::tensor::Tensor;

pub fn alpha_bars(betas: &[f64]) -> Vec<f64> {
    let left = betas.iter().scan(1.0, |left, beta| {
        *left *= 1.0 - beta;
        Some(*left)
    });
    left.collect()
}

pub fn noised(values: Tensor<2>, noise: Tensor<2>, alpha_bar: Tensor<1>) -> Tensor<2> {
    let alpha_bar = alpha_bar.unsqueeze_dim(1);
    alpha_bar.clone().sqrt() * values + (-alpha_bar + 1.0).sqrt() * noise
}
