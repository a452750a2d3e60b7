//! A threshold for each unit that is learned although the loss is flat in it almost everywhere.

use crate::schedule;
use burn::{
    module::Param,
    nn::Initializer,
    tensor::{Device, Tensor, activation::relu},
};
use genlab_core::{
    Check, Fault,
    settings::{non_negative, positive, share},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// h_j = π_j H(π_j − θ_j) with λ Σ_j H(π_j − θ_j), H the step.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct JumpRelu {
    /// λ, in units of the loss per active unit.
    pub lambda: f64,
    /// Share of the budget over which λ rises from 0.
    pub warmup: f64,
    /// ε, the width around a threshold within which pre-activations move it. 0.001 in the paper, for thousands of
    /// values a step; few values need a wider one.
    pub bandwidth: f64,
    /// θ_j of the first step.
    pub threshold: f64,
}

impl Default for JumpRelu {
    fn default() -> Self {
        Self { lambda: 0.03, warmup: 0.2, bandwidth: 0.5, threshold: 0.25 }
    }
}

impl Check for JumpRelu {
    fn check(&self) -> Result<(), Fault> {
        non_negative("lambda", self.lambda)?;
        share("warmup", self.warmup)?;
        positive("bandwidth", self.bandwidth)?;
        positive("threshold", self.threshold)
    }
}

impl JumpRelu {
    pub(super) fn weight(self, spent: f64) -> f64 {
        schedule::weight(self.lambda, self.warmup, spent)
    }
}

/// ln θ_j of the first step, `[L]`: thresholds stay above 0.
pub(crate) fn log_thresholds(config: JumpRelu, units: usize, device: &Device) -> Param<Tensor<1>> {
    Initializer::Constant { value: config.threshold.ln() }.init([units], device)
}

/// What a JumpReLU gives.
pub(super) struct Jumped {
    /// Codes `[B, L]`.
    pub(super) codes: Tensor<2>,
    /// How many units of each value are on, `[B]`.
    pub(super) active: Tensor<1>,
}

/// π H(π − θ) and Σ_j H(π_j − θ_j) of pre-activations `[B, L]` at thresholds `[L]` above 0, with the pseudo-derivatives of
/// Rajamanoharan et al. 2024 (arXiv:2407.14435), Eq. 11 and 12: with K the box of width 1 and height 1 around 0,
///
/// ∂ π H(π − θ) / ∂θ = −θ/ε K((π − θ)/ε),  ∂ H(π − θ) / ∂θ = −1/ε K((π − θ)/ε).
///
/// Gradients for π are the true ones, H and 0. θ less itself off the graph is 0 and carries the slope.
pub(super) fn jump_relu(pre: Tensor<2>, threshold: Tensor<1>, bandwidth: f64) -> Jumped {
    let dims = pre.dims();
    let threshold = threshold.unsqueeze::<2>().expand(dims);
    let level = threshold.clone().detach();
    let distance = pre.clone().detach() - level.clone();
    let on = distance.clone().greater_elem(0.0).float();
    let slope = distance.abs().lower_elem(bandwidth / 2.0).float() / -bandwidth;
    let carrier = threshold - level.clone();
    Jumped {
        codes: relu(pre) * on.clone() + carrier.clone() * slope.clone() * level,
        active: (on + carrier * slope).sum_dim(1).squeeze_dim::<1>(1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers<const D: usize>(x: Tensor<D>) -> Vec<f32> {
        x.into_data().try_into_vec().expect("f32")
    }

    #[test]
    fn values_are_those_of_the_step_and_slopes_those_of_the_paper() {
        let device = Device::flex().autodiff();
        // Off and far, off within the box of width 0.4, on within it, on and far.
        let pre = Tensor::<2>::from_floats([[-1.0, 0.4, 0.6, 2.0]], &device).require_grad();
        let threshold = Tensor::<1>::from_floats([0.5; 4], &device).require_grad();
        let jumped =
            |pre: &Tensor<2>, threshold: &Tensor<1>| jump_relu(pre.clone(), threshold.clone(), 0.4);

        let Jumped { codes, active } = jumped(&pre, &threshold);
        assert_eq!(numbers(codes.clone().inner()), [0.0, 0.0, 0.6, 2.0]);
        assert_eq!(numbers(active.inner()), [2.0]);
        let gradients = codes.sum().backward();
        assert_eq!(numbers(pre.grad(&gradients).expect("tracked")), [0.0, 0.0, 1.0, 1.0]);
        let found = numbers(threshold.grad(&gradients).expect("tracked"));
        // −θ/ε = −0.5/0.4 within the box.
        for (found, expected) in found.into_iter().zip([0.0, -1.25, -1.25, 0.0]) {
            assert!((found - expected).abs() < 1e-6);
        }

        let gradients = jumped(&pre, &threshold).active.sum().backward();
        let found = numbers(threshold.grad(&gradients).expect("tracked"));
        for (found, expected) in found.into_iter().zip([0.0, -2.5, -2.5, 0.0]) {
            assert!((found - expected).abs() < 1e-6);
        }
        let pre = pre.grad(&gradients).map(numbers).unwrap_or_default();
        assert!(pre.iter().all(|v| *v == 0.0), "a count is flat in what it counts: {pre:?}");
    }

    #[test]
    fn the_pseudo_derivative_is_the_slope_of_the_expected_count() {
        // 10,000 values uniform in [0, 1]: E Σ H(π − θ) = 1 − θ per unit, so its slope is −1.
        let device = Device::flex().autodiff();
        let pre: Vec<f32> = (0..10_000_u16).map(|i| (f32::from(i) + 0.5) / 10_000.0).collect();
        let pre = Tensor::<1>::from_floats(pre.as_slice(), &device).reshape([10_000, 1]);
        let threshold = Tensor::<1>::from_floats([0.3], &device).require_grad();
        let active = jump_relu(pre, threshold.clone(), 0.1).active.mean();
        assert!((numbers(active.clone().inner())[0] - 0.7).abs() < 1e-3);
        let slope = numbers(threshold.grad(&active.backward()).expect("tracked"));
        assert!((slope[0] + 1.0).abs() < 1e-2, "{slope:?}");
    }
}
