//! The penalty of basis pursuit.

use crate::schedule;
use burn::tensor::Tensor;
use genlab_core::{
    Check, Fault,
    settings::{non_negative, share},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// λ Σ_j h_j on h = ReLU(π).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct L1 {
    /// λ, in units of the loss per unit of activation.
    pub lambda: f64,
    /// Share of the budget over which λ rises from 0.
    pub warmup: f64,
}

impl Default for L1 {
    fn default() -> Self {
        Self { lambda: 0.1, warmup: 0.0 }
    }
}

impl Check for L1 {
    fn check(&self) -> Result<(), Fault> {
        non_negative("lambda", self.lambda)?;
        share("warmup", self.warmup)
    }
}

impl L1 {
    pub(super) fn weight(self, spent: f64) -> f64 {
        schedule::weight(self.lambda, self.warmup, spent)
    }
}

/// Σ_j h_j of codes `[B, L]`, none negative; `[B]`. The gradient on each active unit is λ, however small the unit
/// is, which is what drives units to exactly zero (Olshausen & Field 1996, Nature 381).
pub(super) fn sum_of_codes(codes: Tensor<2>) -> Tensor<1> {
    codes.sum_dim(1).squeeze_dim::<1>(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;

    #[test]
    fn the_penalty_is_the_sum_of_each_code() {
        let codes = Tensor::from_floats([[1.0, 2.0, 0.0], [0.5, 0.0, 0.0]], &Device::flex());
        let sums = sum_of_codes(codes).into_data();
        assert_eq!(sums.as_slice::<f32>().expect("f32"), [3.0, 0.5]);
    }
}
