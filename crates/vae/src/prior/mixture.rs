//! Gaussians that are learned with everything else.

use super::Components;
use burn::{
    module::{Module, Param},
    nn::Initializer,
    tensor::{Device, Tensor, activation::log_softmax},
};

/// p(z) = Σ_k π_k N(z; μ_k, diag σ_k²) with π, μ and σ as parameters: the mixture that Tomczak & Welling 2018
/// (arXiv:1705.07120) compare theirs with.
#[derive(Module, Debug)]
pub(crate) struct Mixture {
    /// `[K]`.
    logits: Param<Tensor<1>>,
    /// `[K, L]`.
    mean: Param<Tensor<2>>,
    /// `[K, L]`.
    log_var: Param<Tensor<2>>,
}

impl Mixture {
    /// Equal weights, centres drawn from N(0, I), variances of 1.
    pub(crate) fn new(components: usize, latent_dim: usize, device: &Device) -> Self {
        let shape = [components, latent_dim];
        Self {
            logits: Initializer::Zeros.init([components], device),
            mean: Initializer::Normal { mean: 0.0, std: 1.0 }.init(shape, device),
            log_var: Initializer::Zeros.init(shape, device),
        }
    }

    /// What it is at present.
    pub(crate) fn components(&self) -> Components {
        Components {
            log_weights: log_softmax(self.logits.val(), 0),
            mean: self.mean.val(),
            log_var: self.log_var.val(),
        }
    }
}
