//! A gate that decides which units are on, and magnitudes that the penalty does not shrink.

use crate::schedule;
use burn::{
    module::{Module, Param},
    nn::Initializer,
    tensor::{Device, Tensor, activation::relu},
};
use genlab_core::{
    Check, Fault,
    settings::{non_negative, share},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// h = H(π) ReLU(e^r π + c) with λ Σ_j ReLU(π_j), and ‖x − x̂(ReLU(π))‖² by a decoder that it does not train, so that
/// gates that open are of use.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Gated {
    /// λ, in units of the loss per unit of gate.
    pub lambda: f64,
    /// Share of the budget over which λ rises from 0.
    pub warmup: f64,
}

impl Default for Gated {
    fn default() -> Self {
        Self { lambda: 0.3, warmup: 0.0 }
    }
}

impl Check for Gated {
    fn check(&self) -> Result<(), Fault> {
        non_negative("lambda", self.lambda)?;
        share("warmup", self.warmup)
    }
}

impl Gated {
    pub(super) fn weight(self, spent: f64) -> f64 {
        schedule::weight(self.lambda, self.warmup, spent)
    }
}

/// r and c, `[L]` each.
#[derive(Module, Debug)]
pub(crate) struct Magnitude {
    log_scale: Param<Tensor<1>>,
    shift: Param<Tensor<1>>,
}

impl Magnitude {
    /// Zeros: units start as large as their gates.
    pub(crate) fn new(units: usize, device: &Device) -> Self {
        let zeros = || Initializer::Zeros.init([units], device);
        Self { log_scale: zeros(), shift: zeros() }
    }
}

/// H(π) ReLU(e^r π + c) of gates π `[B, L]` (Rajamanoharan et al. 2024, arXiv:2404.16014, Eq. 5 and 6). Gate and magnitude
/// share the encoder up to a scale e^r for each unit; the magnitude's bias there is c + e^r b, b the gate's.
pub(super) fn gated(pre: Tensor<2>, magnitude: &Magnitude) -> Tensor<2> {
    let open = pre.clone().detach().greater_elem(0.0).float();
    let scale = magnitude.log_scale.val().exp().unsqueeze::<2>();
    relu(pre * scale + magnitude.shift.val().unsqueeze::<2>()) * open
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gate_opens_by_its_sign_and_magnitudes_are_their_own() {
        let device = Device::flex();
        let param = |x: [f32; 3]| Param::from_tensor(Tensor::from_floats(x, &device));
        let magnitude = Magnitude {
            log_scale: param([2.0_f32.ln(), 0.0, 0.0]),
            shift: param([1.0, -2.0, 5.0]),
        };
        let pre = Tensor::from_floats([[0.5, 1.0, -1.0], [1.0, 3.0, 1.0]], &device);
        let codes: Vec<f32> = gated(pre, &magnitude).into_data().try_into_vec().expect("f32");
        // 2 · 0.5 + 1; 1 − 2 < 0; the gate is shut. 2 + 1; 3 − 2; 1 + 5.
        for (found, expected) in codes.into_iter().zip([2.0, 0.0, 0.0, 3.0, 1.0, 6.0]) {
            assert!((found - expected).abs() < 1e-6);
        }
    }
}
