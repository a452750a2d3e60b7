//! How a run's model is measured.

use super::judge::{JudgeConfig, named};
use genlab_core::{
    Check, Fault,
    settings::{LARGEST_SIZE, at_least, at_most, size, within},
};
use genlab_metrics::{PinnedFile, Settings};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How the model is judged.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub(crate) struct EvaluationConfig {
    /// What is measured, and on how much.
    #[serde(flatten)]
    pub settings: Settings,
    /// Lines of the log over the whole run.
    pub log_lines: u64,
    /// Validation images behind each point of a validation curve.
    pub validation_images: usize,
    /// The network in whose features sample metrics are computed.
    pub judge: JudgeConfig,
    /// Weights of LPIPS; without them it is left out.
    pub lpips: Option<PinnedFile>,
}

impl Default for EvaluationConfig {
    fn default() -> Self {
        Self {
            settings: Settings::default(),
            log_lines: 100,
            validation_images: 512,
            judge: JudgeConfig::default(),
            lpips: None,
        }
    }
}

impl Check for EvaluationConfig {
    fn check(&self) -> Result<(), Fault> {
        self.settings.check()?;
        at_least("log_lines", self.log_lines, 1)?;
        at_most("log_lines", self.log_lines, LARGEST_SIZE as u64)?;
        size("validation_images", self.validation_images)?;
        within("judge", &self.judge)?;
        let Some(lpips) = &self.lpips else { return Ok(()) };
        let example = "--set evaluation.lpips.path=lpips-alex.safetensors";
        named(lpips, example).map_err(|fault| fault.within("lpips"))
    }
}
