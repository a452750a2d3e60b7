//! The forward process and the training objective.

use burn::tensor::Tensor;
use genlab_core::loss::squared_error;

/// x_t = √ᾱ_t x_0 + √(1 − ᾱ_t) ε (Eq. 4 of Ho et al. 2020, arXiv:2006.11239). `x_0` and `noise`
/// `[B, C, H, W]`, `alpha_bar` `[B]`, one ᾱ_t per image.
pub fn diffuse(x_0: Tensor<4>, noise: Tensor<4>, alpha_bar: Tensor<1>) -> Tensor<4> {
    let alpha_bar = alpha_bar.reshape([-1, 1, 1, 1]);
    let sigma = (alpha_bar.clone().neg() + 1.0).sqrt();
    alpha_bar.sqrt() * x_0 + sigma * noise
}

/// L_simple = ‖ε − ε_θ(x_t, t)‖² (Eq. 14 of arXiv:2006.11239), summed over pixels: `[B]`.
pub fn simple_loss(noise: Tensor<4>, predicted: Tensor<4>) -> Tensor<1> {
    squared_error(noise, predicted)
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;

    #[test]
    fn diffusion_mixes_by_the_roots() {
        let device = Device::flex();
        let x_t = diffuse(
            Tensor::full([1, 1, 1, 1], 2.0, &device),
            Tensor::full([1, 1, 1, 1], -1.0, &device),
            Tensor::from_floats([0.36], &device),
        );
        let value = x_t.into_data().as_slice::<f32>().expect("f32")[0];
        assert!((value - (0.6 * 2.0 - 0.8)).abs() < 1e-6);
    }
}
