//! What can be set of a VAE.

use crate::model::Vae;
use genlab_core::{
    EmaConfig, InitContext, Optimized, OptimizerConfig, Train,
    nn::{BackboneConfig, init_module},
};
use serde::{Deserialize, Serialize};

/// How the decoder's output is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Likelihood {
    /// Independent Bernoulli pixels; on grey images a cross-entropy.
    Bernoulli,
    /// Independent Gaussian pixels with standard deviation `sigma`.
    Gaussian,
}

/// A variational autoencoder.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct VaeConfig {
    /// Size of the code.
    pub latent: usize,
    /// How pixels are read.
    pub likelihood: Likelihood,
    /// Standard deviation of a Gaussian pixel; unused for Bernoulli.
    pub sigma: f64,
    /// Weight of the KL in training. Reported bounds always use 1.
    pub beta: f64,
    /// Share of the budget over which the KL's weight rises linearly from zero to `beta`.
    pub kl_warmup: f64,
    /// Encoder and decoder.
    pub backbone: BackboneConfig,
    /// How it is trained.
    pub optimizer: OptimizerConfig,
}

impl Default for VaeConfig {
    fn default() -> Self {
        Self {
            latent: 20,
            likelihood: Likelihood::Bernoulli,
            sigma: 0.1,
            beta: 1.0,
            kl_warmup: 0.0,
            backbone: BackboneConfig::default(),
            optimizer: OptimizerConfig::default(),
        }
    }
}

impl VaeConfig {
    /// A freshly initialised model.
    pub fn init(&self, context: &InitContext) -> Box<dyn Train> {
        let net = init_module(context.seed, "vae/net", &context.device, |device| {
            crate::net::VaeNet::new(self, context.shape, device)
        });
        let net = Optimized::new(net, self.optimizer, EmaConfig::off());
        Box::new(Vae { net, config: self.clone() })
    }
}
