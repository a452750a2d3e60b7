//! How a run's model is measured.

use super::{JudgeConfig, WeightsConfig};
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

/// How the model is judged. Each key that is absent has its default, so that settings written before
/// it was thought of still load.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
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
    pub lpips: WeightsConfig,
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
            lpips: WeightsConfig::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_written_before_a_key_was_added_load_with_its_default() {
        let old = "split = \"test\"\nsamples = 300\nlog_lines = 100\nvalidation_images = 512\n";
        let loaded: EvaluationConfig = toml::from_str(old).unwrap();
        assert_eq!(loaded, EvaluationConfig { samples: 300, ..EvaluationConfig::default() });
        assert!(toml::from_str::<EvaluationConfig>("sampels = 300").is_err());
    }
}
