//! The distance of what it takes to move one distribution onto another.

use super::Game;
use burn::tensor::Tensor;
use genlab_core::{Check, Fault, Scalars};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The critic minimises E[l(G(z))] − E[l(x)], the generator −E[l(G(z))]: Eq. 2 and 3 of Arjovsky et al.
/// 2017 (arXiv:1701.07875). Over critics whose slope is at most 1 the critic's loss is minus the
/// Wasserstein-1 distance; over all critics it has no lower bound, so that a regulariser has to bound their
/// slope.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Wasserstein {}

impl Check for Wasserstein {
    fn check(&self) -> Result<(), Fault> {
        Ok(())
    }
}

impl Game for Wasserstein {
    fn critic_loss(&self, real: Tensor<1>, fake: Tensor<1>) -> Tensor<1> {
        fake.mean() - real.mean()
    }

    fn generator_loss(&self, _real: &dyn Fn() -> Tensor<1>, fake: Tensor<1>) -> Tensor<1> {
        fake.mean().neg()
    }

    fn logged(&self, scalars: Scalars, real: Tensor<1>, fake: Tensor<1>) -> Scalars {
        scalars.with("score_of_real", real.mean()).with("score_of_fake", fake.mean())
    }

    fn is_bounded(&self) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::tests::{critic, generator, number},
        *,
    };
    use burn::tensor::Device;

    #[test]
    fn both_losses_match_their_formulas() {
        assert_eq!(critic(&Wasserstein {}, 0.75, 0.5), -0.25);
        assert_eq!(generator(&Wasserstein {}, 0.5), -0.5);
    }

    #[test]
    fn the_best_critic_of_slope_one_pays_minus_the_distance_between_two_points() {
        // All real values at 2.5, all generated ones at −1: the distance is 3.5, and l(x) = x reaches it.
        let at = |x: f32| Tensor::<1>::full([4], x, &Device::flex());
        assert_eq!(number(Wasserstein {}.critic_loss(at(2.5), at(-1.0))), -3.5);
    }
}
