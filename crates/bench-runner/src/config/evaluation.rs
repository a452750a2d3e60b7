//! How a run's model is measured.

use super::{JudgeConfig, WeightsConfig};
use genlab_metrics::Settings;
use serde::{Deserialize, Serialize};

/// How the model is judged. Each key that is absent has its default, so that settings written before
/// it was thought of still load.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct EvaluationConfig {
    /// What is measured, and on how much.
    #[serde(flatten)]
    pub settings: Settings,
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
            settings: Settings::default(),
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
        let settings = Settings { samples: 300, ..Settings::default() };
        assert_eq!(loaded, EvaluationConfig { settings, ..EvaluationConfig::default() });
        assert!(toml::from_str::<EvaluationConfig>("sampels = 300").is_err());
    }
}
