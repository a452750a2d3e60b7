//! Settings of the autoencoder.

use crate::{model::Ae, variant::Variant};
use genlab_core::{
    Check, EmaConfig, Fault, InitContext, Kind, Optimized, OptimizerConfig, Space, Train,
    loss::PixelLoss,
    nn::{Autoencoder, BackboneConfig, init_module},
    settings::{size, within},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What becomes of the encoder's last layer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum CodeActivation {
    /// Nothing: codes are any real numbers.
    #[default]
    Linear,
    /// A logistic function: codes lie in (0, 1).
    Sigmoid,
}

/// An autoencoder.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct AeConfig {
    /// Size of the code.
    pub latent_dim: usize,
    /// What becomes of the encoder's last layer.
    pub code: CodeActivation,
    /// Which error of reconstructions is minimised.
    pub loss: PixelLoss,
    /// What it is trained for beside.
    pub variant: Variant,
    /// Encoder and decoder.
    pub backbone: BackboneConfig,
    /// How it is trained.
    pub optimizer: OptimizerConfig,
}

impl Default for AeConfig {
    fn default() -> Self {
        Self {
            latent_dim: 16,
            code: CodeActivation::Linear,
            loss: PixelLoss::Mse,
            variant: Variant::Plain,
            backbone: BackboneConfig::mlp([512]),
            optimizer: OptimizerConfig::default(),
        }
    }
}

impl Check for AeConfig {
    fn check(&self) -> Result<(), Fault> {
        size("latent_dim", self.latent_dim)?;
        within("variant", &self.variant)?;
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
    pub fn init(&self, context: &InitContext) -> Result<Box<dyn Train>, Fault> {
        self.fits(context.space)?;
        let net = init_module(context.seed, "ae/net", &context.device, |device| {
            Autoencoder::new(&self.backbone, self.latent_dim, context.space, device)
        });
        let net = Optimized::new(net, self.optimizer, EmaConfig::Off);
        Ok(Box::new(Ae { net, config: self.clone() }))
    }

    fn fits(&self, space: Space) -> Result<(), Fault> {
        self.loss.fits("loss", space)?;
        self.variant.fits(space)?;
        self.backbone.fits("backbone", space)
    }
}
