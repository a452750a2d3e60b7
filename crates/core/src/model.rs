//! The two traits everything hangs on: a model in training, and a frozen model.

use crate::{
    batch::{Batch, Progress},
    capabilities::{
        Align, Classify, Criticise, Decode, Denoise, Density, Describe, Edit, Encode,
        EstimateLikelihood, Ground, Invert, Likelihood, Oracle, Reconstruct, Sample, Segment,
    },
    condition::Conditions,
    noise::Noise,
    scalars::Scalars,
    state::{CheckpointError, StateReader, StateWriter},
};

/// A model in training: everything one optimisation step mutates.
pub trait Train: Send {
    /// One optimisation step on one batch. The scalars it returns stay on the device, off the
    /// graph: a step never reads the device.
    fn step(&mut self, batch: &Batch, at: Progress) -> Scalars;

    /// Whether its steps look at [`Batch::objects`], which take time to draw and memory to keep: batches have them for
    /// no other model.
    fn needs_objects(&self) -> bool {
        false
    }

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

    /// Writes what it computes with, for another program to be the same model: parameters by name, averaged where there
    /// is an average. Nothing by default.
    fn weights(&self, _out: &mut StateWriter) {}

    /// What its bounds and densities are told: all of it, unless something else leads its samples to what they are told.
    fn told(&self) -> Conditions {
        self.conditions()
    }

    /// The training objective on a batch, for validation curves. Draws nothing but `noise` at the
    /// batch's rows.
    fn objective(&self, batch: &Batch, noise: Noise) -> Scalars;

    /// Whether [`Self::objective`] looks at [`Batch::objects`].
    fn needs_objects(&self) -> bool {
        false
    }

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
    /// log p(x) up to chance.
    fn likelihood_estimate(&self) -> Option<&dyn EstimateLikelihood> {
        None
    }
    /// Tells classes apart.
    fn classifier(&self) -> Option<&dyn Classify> {
        None
    }
    /// Holds values beside captions.
    fn aligner(&self) -> Option<&dyn Align> {
        None
    }
    /// Says what values show.
    fn describer(&self) -> Option<&dyn Describe> {
        None
    }
    /// Cuts objects out of values.
    fn segmenter(&self) -> Option<&dyn Segment> {
        None
    }
    /// Finds what captions name in values.
    fn grounder(&self) -> Option<&dyn Ground> {
        None
    }
    /// Tells values of the data from generated ones.
    fn critic(&self) -> Option<&dyn Criticise> {
        None
    }
    /// Takes noise away.
    fn denoiser(&self) -> Option<&dyn Denoise> {
        None
    }
    /// Makes values out of given ones.
    fn editor(&self) -> Option<&dyn Edit> {
        None
    }
    /// Gives values back by searching the noise they come from.
    fn inverter(&self) -> Option<&dyn Invert> {
        None
    }
    /// What theory says of scalars that [`Self::objective`] has, by their names.
    fn oracles(&self) -> Vec<(&'static str, Oracle)> {
        Vec::new()
    }
}
