//! What a model is built from beside its settings.

use crate::{condition::Words, noise::Seed, opened::OpenRuns, space::Space};
use burn::tensor::Device;
use std::sync::Arc;

/// What a model's config needs to know to build it.
#[derive(Clone, Debug)]
pub struct InitContext {
    /// What every value of the run is.
    pub space: Space,
    /// Number of classes, where the dataset has labels.
    pub classes: Option<usize>,
    /// How many numbers came before each value, where the dataset is of windows of series.
    pub past: Option<usize>,
    /// The words of captions, where the dataset is of scenes.
    pub words: Option<Words>,
    /// The most objects that a value shows, where the dataset is of scenes.
    pub objects: Option<usize>,
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
    /// [`Train::restore`](crate::Train::restore) puts all of them back: a run that the model builds on is not opened, and need
    /// not be there any more.
    Restored,
}
