//! The terms of the evidence lower bound.

use burn::tensor::Tensor;

/// z = μ + σ ⊙ ε (Eq. 10 and section 2.4 of Kingma & Welling 2014, arXiv:1312.6114), all `[B, L]`.
pub fn reparameterise(mean: Tensor<2>, log_var: Tensor<2>, noise: Tensor<2>) -> Tensor<2> {
    mean + (log_var * 0.5).exp() * noise
}

/// KL(N(μ, σ²) ‖ N(0, 1)) of each dimension, `[B, L]` nats (appendix B of arXiv:1312.6114):
/// ½ (μ² + σ² − 1 − log σ²).
pub fn gaussian_kl_per_dimension(mean: Tensor<2>, log_var: Tensor<2>) -> Tensor<2> {
    (mean.square() + log_var.clone().exp() - 1.0 - log_var) * 0.5
}

/// The same, summed over dimensions: `[B]` nats per image.
pub fn gaussian_kl(mean: Tensor<2>, log_var: Tensor<2>) -> Tensor<1> {
    gaussian_kl_per_dimension(mean, log_var).sum_dim(1).squeeze_dim::<1>(1)
}

/// ln p(z) − ln q(z | x) of z = μ + σ ⊙ ε under the standard normal prior and the posterior
/// N(μ, σ²), `[B]` nats: ½ Σ (ε² + log σ² − z²). The (2π)^(−L/2) of both cancels.
pub fn prior_over_posterior(code: Tensor<2>, log_var: Tensor<2>, noise: Tensor<2>) -> Tensor<1> {
    ((noise.square() + log_var - code.square()) * 0.5).sum_dim(1).squeeze_dim::<1>(1)
}

/// −ln q(z | x) of z = μ + σ ⊙ ε under N(μ, σ²), `[B]` nats: ½ Σ (ε² + log σ² + ln 2π).
pub(crate) fn negative_log_posterior(log_var: Tensor<2>, noise: Tensor<2>) -> Tensor<1> {
    let terms = noise.square() + log_var + std::f64::consts::TAU.ln();
    (terms * 0.5).sum_dim(1).squeeze_dim::<1>(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;

    fn kl(mean: f32, variance: f32) -> f32 {
        let device = Device::flex();
        let kl = gaussian_kl(
            Tensor::from_floats([[mean]], &device),
            Tensor::from_floats([[variance.ln()]], &device),
        );
        kl.into_data().as_slice::<f32>().expect("f32")[0]
    }

    #[test]
    fn kl_of_the_standard_normal_is_zero() {
        assert_eq!(kl(0.0, 1.0), 0.0);
    }

    #[test]
    fn kl_matches_the_closed_form() {
        // KL(N(1, 4) || N(0, 1)) = ½ (1 + 4 − 1 − ln 4)
        assert!((kl(1.0, 4.0) - 0.5 * (4.0 - 4.0_f32.ln())).abs() < 1e-6);
    }

    #[test]
    fn reparameterised_noise_is_shifted_and_scaled() {
        let device = Device::flex();
        let z = reparameterise(
            Tensor::from_floats([[3.0]], &device),
            Tensor::from_floats([[4.0_f32.ln()]], &device),
            Tensor::from_floats([[-0.5]], &device),
        );
        assert!((z.into_data().as_slice::<f32>().expect("f32")[0] - 2.0).abs() < 1e-6);
    }

    #[test]
    fn the_ratio_of_prior_to_posterior_is_that_of_two_normal_densities() {
        let device = Device::flex();
        let (mean, sigma, noise) = (3.0_f32, 2.0_f32, -0.5_f32);
        let code = mean + sigma * noise;
        let log_normal = |x: f32, m: f32, s: f32| -0.5 * ((x - m) / s).powi(2) - s.ln();
        let ratio = prior_over_posterior(
            Tensor::from_floats([[code]], &device),
            Tensor::from_floats([[2.0 * sigma.ln()]], &device),
            Tensor::from_floats([[noise]], &device),
        );
        let expected = log_normal(code, 0.0, 1.0) - log_normal(code, mean, sigma);
        assert!((ratio.into_data().as_slice::<f32>().expect("f32")[0] - expected).abs() < 1e-6);
    }
}
