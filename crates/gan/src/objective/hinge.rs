//! The hinge loss.

use super::Game;
use burn::tensor::Tensor;
use genlab_core::{Check, Fault, Scalars};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The critic minimises E[max(0, 1 − l(x))] + E[max(0, 1 + l(G(z)))], the generator −E[l(G(z))] (Lim & Ye
/// 2017, arXiv:1705.02894; Eq. 16 and 17 of Miyato et al. 2018, arXiv:1802.05957). Values that the critic
/// is sure enough of move it no further. Its logits are scores, not those of a probability.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Hinge {}

impl Check for Hinge {
    fn check(&self) -> Result<(), Fault> {
        Ok(())
    }
}

impl Game for Hinge {
    fn critic_loss(&self, real: Tensor<1>, fake: Tensor<1>) -> Tensor<1> {
        (real.neg() + 1.0).clamp_min(0.0).mean() + (fake + 1.0).clamp_min(0.0).mean()
    }

    fn generator_loss(&self, _real: &dyn Fn() -> Tensor<1>, fake: Tensor<1>) -> Tensor<1> {
        fake.mean().neg()
    }

    fn logged(&self, scalars: Scalars, real: Tensor<1>, fake: Tensor<1>) -> Scalars {
        scalars.with("score_of_real", real.mean()).with("score_of_fake", fake.mean())
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::tests::{critic, generator},
        *,
    };

    #[test]
    fn what_the_critic_is_sure_of_costs_nothing_and_the_rest_its_distance() {
        let hinge = Hinge {};
        assert_eq!(critic(&hinge, 1.0, -1.0), 0.0);
        assert_eq!(critic(&hinge, 7.0, -7.0), 0.0);
        assert_eq!(critic(&hinge, 0.25, 0.5), 0.75 + 1.5);
        assert_eq!(generator(&hinge, 0.5), -0.5);
    }
}
