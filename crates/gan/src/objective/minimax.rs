//! The game as first written.

use super::{Game, cross_entropy, probabilities, softplus};
use burn::tensor::Tensor;
use genlab_core::{Check, Fault, Scalars, nn::sigmoid};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The generator minimises E[log(1 − D(G(z)))], what the critic maximises: Eq. 1 of Goodfellow et al.
/// 2014 (arXiv:1406.2661). Its gradient vanishes where the critic is sure.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Minimax {}

impl Check for Minimax {
    fn check(&self) -> Result<(), Fault> {
        Ok(())
    }
}

impl Game for Minimax {
    fn critic_loss(&self, real: Tensor<1>, fake: Tensor<1>) -> Tensor<1> {
        cross_entropy(real, fake)
    }

    fn generator_loss(&self, _real: &dyn Fn() -> Tensor<1>, fake: Tensor<1>) -> Tensor<1> {
        softplus(fake).mean().neg()
    }

    fn real_probability(&self, score: Tensor<1>) -> Option<Tensor<1>> {
        Some(sigmoid(score))
    }

    fn logged(&self, scalars: Scalars, real: Tensor<1>, fake: Tensor<1>) -> Scalars {
        probabilities(scalars, real, fake, 1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::tests::{critic, generator},
        *,
    };

    #[test]
    fn both_losses_match_their_formulas() {
        let d = |logit: f32| 1.0 / (1.0 + (-logit).exp());
        let expected = -d(1.7).ln() - (1.0 - d(-0.4)).ln();
        assert!((critic(&Minimax {}, 1.7, -0.4) - expected).abs() < 1e-6);
        assert!((generator(&Minimax {}, 1.3) - (1.0 - d(1.3)).ln()).abs() < 1e-6);
    }

    #[test]
    fn what_the_critic_gains_on_generated_values_the_generator_loses() {
        // The critic's term of real values does not move with the generator.
        let critic = |fake| critic(&Minimax {}, 0.0, fake) - 2.0_f32.ln();
        for fake in [-2.0, 0.0, 3.0] {
            assert!((critic(fake) + generator(&Minimax {}, fake)).abs() < 1e-6);
        }
    }
}
