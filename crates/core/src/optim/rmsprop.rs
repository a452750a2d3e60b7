//! RMSprop (Tieleman & Hinton 2012, Neural Networks for Machine Learning, lecture 6.5), in
//! PyTorch's form, without centring.
//!
//! ```text
//! s ← α s + (1 − α) g²
//! u = g / (√s + ε)
//! θ ← θ − η u                  without momentum
//! b ← μ b + u,  θ ← θ − η b     with it
//! ```
//!
//! The lecture has α = 0.9 and no ε. Nothing corrects for s starting at zero: early steps are up to
//! 1 / √(1 − α) times as long as later ones.

use super::step::Step;
use crate::settings::{Check, Fault, positive, share};
use burn::tensor::Tensor;
use genlab_kernels::lerp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// RMSprop's decay, floor and momentum.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct RmsPropConfig {
    /// Decay α of the mean of squared gradients, in [0, 1).
    pub alpha: f64,
    /// ε, above 0: added to the root of that mean.
    pub epsilon: f64,
    /// Share μ of the last step that is repeated, in [0, 1).
    pub momentum: f64,
}

impl Default for RmsPropConfig {
    fn default() -> Self {
        Self { alpha: 0.99, epsilon: 1e-8, momentum: 0.0 }
    }
}

/// RMSprop's memory of one parameter.
#[derive(Clone, Debug)]
pub(super) struct Memory {
    /// s, `[n]`.
    pub(super) square: Tensor<1>,
    /// b, `[n]`, where there is momentum.
    pub(super) velocity: Option<Tensor<1>>,
}

impl Check for RmsPropConfig {
    fn check(&self) -> Result<(), Fault> {
        share("alpha", self.alpha)?;
        positive("epsilon", self.epsilon)?;
        share("momentum", self.momentum)
    }
}

impl RmsPropConfig {
    pub(super) fn memory(&self, value: &Tensor<1>) -> Memory {
        let velocity = (self.momentum > 0.0).then(|| value.zeros_like());
        Memory { square: value.zeros_like(), velocity }
    }

    /// One update: the new value and memory.
    pub(super) fn step(
        &self,
        value: Tensor<1>,
        memory: Memory,
        gradient: Tensor<1>,
        step: Step,
    ) -> (Tensor<1>, Memory) {
        let square = lerp(memory.square, gradient.clone().square(), 1.0 - self.alpha);
        let update = gradient / (square.clone().sqrt() + self.epsilon);
        let velocity = memory.velocity.map(|velocity| velocity * self.momentum + update.clone());
        let update = velocity.clone().unwrap_or(update);
        (value - update * step.learning_rate, Memory { square, velocity })
    }
}
