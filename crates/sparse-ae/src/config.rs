//! What can be set of a sparse autoencoder.

use crate::model::SparseAe;
use genlab_core::{
    EmaConfig, InitContext, Optimized, OptimizerConfig, Train,
    loss::PixelLoss,
    nn::{BackboneConfig, init_module},
};
use serde::{Deserialize, Serialize};

/// A sparse autoencoder.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SparseAeConfig {
    /// Size of the code; more than the image has pixels makes it overcomplete.
    pub latent: usize,
    /// What is minimised besides the penalty.
    pub loss: PixelLoss,
    /// Weight λ of the L1 penalty, in units of the loss per unit of activation.
    pub l1: f64,
    /// Encoder and decoder around the code; no hidden layers by default, so that each unit of the
    /// code has one image-sized feature.
    pub backbone: BackboneConfig,
    /// How it is trained.
    pub optimizer: OptimizerConfig,
}

impl Default for SparseAeConfig {
    fn default() -> Self {
        Self {
            latent: 1024,
            loss: PixelLoss::Mse,
            l1: 0.1,
            backbone: BackboneConfig { hidden: Vec::new(), ..BackboneConfig::default() },
            optimizer: OptimizerConfig::default(),
        }
    }
}

impl SparseAeConfig {
    /// A freshly initialised model.
    pub fn init(&self, context: &InitContext) -> Box<dyn Train> {
        let net = init_module(context.seed, "sparse-ae/net", &context.device, |device| {
            crate::net::SparseAeNet::new(self, context.shape, device)
        });
        let net = Optimized::new(net, self.optimizer, EmaConfig::off());
        Box::new(SparseAe { net, config: self.clone() })
    }
}
