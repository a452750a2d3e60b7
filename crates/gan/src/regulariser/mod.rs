//! What keeps a critic from growing steep, whatever it plays for.

mod slope_penalty;
mod spectral_norm;

pub use slope_penalty::{SlopePenalty, squared_slopes};
pub use spectral_norm::{SpectralNorm, largest_singular_value};

use burn::{module::Module, tensor::Tensor};
use genlab_core::{
    Check, Fault, Noise,
    settings::{optional, within},
};
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// The setting: which regularisers are on. None is by default; they combine freely.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Regularisers {
    /// Penalty on the critic's slope at real values: R1, Eq. 9 of Mescheder et al. 2018
    /// (arXiv:1801.04406).
    pub real_slope: Option<SlopePenalty>,
    /// The same at generated values: R2, Eq. 10.
    pub fake_slope: Option<SlopePenalty>,
    /// Weights of the critic divided by their largest singular values.
    pub spectral_norm: Option<SpectralNorm>,
}

/// What one penalty adds to the critic's loss.
#[derive(Clone, Debug)]
pub struct Penalty {
    /// The name that it is logged under.
    pub name: &'static str,
    /// The mean squared slope, `[1]`.
    pub squared_slope: Tensor<1>,
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
        let at = |penalty: SlopePenalty, points: Tensor<4>, draws: &str| {
            let directions = noise.normal(draws, 0, rows.clone(), points.dims(), &points.device());
            penalty.squared_slope(critic, points, directions)
        };
        let real = self.real_slope.map(|penalty| Penalty {
            name: "real_slope",
            squared_slope: at(penalty, real, "gan/slope-real"),
            factor: penalty.factor(),
        });
        let fake = self.fake_slope.map(|penalty| Penalty {
            name: "fake_slope",
            squared_slope: at(penalty, fake, "gan/slope-fake"),
            factor: penalty.factor(),
        });
        [real, fake].into_iter().flatten().collect()
    }
}

impl Check for Regularisers {
    fn check(&self) -> Result<(), Fault> {
        optional("real_slope", self.real_slope, |key, on| within(key, &on))?;
        optional("fake_slope", self.fake_slope, |key, on| within(key, &on))?;
        optional("spectral_norm", self.spectral_norm, |key, on| within(key, &on))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;
    use genlab_core::{Phase, Seed};

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
        let slope = |i: usize| both[i].squared_slope.clone().into_data();
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
