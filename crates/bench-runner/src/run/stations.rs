//! What each station of a run needs of its settings: plain values, taken out once.

use super::average;
use crate::{
    config::{JudgeConfig, RunConfig},
    registry::ModelConfig,
};
use anyhow::Result;
use genlab_core::{Seed, trainer::Plan};
use genlab_data::{Binarise, ColourMode};
use genlab_metrics::{PinnedFile, Settings};
use std::path::{Path, PathBuf};

/// A run's settings by who needs them.
#[derive(Clone, Debug)]
pub(crate) struct Stations {
    /// What the run is called.
    pub(crate) identity: Identity,
    /// Where its images come from.
    pub(crate) data: Source,
    /// What is trained on them, and how.
    pub(crate) training: Training,
    /// How the result is measured.
    pub(crate) scoring: Scoring,
}

/// Which run it is.
#[derive(Clone, Debug)]
pub(crate) struct Identity {
    /// The model's name.
    pub(crate) model: &'static str,
    /// The model's name for people.
    pub(crate) model_title: &'static str,
    /// The dataset's name.
    pub(crate) dataset: String,
    /// The run's seed.
    pub(crate) seed: Seed,
    /// What tells its settings from others.
    pub(crate) hash: String,
}

/// Which images, and how they are found and read.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    /// The dataset's name.
    pub(crate) dataset: String,
    /// Folder with its files.
    pub(crate) dir: Option<PathBuf>,
    /// Height and width that a folder's images are resized to.
    pub(crate) image_size: Option<[usize; 2]>,
    /// Channels of a folder's images.
    pub(crate) colour: ColourMode,
}

/// What is trained, and how.
#[derive(Clone, Debug)]
pub(crate) struct Training {
    /// The model's settings.
    pub(crate) model: ModelConfig,
    /// Budget, batches, seed, numbers.
    pub(crate) plan: Plan,
    /// What becomes of grey pixels.
    pub(crate) binarise: Binarise,
    /// Validation images behind each point of a validation curve.
    pub(crate) validation_images: usize,
}

/// How a frozen model is measured.
#[derive(Clone, Debug)]
pub(crate) struct Scoring {
    /// The run's seed.
    pub(crate) seed: Seed,
    /// Split, numbers of images.
    pub(crate) settings: Settings,
    /// The network whose features carry the sample metrics; None for a model that makes no values.
    pub(crate) judge: Option<JudgeConfig>,
    /// Weights of LPIPS.
    pub(crate) lpips: Option<PinnedFile>,
}

impl Source {
    /// Where its files lie, whole, where somebody named a place.
    pub(crate) fn place(&self) -> Option<PathBuf> {
        let named = match self.dataset.split_once(':') {
            Some(("folder", path)) => Some(Path::new(path)),
            Some(("series", place)) => place.rsplit_once(':').map(|(file, _)| Path::new(file)),
            _ => self.dir.as_deref(),
        };
        std::path::absolute(named?).ok()
    }

    /// The same with its files at `place`; None where its name cannot say so.
    pub(crate) fn at(&self, place: PathBuf) -> Option<Self> {
        let name = place.to_str()?;
        let (dataset, dir) = match self.dataset.split_once(':') {
            Some(("folder", _)) => (format!("folder:{name}"), self.dir.clone()),
            Some(("series", column)) => {
                let (_, column) = column.rsplit_once(':')?;
                (format!("series:{name}:{column}"), self.dir.clone())
            }
            _ => (self.dataset.clone(), Some(place)),
        };
        Some(Self { dataset, dir, ..self.clone() })
    }
}

impl Stations {
    /// Takes the settings apart.
    pub(crate) fn of(config: RunConfig) -> Self {
        let seed = Seed(config.seed);
        let identity = Identity {
            model: config.model.name(),
            model_title: config.model.title(),
            dataset: config.dataset.clone(),
            seed,
            hash: config.hash(),
        };
        let judge = config.model.makes_values().then_some(config.evaluation.judge);
        let steps = config.budget.images.div_ceil(config.batch_size as u64);
        let plan = Plan {
            seed,
            batch_size: config.batch_size,
            total_images: config.budget.images,
            log_every: (steps / config.evaluation.log_lines).max(1),
            precision: config.precision,
        };
        Self {
            identity,
            data: Source {
                dataset: config.dataset,
                dir: config.data.dir,
                image_size: config.data.image_size,
                colour: config.data.colour,
            },
            training: Training {
                model: config.model,
                plan,
                binarise: config.data.binarise,
                validation_images: config.evaluation.validation_images,
            },
            scoring: Scoring {
                seed,
                settings: config.evaluation.settings,
                judge,
                lpips: config.evaluation.lpips,
            },
        }
    }

    /// The same of the finished run in `dir`, with the average of weights that it chose.
    ///
    /// # Errors
    /// When its results cannot be read.
    pub(crate) fn with_chosen_average(self, dir: &Path) -> Result<Self> {
        Ok(Self { training: average::with_chosen_average(dir, self.training)?, ..self })
    }
}
