//! What is done to values before the critic reads them, real and generated ones alike.

mod diff_augment;
mod instance_noise;

pub use diff_augment::DiffAugment;
pub use instance_noise::InstanceNoise;

use burn::tensor::Tensor;
use genlab_core::{Check, Fault, Progress, Space, settings::optional_within};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// The setting: which augmentations are on. None is by default; validation curves are without.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Augmentation {
    /// Images moved and partly hidden: Zhao et al. 2020 (arXiv:2006.10738).
    pub diff_augment: Option<DiffAugment>,
    /// Noise that fades: Sønderby et al. 2017 (arXiv:1610.04490).
    pub instance_noise: Option<InstanceNoise>,
}

/// Whose values are read: each side has draws of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    /// Real values, in the critic's step.
    Real,
    /// Generated ones there.
    Fake,
    /// Generated values in the generator's step.
    Generated,
    /// Real ones that they are compared with there.
    Beside,
}

impl Side {
    fn name(self) -> &'static str {
        match self {
            Self::Real => "real",
            Self::Fake => "fake",
            Self::Generated => "generated",
            Self::Beside => "beside",
        }
    }
}

impl Augmentation {
    /// Centred values `[B, C, H, W]` as the critic reads them in the step that begins at `at`. Row i draws from
    /// noise row `rows.start + i`. Gradients pass.
    pub(crate) fn applied_to(
        &self,
        values: Tensor<4>,
        side: Side,
        at: Progress,
        rows: Range<u64>,
    ) -> Tensor<4> {
        let values = match self.diff_augment {
            None => values,
            Some(moved) => moved.applied_to(values, side, at.noise(), rows.clone()),
        };
        match self.instance_noise {
            None => values,
            Some(noisy) => noisy.applied_to(values, side, at, rows),
        }
    }

    /// # Errors
    /// When values have no neighbours to be moved to.
    pub(crate) fn fits(&self, key: &str, space: Space) -> Result<(), Fault> {
        let moved = self
            .diff_augment
            .map_or(Ok(()), |_| space.require_images("diff_augment", "on", "none"));
        moved.map_err(|fault| fault.within(key))
    }
}

impl Check for Augmentation {
    fn check(&self) -> Result<(), Fault> {
        optional_within("diff_augment", self.diff_augment.as_ref())?;
        optional_within("instance_noise", self.instance_noise.as_ref())
    }
}
