//! The evidence lower bound with a weight of its KL.

use burn::tensor::Tensor;

/// −E_q log p(x | z) + β KL(q(z | x) ‖ p(z)), `[B]` nats: Eq. 3 of Kingma & Welling 2014 (arXiv:1312.6114) for β = 1,
/// Eq. 4 of Higgins et al. 2017 (β-VAE) for others.
pub(super) fn elbo(reconstruction: Tensor<1>, kl: Tensor<1>, beta: f64) -> Tensor<1> {
    reconstruction + kl * beta
}
