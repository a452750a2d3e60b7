//! How a run's model is measured.

use super::judge::{JudgeConfig, named};
use genlab_core::{
    Check, Fault, Seed,
    settings::{LARGEST_SIZE, at_least, at_most, count, size, within},
};
use genlab_metrics::{
    Binarisation, PinnedFile, Settings, Split, measures::sets::samples::Extrapolation,
};
use serde::{Deserialize, Serialize};

/// The images that a model is measured on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum EvaluationSplit {
    /// For reported numbers, once.
    Test,
    /// For choosing settings.
    Validation,
}

/// How images become binary to be measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum EvaluationBinarise {
    /// The same binary images for every run.
    Static,
    /// Afresh for each seed.
    Dynamic,
}

/// How the model is judged.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct EvaluationConfig {
    /// The images to measure on: the test split for reported numbers, the validation split for
    /// every choice.
    pub split: EvaluationSplit,
    /// Samples to draw and score, at most as many as there are test images.
    pub samples: usize,
    /// Whether the Frechet distance is extrapolated to infinitely many images as well.
    pub frechet_infinity: bool,
    /// How test images become binary for a likelihood of binary pixels.
    pub binarise: EvaluationBinarise,
    /// Importance weights per image behind a likelihood; 0: none is estimated.
    pub importance_samples: usize,
    /// Images that it is measured on, at most.
    pub importance_images: usize,
    /// Images that a model without an encoder reconstructs by search, which is slow; 0: none.
    pub inverted_images: usize,
    /// Lines of the log over the whole run.
    pub log_lines: u64,
    /// Validation images behind each point of a validation curve.
    pub validation_images: usize,
    /// The network whose features carry the sample metrics.
    pub judge: JudgeConfig,
    /// Weights of LPIPS; without them it is left out.
    pub lpips: Option<PinnedFile>,
}

impl Default for EvaluationConfig {
    fn default() -> Self {
        Self {
            split: EvaluationSplit::Test,
            samples: 2000,
            frechet_infinity: false,
            binarise: EvaluationBinarise::Static,
            importance_samples: 100,
            importance_images: 1000,
            inverted_images: 0,
            log_lines: 100,
            validation_images: 512,
            judge: JudgeConfig::default(),
            lpips: None,
        }
    }
}

impl EvaluationConfig {
    /// What the evaluator of a run of this seed needs to know.
    pub(crate) fn settings(&self, seed: Seed) -> Settings {
        Settings {
            samples: self.samples,
            binarisation: match self.binarise {
                EvaluationBinarise::Static => Binarisation::Static,
                EvaluationBinarise::Dynamic => Binarisation::Dynamic,
            },
            importance_samples: self.importance_samples,
            importance_images: self.importance_images,
            inverted_images: self.inverted_images,
            split: match self.split {
                EvaluationSplit::Test => Split::Test,
                EvaluationSplit::Validation => Split::Validation,
            },
            extrapolation: if self.frechet_infinity {
                Extrapolation::On
            } else {
                Extrapolation::Off
            },
            ..Settings::new(seed)
        }
    }
}

impl Check for EvaluationConfig {
    fn check(&self) -> Result<(), Fault> {
        size("samples", self.samples)?;
        count("importance_samples", self.importance_samples)?;
        size("importance_images", self.importance_images)?;
        count("inverted_images", self.inverted_images)?;
        at_least("log_lines", self.log_lines, 1)?;
        at_most("log_lines", self.log_lines, LARGEST_SIZE as u64)?;
        size("validation_images", self.validation_images)?;
        within("judge", &self.judge)?;
        let Some(lpips) = &self.lpips else { return Ok(()) };
        let example = "--set evaluation.lpips.path=lpips-alex.safetensors";
        named(lpips, example).map_err(|fault| fault.within("lpips"))
    }
}
