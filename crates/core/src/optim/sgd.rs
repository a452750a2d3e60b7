//! Gradient descent with momentum (Sutskever et al. 2013, ICML, Eqs. 1 to 4), in PyTorch's form.
//!
//! ```text
//! v ← μ v + g
//! θ ← θ − η v                  Polyak's heavy ball
//! θ ← θ − η (g + μ v)          Nesterov's accelerated gradient
//! ```
//!
//! Sutskever et al. put η into v (v ← μ v − η g, θ ← θ + v), which is the same at a constant rate;
//! with a schedule, here the whole velocity follows the rate at once.

use super::step::Step;
use crate::settings::{Check, Fault, share};
use burn::tensor::Tensor;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Momentum, and where its gradient is taken.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct SgdConfig {
    /// Share μ of the velocity that is kept, in [0, 1); 0 is plain gradient descent.
    pub momentum: f64,
    /// Whether the gradient counts as taken after the velocity's next step (Nesterov) instead of
    /// before it (heavy ball).
    pub nesterov: bool,
}

impl Default for SgdConfig {
    fn default() -> Self {
        Self { momentum: 0.9, nesterov: false }
    }
}

impl Check for SgdConfig {
    fn check(&self) -> Result<(), Fault> {
        share("momentum", self.momentum)
    }
}

impl SgdConfig {
    /// v, `[n]`, where there is momentum.
    pub(super) fn velocity(&self, value: &Tensor<1>) -> Option<Tensor<1>> {
        (self.momentum > 0.0).then(|| value.zeros_like())
    }

    /// One update: the new value and velocity.
    pub(super) fn step(
        &self,
        value: Tensor<1>,
        velocity: Option<Tensor<1>>,
        gradient: Tensor<1>,
        step: Step,
    ) -> (Tensor<1>, Option<Tensor<1>>) {
        let Some(velocity) = velocity else {
            return (value - gradient * step.learning_rate, None);
        };
        let velocity = velocity * self.momentum + gradient.clone();
        let update = if self.nesterov {
            gradient + velocity.clone() * self.momentum
        } else {
            velocity.clone()
        };
        (value - update * step.learning_rate, Some(velocity))
    }
}
