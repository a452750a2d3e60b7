//! Settings of the sparse autoencoder.

use crate::model::SparseAe;
use genlab_core::{
    Check, EmaConfig, Fault, InitContext, InitError, Kind, Optimized, OptimizerConfig, Space,
    Train,
    loss::PixelLoss,
    nn::{Autoencoder, BackboneConfig, init_module},
    settings::{non_negative, size, within},
};
use serde::{Deserialize, Serialize};

/// A sparse autoencoder.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SparseAeConfig {
    /// Size of the code; more than the image has pixels makes it overcomplete.
    pub latent_dim: usize,
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
            latent_dim: 1024,
            loss: PixelLoss::Mse,
            l1: 0.1,
            backbone: BackboneConfig::mlp([]),
            optimizer: OptimizerConfig::default(),
        }
    }
}

impl Check for SparseAeConfig {
    fn check(&self) -> Result<(), Fault> {
        size("latent_dim", self.latent_dim)?;
        non_negative("l1", self.l1)?;
        within("backbone", &self.backbone)?;
        within("optimizer", &self.optimizer)
    }
}

impl SparseAeConfig {
    /// The defaults on values of this kind.
    pub fn for_kind(kind: Kind) -> Self {
        match kind {
            Kind::Images | Kind::Series => Self::default(),
            // Overcomplete all the same, with a penalty in proportion to the error of a few numbers.
            Kind::Points => Self { latent_dim: 64, l1: 0.01, ..Self::default() },
        }
    }

    /// A freshly initialised model.
    ///
    /// # Errors
    /// When its settings do not fit the data.
    pub fn init(&self, context: &InitContext) -> Result<Box<dyn Train>, InitError> {
        self.fits(context.space)?;
        let net = init_module(context.seed, "sparse-ae/net", &context.device, |device| {
            Autoencoder::new(&self.backbone, self.latent_dim, context.space, device)
        });
        let net = Optimized::new(net, self.optimizer, EmaConfig::Off);
        Ok(Box::new(SparseAe { net, config: self.clone() }))
    }

    fn fits(&self, space: Space) -> Result<(), Fault> {
        self.loss.fits("loss", space)?;
        self.backbone.fits("backbone", space)
    }
}
