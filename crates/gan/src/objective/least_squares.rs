//! Least squares instead of cross-entropy.

use super::{Game, told};
use burn::tensor::Tensor;
use genlab_core::{Check, Fault, Scalars};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The critic minimises ½E[(l(x) − 1)²] + ½E[l(G(z))²], the generator ½E[(l(G(z)) − 1)²]: Eq. 9 of Mao et
/// al. 2017 (arXiv:1611.04076). The best critic is l = p_d / (p_d + p_g), and values far on the right side
/// of its boundary are still pulled to it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct LeastSquares {}

impl Check for LeastSquares {
    fn check(&self) -> Result<(), Fault> {
        Ok(())
    }
}

impl Game for LeastSquares {
    fn critic_loss(&self, real: Tensor<1>, fake: Tensor<1>) -> Tensor<1> {
        ((real - 1.0).square().mean() + fake.square().mean()) * 0.5
    }

    fn generator_loss(&self, _real: &dyn Fn() -> Tensor<1>, fake: Tensor<1>) -> Tensor<1> {
        (fake - 1.0).square().mean() * 0.5
    }

    fn real_probability(&self, score: Tensor<1>) -> Option<Tensor<1>> {
        Some(score.clamp(0.0, 1.0))
    }

    fn logged(&self, scalars: Scalars, real: Tensor<1>, fake: Tensor<1>) -> Scalars {
        told(scalars, real.mean(), fake.mean(), 0.5)
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::tests::{critic, generator, slope_at},
        *,
    };

    #[test]
    fn both_losses_match_their_formulas() {
        assert!((critic(&LeastSquares {}, 0.7, 0.4) - 0.5 * (0.09 + 0.16)).abs() < 1e-6);
        assert!((generator(&LeastSquares {}, 0.4) - 0.5 * 0.36).abs() < 1e-6);
    }

    #[test]
    fn the_critics_loss_is_flat_where_it_scores_the_share_of_real_values() {
        // Of four values at one place three are real: p_d / (p_d + p_g) = ¾.
        assert!(slope_at(&LeastSquares {}, 0.75, 3, 1).abs() < 1e-6);
        assert!(slope_at(&LeastSquares {}, 0.6, 3, 1) < -0.1);
    }
}
