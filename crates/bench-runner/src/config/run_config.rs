//! Settings of a run, with their defaults and what is checked of them.

use super::evaluation::EvaluationConfig;
use crate::registry::ModelConfig;
use genlab_core::{
    Check, Fault, Kind,
    settings::{at_least, at_most, size, sizes, within},
};
use genlab_data::{Binarise, ColourMode, kind_of};
use genlab_kernels::Precision;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// Everything that decides a run's numbers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct RunConfig {
    /// Seed of initial weights, order of images and all noise.
    pub seed: u64,
    /// Name of the dataset.
    pub dataset: String,
    /// Images per step.
    pub batch_size: usize,
    /// In what numbers training computes its linear layers and convolutions; all else is in f32.
    pub precision: Precision,
    /// How much training.
    pub budget: Budget,
    /// How images are found and read.
    pub data: DataConfig,
    /// How the model is judged.
    pub evaluation: EvaluationConfig,
    /// The model.
    pub model: ModelConfig,
}

/// How much training.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Budget {
    /// Training images in the whole run.
    pub images: u64,
}

/// How images are found and read.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct DataConfig {
    /// Folder with the files; None: the cache folder, else a download.
    pub dir: Option<PathBuf>,
    /// Height and width that a folder's images are resized to; None: they keep their size.
    pub image_size: Option<[usize; 2]>,
    /// Channels of a folder's images.
    pub colour: ColourMode,
    /// Whether training images are binarised afresh each time they are seen.
    pub binarise: Binarise,
}

/// The largest whole number that a TOML file can hold.
const LARGEST_NUMBER: u64 = i64::MAX as u64;

impl Check for RunConfig {
    fn check(&self) -> Result<(), Fault> {
        at_most("seed", self.seed, LARGEST_NUMBER)?;
        size("batch_size", self.batch_size)?;
        within("budget", &self.budget)?;
        within("data", &self.data)?;
        within("evaluation", &self.evaluation)?;
        within("model", &self.model)
    }
}

impl Check for Budget {
    fn check(&self) -> Result<(), Fault> {
        at_least("images", self.images, 1)?;
        at_most("images", self.images, LARGEST_NUMBER)
    }
}

impl Check for DataConfig {
    fn check(&self) -> Result<(), Fault> {
        sizes("image_size", self.image_size.as_ref().map_or(&[], |sides| sides.as_slice()))
    }
}

/// The dataset that is used where none is named.
const DATASET: &str = "mnist-10k";

/// Pairs of a batch at least, of a model that tells them apart.
const PAIRS: usize = 2;

impl RunConfig {
    /// # Errors
    /// When batches are of one value and the model learns what tells the values of a batch apart. It is said of runs that are
    /// made, and not of the same settings for models that are not.
    pub(crate) fn require_pairs(&self) -> Result<(), Fault> {
        if self.batch_size >= PAIRS || !self.model.tells_pairs_apart() {
            return Ok(());
        }
        let (size, model) = (self.batch_size, self.model.name());
        let problem = format!(
            "is {size}, but {model} learns which caption of a batch belongs to which picture, and of one pair there is nothing \
             to learn; it must be at least {PAIRS}"
        );
        Err(Fault::new("batch_size", problem))
    }

    /// The defaults of the model of that name on a dataset; None where there is no such model. What suits
    /// images does not suit points, so they depend on what the dataset's values are.
    pub(crate) fn defaults(model: &str, dataset: Option<&str>) -> Option<Self> {
        let kind = kind_of(dataset.unwrap_or(DATASET));
        let (batch_size, images) = match kind {
            // Chosen on the validation split of mnist-10k: a game gains more from steps than from quiet ones.
            Kind::Images if model == "gan" => (16, 100_000),
            Kind::Images => (32, 100_000),
            // Points and series are cheap, and their densities need many.
            Kind::Points | Kind::Series => (128, 400_000),
        };
        Some(Self {
            seed: 0,
            dataset: DATASET.into(),
            batch_size,
            precision: Precision::default(),
            budget: Budget { images },
            data: DataConfig::default(),
            evaluation: EvaluationConfig::default(),
            model: ModelConfig::by_name(model, kind)?,
        })
    }
}
