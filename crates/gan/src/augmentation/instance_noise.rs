//! Noise on what the critic reads.

use super::Side;
use burn::tensor::Tensor;
use genlab_core::{
    Check, Fault, Progress,
    settings::{positive, share},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// x + σ ε for real and generated values alike, where σ falls in a line to 0 (Sønderby et al. 2017,
/// arXiv:1610.04490, section 3.2; Arjovsky & Bottou 2017, arXiv:1701.04862, section 3): two distributions
/// that would not overlap do, so that the best critic has a slope everywhere.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct InstanceNoise {
    /// σ at the start, above 0, in units of the critic's input.
    pub sigma: f64,
    /// Share of the budget, in [0, 1), that is played without noise at the end.
    pub quiet: f64,
}

impl Default for InstanceNoise {
    fn default() -> Self {
        // A tenth of the range of pixels, gone after half of the budget.
        Self { sigma: 0.2, quiet: 0.5 }
    }
}

impl Check for InstanceNoise {
    fn check(&self) -> Result<(), Fault> {
        positive("sigma", self.sigma)?;
        share("quiet", self.quiet)
    }
}

impl InstanceNoise {
    /// σ after `fraction` of the budget.
    fn sigma_at(self, fraction: f64) -> f64 {
        self.sigma * (1.0 - fraction / (1.0 - self.quiet)).max(0.0)
    }

    pub(super) fn applied_to(
        self,
        values: Tensor<4>,
        side: Side,
        at: Progress,
        rows: Range<u64>,
    ) -> Tensor<4> {
        let sigma = self.sigma_at(at.fraction());
        if sigma == 0.0 {
            return values;
        }
        let name = format!("gan/instance-noise-{}", side.name());
        let noise = at.noise().normal(&name, 0, rows, values.dims(), &values.device().inner());
        values + noise * sigma
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;
    use genlab_core::testing::progress;

    #[test]
    fn noise_fades_in_a_line_and_is_gone_before_the_end() {
        let noise = InstanceNoise { sigma: 0.4, quiet: 0.5 };
        for (fraction, sigma) in [(0.0, 0.4), (0.25, 0.2), (0.5, 0.0), (1.0, 0.0)] {
            assert!((noise.sigma_at(fraction) - sigma).abs() < 1e-12, "{fraction}");
        }
    }

    #[test]
    fn noise_has_the_deviation_it_says_and_both_sides_have_their_own() {
        let zeros = Tensor::<4>::zeros([200, 1, 5, 5], &Device::flex());
        let noise = InstanceNoise { sigma: 0.4, quiet: 0.0 };
        let drawn = |side| {
            let noisy = noise.applied_to(zeros.clone(), side, progress(0), 0..200);
            noisy.into_data().try_into_vec::<f32>().expect("f32")
        };
        let real = drawn(Side::Real);
        let square = real.iter().map(|x| x * x).sum::<f32>() / real.len() as f32;
        // Five standard errors of a mean of 5,000 squares are a tenth of it.
        assert!((square / 0.16 - 1.0).abs() < 0.1, "{square}");
        assert_eq!(real, drawn(Side::Real));
        assert_ne!(real, drawn(Side::Fake));
    }
}
