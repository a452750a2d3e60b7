//! What keeps a critic from growing steep, whatever it plays for.

mod gradient_penalty;
mod slope_penalty;
mod spectral_norm;
mod weight_clip;

pub use gradient_penalty::{GradientPenalty, interpolated};
pub use slope_penalty::{SlopePenalty, squared_slopes};
pub use spectral_norm::{SpectralNorm, largest_singular_value};
pub use weight_clip::WeightClip;

use burn::{module::Module, tensor::Tensor};
use genlab_core::{
    Check, Fault, Noise, Optimized,
    settings::{optional, within},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// The setting: which regularisers are on. None is by default; they combine freely.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Regularisers {
    /// Penalty on the critic's slope at real values: R1, Eq. 9 of Mescheder et al. 2018
    /// (arXiv:1801.04406).
    pub real_slope: Option<SlopePenalty>,
    /// The same at generated values: R2, Eq. 10.
    pub fake_slope: Option<SlopePenalty>,
    /// Weights of the critic divided by their largest singular values.
    pub spectral_norm: Option<SpectralNorm>,
    /// Penalty on a slope other than 1 between real and generated values: Eq. 3 of Gulrajani et al. 2017
    /// (arXiv:1704.00028).
    pub gradient_penalty: Option<GradientPenalty>,
    /// Weights of the critic cut to a box after each step: Arjovsky et al. 2017 (arXiv:1701.07875).
    pub weight_clip: Option<WeightClip>,
}

/// What one penalty adds to the critic's loss.
#[derive(Clone, Debug)]
pub struct Penalty {
    /// The name that it is logged under.
    pub name: &'static str,
    /// What is penalised, `[1]`: of a slope penalty the mean squared slope.
    pub value: Tensor<1>,
    /// What it is multiplied by in the loss.
    pub factor: f64,
}

impl Regularisers {
    /// `critic` as it judges: with normalised weights where that is on, else as it is. Gradients of
    /// what it computes reach the weights of `critic`.
    pub fn applied_to<M: Module>(&self, critic: M) -> M {
        match self.spectral_norm {
            None => critic,
            Some(norm) => norm.normalised(critic),
        }
    }

    /// Whether anything bounds the critic's slope.
    pub fn bound_slopes(&self) -> bool {
        self.spectral_norm.is_some()
            || self.weight_clip.is_some()
            || self.gradient_penalty.is_some()
            || self.real_slope.is_some() && self.fake_slope.is_some()
    }

    /// Puts the critic's weights where they may be, after a step.
    pub(crate) fn confine<M: Module>(&self, critic: &mut Optimized<M>) {
        if let Some(clip) = self.weight_clip {
            clip.confine(critic);
        }
    }

    /// The penalties that are on, for a critic that scores centred values `[B, C, H, W]` with `[B]`, at
    /// `real` and `fake` ones. Row i is perturbed by noise row `rows.start + i`.
    pub fn penalties(
        &self,
        critic: &dyn Fn(Tensor<4>) -> Tensor<1>,
        real: Tensor<4>,
        fake: Tensor<4>,
        noise: Noise,
        rows: Range<u64>,
    ) -> Vec<Penalty> {
        let at = |name, penalty: SlopePenalty, points: Tensor<4>, draws: &str| {
            let directions = noise.normal(draws, 0, rows.clone(), points.dims(), &points.device());
            let value = penalty.squared_slope(critic, points, directions);
            Penalty { name, value, factor: penalty.factor() }
        };
        let between = |penalty: GradientPenalty, real: Tensor<4>, fake: Tensor<4>| {
            let shape = [real.dims()[0], 1, 1, 1];
            let u = noise.uniform("gan/interpolate", 0, rows.clone(), shape, &real.device());
            let value = penalty.distance_from_one(critic, interpolated(real, fake, u));
            Penalty { name: "gradient_penalty", value, factor: penalty.weight }
        };
        let real_slope = self
            .real_slope
            .map(|penalty| at("real_slope", penalty, real.clone(), "gan/slope-real"));
        let fake_slope = self
            .fake_slope
            .map(|penalty| at("fake_slope", penalty, fake.clone(), "gan/slope-fake"));
        let gradient_penalty = self.gradient_penalty.map(|penalty| between(penalty, real, fake));
        [real_slope, fake_slope, gradient_penalty].into_iter().flatten().collect()
    }
}

impl Check for Regularisers {
    fn check(&self) -> Result<(), Fault> {
        optional("real_slope", self.real_slope, |key, on| within(key, &on))?;
        optional("fake_slope", self.fake_slope, |key, on| within(key, &on))?;
        optional("spectral_norm", self.spectral_norm, |key, on| within(key, &on))?;
        optional("gradient_penalty", self.gradient_penalty, |key, on| within(key, &on))?;
        optional("weight_clip", self.weight_clip, |key, on| within(key, &on))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;
    use genlab_core::{Phase, Seed};

    pub(super) fn tensor<const N: usize>(rows: [[f32; 2]; N]) -> Tensor<4> {
        Tensor::<2>::from_floats(rows, &Device::flex()).reshape([N, 2, 1, 1])
    }

    fn penalties(regularisers: Regularisers) -> Vec<Penalty> {
        let score = |x: Tensor<4>| x.sum_dim(1).flatten::<1>(0, 3);
        let at = |value: f32| Tensor::full([2, 3, 1, 1], value, &Device::flex());
        let noise = Seed(1).during(Phase::Train);
        regularisers.penalties(&score, at(0.0), at(1.0), noise, 0..2)
    }

    #[test]
    fn nothing_is_penalised_by_default() {
        assert!(penalties(Regularisers::default()).is_empty());
    }

    #[test]
    fn each_penalty_has_its_name_its_half_weight_and_draws_of_its_own() {
        let penalty = |weight| Some(SlopePenalty { weight, ..SlopePenalty::default() });
        let both = Regularisers {
            real_slope: penalty(3.0),
            fake_slope: penalty(5.0),
            ..Default::default()
        };
        let both = penalties(both);
        let told: Vec<_> = both.iter().map(|penalty| (penalty.name, penalty.factor)).collect();
        assert_eq!(told, [("real_slope", 1.5), ("fake_slope", 2.5)]);
        let slope = |i: usize| both[i].value.clone().into_data();
        assert_ne!(slope(0), slope(1), "the two share their draws");
    }

    #[test]
    fn a_fault_is_told_with_its_path() {
        let penalty = Some(SlopePenalty { sigma: 0.0, ..SlopePenalty::default() });
        let fault = Regularisers { fake_slope: penalty, ..Default::default() }.check();
        assert_eq!(
            fault.expect_err("a fault").to_string(),
            "fake_slope.sigma is 0; it must be above 0"
        );
    }
}
