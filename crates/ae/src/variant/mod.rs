//! What an autoencoder is trained for beside giving values back; each variant is a file with its equation.

mod contractive;
mod denoising;
mod regularised;

pub use contractive::Contractive;
pub use denoising::{Denoising, Gaussian, Masking, Noising, SaltAndPepper};
pub use regularised::{DecoderPenalty, Regularised};

use crate::coder::Coder;
use burn::tensor::Tensor;
use genlab_core::{Batch, Check, Fault, Noise, Space};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A variant of the autoencoder.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Variant {
    /// Nothing beside.
    #[default]
    Plain,
    /// It sees disturbed values and gives the clean ones.
    Denoising(Denoising),
    /// Codes change little where values do.
    Contractive(Contractive),
    /// Small codes and a smooth decoder, so that a density can be fitted on the codes afterwards.
    Regularised(Regularised),
}

/// A term of an objective.
pub(crate) struct Penalty {
    /// What it is called in logs.
    pub(crate) name: &'static str,
    /// `[1]`, a mean over the batch.
    pub(crate) value: Tensor<1>,
    /// What it is multiplied by.
    pub(crate) weight: f64,
}

impl Check for Variant {
    fn check(&self) -> Result<(), Fault> {
        match self {
            Self::Plain => Ok(()),
            Self::Denoising(denoising) => denoising.check(),
            Self::Contractive(contractive) => contractive.check(),
            Self::Regularised(regularised) => regularised.check(),
        }
    }
}

impl Variant {
    /// # Errors
    /// When it has no meaning in `space`.
    pub(crate) fn fits(&self, space: Space) -> Result<(), Fault> {
        match self {
            Self::Denoising(denoising) => {
                denoising.noising.fits(space).map_err(|fault| fault.within("variant"))
            }
            Self::Plain | Self::Contractive(_) | Self::Regularised(_) => Ok(()),
        }
    }

    /// What the encoder sees of a batch.
    pub(crate) fn seen(&self, batch: &Batch, space: Space, noise: Noise) -> Tensor<4> {
        let values = batch.values.clone();
        match self {
            Self::Denoising(denoising) => {
                denoising.noising.apply(values, space, noise, batch.rows())
            }
            Self::Plain | Self::Contractive(_) | Self::Regularised(_) => values,
        }
    }

    /// What is minimised beside the error of reconstructions, of a batch that was encoded as `codes` `[B, L]`.
    pub(crate) fn penalties(
        &self,
        coder: Coder<'_>,
        codes: &Tensor<2>,
        batch: &Batch,
        noise: Noise,
    ) -> Vec<Penalty> {
        match self {
            Self::Plain | Self::Denoising(_) => Vec::new(),
            Self::Contractive(contractive) => {
                vec![contractive.penalty(coder, codes, batch, noise)]
            }
            Self::Regularised(regularised) => regularised.penalties(coder.net, codes).into(),
        }
    }
}
