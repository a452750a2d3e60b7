//! What codes are like before any value is seen: p(z), one file per family.

mod components;
mod mixture;
mod vamp;

pub(crate) use components::Components;
pub(crate) use mixture::Mixture;
pub(crate) use vamp::Vamp;

use burn::{module::Module, tensor::Device};
use genlab_core::{Check, Fault, Space, settings::size};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Which prior codes have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Prior {
    /// N(0, I).
    #[default]
    Standard,
    /// Gaussians whose weights, means and variances are learned.
    Mixture {
        /// How many.
        #[serde(default = "default_components")]
        components: usize,
    },
    /// The posteriors of values that are learned.
    Vamp {
        /// How many.
        #[serde(default = "default_pseudo_inputs")]
        pseudo_inputs: usize,
    },
}

/// The learned part of a prior.
#[derive(Module, Debug)]
pub(crate) enum LearnedPrior {
    Mixture(Mixture),
    Vamp(Vamp),
}

impl Prior {
    /// What is learned of it, if anything.
    pub(crate) fn init(
        self,
        latent_dim: usize,
        space: Space,
        device: &Device,
    ) -> Option<LearnedPrior> {
        match self {
            Self::Standard => None,
            Self::Mixture { components } => {
                Some(LearnedPrior::Mixture(Mixture::new(components, latent_dim, device)))
            }
            Self::Vamp { pseudo_inputs } => {
                Some(LearnedPrior::Vamp(Vamp::new(pseudo_inputs, space, device)))
            }
        }
    }
}

/// About one per way of writing each digit; more cost time with every batch.
fn default_components() -> usize {
    100
}

/// Three batches of values more for the encoder.
fn default_pseudo_inputs() -> usize {
    100
}

impl Check for Prior {
    fn check(&self) -> Result<(), Fault> {
        match self {
            Self::Standard => Ok(()),
            Self::Mixture { components } => size("components", *components),
            Self::Vamp { pseudo_inputs } => size("pseudo_inputs", *pseudo_inputs),
        }
    }
}
