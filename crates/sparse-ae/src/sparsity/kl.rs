//! The penalty on how often units are on.

use crate::schedule;
use burn::tensor::Tensor;
use genlab_core::{
    Check, Fault,
    settings::{non_negative, positive, share},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// β Σ_j KL(ρ ‖ ρ̂_j) on h = sigmoid(π).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Kl {
    /// ρ, the mean that each unit should have.
    pub rho: f64,
    /// β.
    pub beta: f64,
    /// Share of the budget over which β rises from 0.
    pub warmup: f64,
}

impl Default for Kl {
    fn default() -> Self {
        // ρ = 0.05 and β = 3 in the notes' exercise, there for 25 units and images of 64 pixels.
        Self { rho: 0.05, beta: 1.0, warmup: 0.0 }
    }
}

impl Check for Kl {
    fn check(&self) -> Result<(), Fault> {
        positive("rho", self.rho)?;
        share("rho", self.rho)?;
        non_negative("beta", self.beta)?;
        share("warmup", self.warmup)
    }
}

impl Kl {
    pub(super) fn weight(self, spent: f64) -> f64 {
        schedule::weight(self.beta, self.warmup, spent)
    }
}

/// Below this the mean of sigmoids counts as this: f32 rounds to 0 and 1.
const LEAST: f64 = 1e-6;

/// Σ_j ρ ln(ρ / ρ̂_j) + (1 − ρ) ln((1 − ρ) / (1 − ρ̂_j)), ρ̂_j the mean of unit j over the batch; codes `[B, L]` in
/// [0, 1], `[1]` (Ng 2011, CS294A lecture notes, p. 15; there ρ̂_j is over all training values).
pub(super) fn divergence(rho: f64, codes: Tensor<2>) -> Tensor<1> {
    let mean = codes.mean_dim(0).clamp(LEAST, 1.0 - LEAST);
    let off = 1.0 - rho;
    let entropy = rho * rho.ln() + off * off.ln();
    (mean.clone().log() * -rho - (-mean + 1.0).log() * off + entropy).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;

    fn of(codes: [[f32; 2]; 2]) -> f32 {
        let codes = Tensor::from_floats(codes, &Device::flex());
        divergence(0.2, codes).into_data().as_slice::<f32>().expect("f32")[0]
    }

    #[test]
    fn it_is_nothing_where_each_unit_has_the_wanted_mean() {
        assert!(of([[0.1, 0.2], [0.3, 0.2]]).abs() < 1e-6);
    }

    #[test]
    fn it_is_the_divergence_of_two_coins() {
        // Means of 0.5 and 0.2: KL(0.2 ‖ 0.5) = 0.2 ln 0.4 + 0.8 ln 1.6.
        let expected = 0.2 * 0.4_f32.ln() + 0.8 * 1.6_f32.ln();
        assert!((of([[0.9, 0.2], [0.1, 0.2]]) - expected).abs() < 1e-6);
    }
}
