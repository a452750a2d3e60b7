//! Settings of the sparse autoencoder.

use crate::{
    decoder_norm::DecoderNorm,
    matryoshka,
    model::SparseAe,
    net::SparseNet,
    revival::{Resample, Revival},
    sparsity::{Gated, L1, Sparsity},
};
use genlab_core::{
    Check, EmaConfig, Fault, InitContext, Kind, Optimized, OptimizerConfig, Space, Train,
    loss::PixelLoss,
    nn::{BackboneConfig, init_module},
    settings::{size, within},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A sparse autoencoder.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct SparseAeConfig {
    /// Size of the code; more than the image has pixels makes it overcomplete.
    pub latent_dim: usize,
    /// What is minimised besides the penalty.
    pub loss: PixelLoss,
    /// What keeps units off.
    pub sparsity: Sparsity,
    /// Numbers of first units that must reconstruct by themselves; none: the code is not nested.
    pub prefixes: Vec<usize>,
    /// How long the decoder's columns are.
    pub decoder_norm: DecoderNorm,
    /// What wakes dead units.
    pub revival: Revival,
    /// Encoder and decoder around the code; no hidden layers by default, so that each unit of the
    /// code has one image-sized feature.
    pub backbone: BackboneConfig,
    /// How it is trained.
    pub optimizer: OptimizerConfig,
}

impl Default for SparseAeConfig {
    fn default() -> Self {
        Self {
            latent_dim: 512,
            loss: PixelLoss::Mse,
            sparsity: Sparsity::Gated(Gated::default()),
            prefixes: Vec::new(),
            decoder_norm: DecoderNorm::Free,
            revival: Revival::Resample(Resample::default()),
            backbone: BackboneConfig::mlp([]),
            optimizer: OptimizerConfig::default(),
        }
    }
}

impl Check for SparseAeConfig {
    fn check(&self) -> Result<(), Fault> {
        size("latent_dim", self.latent_dim)?;
        within("sparsity", &self.sparsity)?;
        self.sparsity.fits("sparsity", self.latent_dim)?;
        matryoshka::check("prefixes", &self.prefixes, self.latent_dim)?;
        within("revival", &self.revival)?;
        self.revival.fits("revival", &self.sparsity, &self.backbone, self.latent_dim)?;
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
            Kind::Points => Self {
                latent_dim: 64,
                sparsity: Sparsity::L1(L1 { lambda: 0.01, ..L1::default() }),
                revival: Revival::Off,
                ..Self::default()
            },
        }
    }

    /// A freshly initialised model.
    ///
    /// # Errors
    /// When its settings do not fit the data.
    pub fn init(&self, context: &InitContext) -> Result<Box<dyn Train>, Fault> {
        Ok(Box::new(self.build(context)?))
    }

    pub(crate) fn build(&self, context: &InitContext) -> Result<SparseAe, Fault> {
        self.fits(context.space)?;
        let net = init_module(context.seed, "sparse-ae/net", &context.device, |device| {
            SparseNet::new(self, context.space, device)
        });
        let net = Optimized::new(net, self.optimizer, EmaConfig::Off);
        Ok(SparseAe::new(net, self.clone(), &context.device))
    }

    fn fits(&self, space: Space) -> Result<(), Fault> {
        self.loss.fits("loss", space)?;
        self.backbone.fits("backbone", space)
    }
}
