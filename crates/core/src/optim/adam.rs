//! Adam (Kingma & Ba 2015, arXiv:1412.6980, Algorithm 1).
//!
//! ```text
//! m ← β1 m + (1 − β1) g
//! v ← β2 v + (1 − β2) g²
//! θ ← θ − η m̂ / (√v̂ + ε)      with m̂ = m / (1 − β1ᵗ) and v̂ = v / (1 − β2ᵗ) in step t
//! ```

use super::step::Step;
use crate::settings::{Check, Fault, positive, share};
use burn::tensor::Tensor;
use genlab_kernels::{AdamSlot, AdamStep, adam_update};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Adam's decays and floor.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct AdamConfig {
    /// Decay β1 of the mean of gradients, in [0, 1).
    pub beta1: f64,
    /// Decay β2 of the mean of squared gradients, in [0, 1).
    pub beta2: f64,
    /// ε, above 0: added to the root of the second moment.
    pub epsilon: f64,
}

impl Default for AdamConfig {
    fn default() -> Self {
        Self { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 }
    }
}

impl Check for AdamConfig {
    fn check(&self) -> Result<(), Fault> {
        share("beta1", self.beta1)?;
        share("beta2", self.beta2)?;
        positive("epsilon", self.epsilon)
    }
}

impl AdamConfig {
    /// One update of a plain tensor of any shape, in place where nobody else holds its buffers.
    /// `factor` `[1]` multiplies the gradient.
    pub fn step<const D: usize>(
        &self,
        slot: AdamSlot<D>,
        gradient: Tensor<D>,
        factor: Option<Tensor<1>>,
        step: Step,
    ) -> AdamSlot<D> {
        let Self { beta1, beta2, epsilon } = *self;
        let Step { learning_rate, number } = step;
        let at = AdamStep { learning_rate, beta1, beta2, epsilon, step: number };
        adam_update(slot, gradient, factor, at)
    }
}

/// Adam's memory of one parameter.
#[derive(Clone, Debug)]
pub(super) struct Moments {
    /// m, `[n]`.
    pub(super) first: Tensor<1>,
    /// v, `[n]`.
    pub(super) second: Tensor<1>,
}

impl Moments {
    pub(super) fn zeros_like(value: &Tensor<1>) -> Self {
        Self { first: value.zeros_like(), second: value.zeros_like() }
    }

    /// The slot of [`AdamConfig::step`] for the parameter that they belong to.
    pub(super) fn slot(self, value: Tensor<1>) -> AdamSlot<1> {
        AdamSlot { value, first: self.first, second: self.second }
    }
}
