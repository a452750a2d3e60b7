//! The two traits everything hangs on: a model in training, and a frozen model.

use crate::{
    batch::{Batch, Progress},
    capabilities::{Classify, Decode, Density, Encode, Invert, Likelihood, Reconstruct, Sample},
    condition::Conditions,
    noise::{Noise, Seed},
    opened::{OpenError, OpenRuns},
    scalars::Scalars,
    settings::Fault,
    space::Space,
    state::{CheckpointError, StateReader, StateWriter},
};
use burn::tensor::Device;
use std::sync::Arc;

/// What a model's config needs to know to build it.
#[derive(Clone, Debug)]
pub struct InitContext {
    /// What every value of the run is.
    pub space: Space,
    /// Number of classes, where the dataset has labels.
    pub classes: Option<usize>,
    /// The budget: training values in the whole run.
    pub total_images: u64,
    /// The plain device (no autodiff) that holds data and parameters.
    pub device: Device,
    /// The run's seed.
    pub seed: Seed,
    /// Finished runs that the model may build on.
    pub runs: Arc<dyn OpenRuns>,
    /// Where its weights come from.
    pub start: Start,
}

/// Where a model's weights come from once it is built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// They are drawn, or taken over from a run that the model builds on.
    Fresh,
    /// [`Train::restore`] puts all of them back: a run that the model builds on is not opened, and need
    /// not be there any more.
    Restored,
}

/// Why a model cannot be built: one sentence.
#[derive(Debug, thiserror::Error)]
pub enum InitError {
    /// Its settings do not fit the data.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// A run that it builds on cannot be opened.
    #[error(transparent)]
    Run(#[from] OpenError),
    /// That run's weights are not those that it needs.
    #[error(transparent)]
    Weights(#[from] CheckpointError),
}

impl InitError {
    /// The same error, seen from the settings that hold these ones as `key`.
    #[must_use]
    pub fn within(self, key: &str) -> Self {
        match self {
            Self::Fault(fault) => Self::Fault(fault.within(key)),
            other => other,
        }
    }
}

/// A model in training: everything one optimisation step mutates.
pub trait Train: Send {
    /// One optimisation step on one batch. The scalars it returns stay on the device, off the
    /// graph: a step never reads the device.
    fn step(&mut self, batch: &Batch, at: Progress) -> Scalars;

    /// A snapshot for evaluation, with averaged weights where the model keeps them. It shares no
    /// state with the model in training.
    fn freeze(&self) -> Box<dyn Generative>;

    /// Writes everything that a later step depends on.
    fn state(&self, out: &mut StateWriter);

    /// Puts back what [`Train::state`] wrote.
    ///
    /// # Errors
    /// Names the entry that is missing or has another shape.
    fn restore(&mut self, from: &mut StateReader) -> Result<(), CheckpointError>;
}

/// A frozen model. Capabilities are discovered, not assumed.
pub trait Generative: Send + Sync {
    /// Trained parameters, all networks together.
    fn num_params(&self) -> usize;

    /// What it can be told about values; nothing by default.
    fn conditions(&self) -> Conditions {
        Conditions::default()
    }

    /// The training objective on a batch, for validation curves. Draws nothing but `noise` at the
    /// batch's rows.
    fn objective(&self, batch: &Batch, noise: Noise) -> Scalars;

    /// Draws values from noise.
    fn sampler(&self) -> Option<&dyn Sample> {
        None
    }
    /// Maps values to themselves through a bottleneck.
    fn reconstructor(&self) -> Option<&dyn Reconstruct> {
        None
    }
    /// Maps values to codes.
    fn encoder(&self) -> Option<&dyn Encode> {
        None
    }
    /// Maps codes to values.
    fn decoder(&self) -> Option<&dyn Decode> {
        None
    }
    /// A bound on log p(x).
    fn density(&self) -> Option<&dyn Density> {
        None
    }
    /// log p(x) itself.
    fn likelihood(&self) -> Option<&dyn Likelihood> {
        None
    }
    /// Tells classes apart.
    fn classifier(&self) -> Option<&dyn Classify> {
        None
    }
    /// Gives values back by searching the noise they come from.
    fn inverter(&self) -> Option<&dyn Invert> {
        None
    }
}
