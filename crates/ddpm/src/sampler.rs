//! How samples are drawn: which times are visited, how each step is taken, how strongly samples follow
//! what the model is told.

use crate::{guidance::Guidance, solver::Solver, spacing::Spacing};
use genlab_core::{
    Check, Fault,
    settings::{size, within},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How samples are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct SamplerConfig {
    /// The rule of a step.
    pub solver: Solver,
    /// Steps from noise to sample, at most the T of a schedule of discrete steps.
    pub steps: usize,
    /// The times that are visited.
    pub spacing: Spacing,
    /// How strongly samples follow what the model is told.
    pub guidance: Guidance,
}

impl Default for SamplerConfig {
    fn default() -> Self {
        Self {
            solver: Solver::default(),
            // More do not help (docs/models/ddpm.md).
            steps: 20,
            spacing: Spacing::default(),
            guidance: Guidance::default(),
        }
    }
}

impl Check for SamplerConfig {
    fn check(&self) -> Result<(), Fault> {
        within("solver", &self.solver)?;
        size("steps", self.steps)?;
        within("spacing", &self.spacing)?;
        within("guidance", &self.guidance)
    }
}
