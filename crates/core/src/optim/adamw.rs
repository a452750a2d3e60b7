//! Adam with decoupled weight decay (Loshchilov & Hutter 2019, arXiv:1711.05101, Algorithm 2).
//!
//! ```text
//! θ ← (1 − η λ) θ, then Adam's step
//! ```
//!
//! The decay goes past the moments, so λ means the same for every parameter, whatever the size of
//! its gradients. As in PyTorch the whole learning rate multiplies λ (the paper has only the
//! schedule's share of it there), and it holds for all parameters, biases included.

use super::{adam::AdamConfig, step::Step};
use crate::settings::{Check, Fault, non_negative, positive, share};
use burn::tensor::Tensor;
use genlab_kernels::AdamSlot;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Adam's decays and floor, and the decay of weights.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct AdamWConfig {
    /// Decay β1 of the mean of gradients, in [0, 1).
    pub beta1: f64,
    /// Decay β2 of the mean of squared gradients, in [0, 1).
    pub beta2: f64,
    /// ε, above 0: added to the root of the second moment.
    pub epsilon: f64,
    /// Decay λ of the weights, from 0.
    pub weight_decay: f64,
}

impl Default for AdamWConfig {
    fn default() -> Self {
        let AdamConfig { beta1, beta2, epsilon } = AdamConfig::default();
        Self { beta1, beta2, epsilon, weight_decay: 0.01 }
    }
}

impl Check for AdamWConfig {
    fn check(&self) -> Result<(), Fault> {
        share("beta1", self.beta1)?;
        share("beta2", self.beta2)?;
        positive("epsilon", self.epsilon)?;
        non_negative("weight_decay", self.weight_decay)
    }
}

impl AdamWConfig {
    /// One update; `factor` `[1]` multiplies the gradient.
    pub(super) fn step(
        &self,
        slot: AdamSlot<1>,
        gradient: Tensor<1>,
        factor: Option<Tensor<1>>,
        step: Step,
    ) -> AdamSlot<1> {
        let Self { beta1, beta2, epsilon, weight_decay } = *self;
        let value = slot.value * (1.0 - step.learning_rate * weight_decay);
        let adam = AdamConfig { beta1, beta2, epsilon };
        adam.step(AdamSlot { value, ..slot }, gradient, factor, step)
    }
}
