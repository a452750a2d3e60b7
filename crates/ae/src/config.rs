//! Settings of the autoencoder.

use crate::model::Ae;
use genlab_core::{
    Check, EmaConfig, Fault, InitContext, InitError, Kind, Optimized, OptimizerConfig, Space,
    Train,
    loss::PixelLoss,
    nn::{Autoencoder, BackboneConfig, init_module},
    settings::{size, within},
};
use serde::{Deserialize, Serialize};

/// An autoencoder.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct AeConfig {
    /// Size of the code.
    pub latent_dim: usize,
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
            latent_dim: 16,
            loss: PixelLoss::Mse,
            backbone: BackboneConfig::mlp([512]),
            optimizer: OptimizerConfig::default(),
        }
    }
}

impl Check for AeConfig {
    fn check(&self) -> Result<(), Fault> {
        size("latent_dim", self.latent_dim)?;
        within("backbone", &self.backbone)?;
        within("optimizer", &self.optimizer)
    }
}

impl AeConfig {
    /// The defaults on values of this kind.
    pub fn for_kind(kind: Kind) -> Self {
        match kind {
            Kind::Images | Kind::Series => Self::default(),
            // A line through the points: two numbers would be the points themselves.
            Kind::Points => {
                Self { latent_dim: 1, backbone: BackboneConfig::mlp([128, 128]), ..Self::default() }
            }
        }
    }

    /// A freshly initialised model.
    ///
    /// # Errors
    /// When its settings do not fit the data.
    pub fn init(&self, context: &InitContext) -> Result<Box<dyn Train>, InitError> {
        self.fits(context.space)?;
        let net = init_module(context.seed, "ae/net", &context.device, |device| {
            Autoencoder::new(&self.backbone, self.latent_dim, context.space, device)
        });
        let net = Optimized::new(net, self.optimizer, EmaConfig::Off);
        Ok(Box::new(Ae { net, loss: self.loss, latent_dim: self.latent_dim }))
    }

    fn fits(&self, space: Space) -> Result<(), Fault> {
        self.loss.fits("loss", space)?;
        self.backbone.fits("backbone", space)
    }
}
