//! What can be set of an autoencoder.

use crate::model::Ae;
use genlab_core::{
    EmaConfig, InitContext, Optimized, OptimizerConfig, Train,
    loss::PixelLoss,
    nn::{BackboneConfig, init_module},
};
use serde::{Deserialize, Serialize};

/// An autoencoder.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AeConfig {
    /// Size of the code.
    pub latent: usize,
    /// What is minimised.
    pub loss: PixelLoss,
    /// Encoder and decoder.
    pub backbone: BackboneConfig,
    /// How it is trained.
    pub optimizer: OptimizerConfig,
}

impl Default for AeConfig {
    fn default() -> Self {
        Self {
            latent: 16,
            loss: PixelLoss::Mse,
            backbone: BackboneConfig { hidden: vec![512], ..BackboneConfig::default() },
            optimizer: OptimizerConfig::default(),
        }
    }
}

impl AeConfig {
    /// A freshly initialised model.
    pub fn init(&self, context: &InitContext) -> Box<dyn Train> {
        let net = init_module(context.seed, "ae/net", &context.device, |device| {
            crate::net::AeNet::new(self, context.shape, device)
        });
        let net = Optimized::new(net, self.optimizer, EmaConfig::off());
        Box::new(Ae { net, loss: self.loss, latent: self.latent })
    }
}
