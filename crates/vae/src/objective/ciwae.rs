//! The mixture of both bounds: many draws give the decoder a tighter bound and the encoder a weaker signal, so some of
//! −ELBO is kept.

use super::iwae::iwae;
use burn::tensor::Tensor;

/// β (−ELBO) + (1 − β) (−IWAE_k) of each value, `[B]` nats, from log w `[k, B]`, both by the same draws: CIWAE of
/// Rainforth et al. 2018 (arXiv:1802.04537).
pub fn ciwae(log_weights: Tensor<2>, weight: f64) -> Tensor<1> {
    let elbo = log_weights.clone().mean_dim(0).squeeze_dim::<1>(0);
    elbo.neg() * weight + iwae(log_weights) * (1.0 - weight)
}
