//! What the two networks play for: one file per objective, on logits `l` of the critic with D = σ(l).

mod hinge;
mod minimax;
mod non_saturating;

pub use hinge::Hinge;
pub use minimax::Minimax;
pub use non_saturating::NonSaturating;

use burn::tensor::Tensor;
use genlab_core::{Check, Fault, Scalars, nn::sigmoid};
use serde::{Deserialize, Serialize};

/// The setting: which game is played.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Objective {
    /// The generator minimises −log D(G(z)).
    NonSaturating(NonSaturating),
    /// The generator minimises log(1 − D(G(z))).
    Minimax(Minimax),
    /// Scores instead of probabilities, and no pull where the critic is sure.
    Hinge(Hinge),
}

/// A game between two networks: pure functions of the critic's logits, `[B]` of real values and `[B]` of
/// generated ones. Losses are means over the batch, `[1]`.
pub trait Game: Check {
    /// What the critic minimises.
    fn critic_loss(&self, real: Tensor<1>, fake: Tensor<1>) -> Tensor<1>;

    /// What the generator minimises. `real` costs a pass of the critic when it is called, so only an
    /// objective that compares generated values with real ones calls it.
    fn generator_loss(&self, real: &dyn Fn() -> Tensor<1>, fake: Tensor<1>) -> Tensor<1>;

    /// `scalars` with what is logged of the logits, in the objective's own terms.
    fn logged(&self, scalars: Scalars, real: Tensor<1>, fake: Tensor<1>) -> Scalars;
}

impl Objective {
    /// The game itself.
    pub fn game(&self) -> &dyn Game {
        match self {
            Self::NonSaturating(game) => game,
            Self::Minimax(game) => game,
            Self::Hinge(game) => game,
        }
    }
}

impl Default for Objective {
    fn default() -> Self {
        Self::NonSaturating(NonSaturating::default())
    }
}

impl Check for Objective {
    fn check(&self) -> Result<(), Fault> {
        self.game().check()
    }
}

/// log(1 + eˣ) without overflow.
fn softplus(x: Tensor<1>) -> Tensor<1> {
    x.clone().clamp_min(0.0) + (x.abs().neg().exp() + 1.0).log()
}

/// −E[log D(x)] − E[log(1 − D(G(z)))]: Eq. 1 of Goodfellow et al. 2014 (arXiv:1406.2661), as the critic
/// minimises it. 2 ln 2 when the critic cannot tell.
fn cross_entropy(real: Tensor<1>, fake: Tensor<1>) -> Tensor<1> {
    softplus(real.neg()).mean() + softplus(fake).mean()
}

/// `scalars` with the mean D of real and of generated values.
fn probabilities(scalars: Scalars, real: Tensor<1>, fake: Tensor<1>) -> Scalars {
    scalars
        .with("critic_on_real", sigmoid(real).mean())
        .with("critic_on_fake", sigmoid(fake).mean())
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;

    pub(super) fn number(x: Tensor<1>) -> f32 {
        x.into_data().as_slice::<f32>().expect("f32")[0]
    }

    pub(super) fn logits(value: f32) -> Tensor<1> {
        Tensor::full([3], value, &Device::flex())
    }

    /// The critic's loss where it gives every real and every generated value the same logit.
    pub(super) fn critic(game: &dyn Game, real: f32, fake: f32) -> f32 {
        number(game.critic_loss(logits(real), logits(fake)))
    }

    /// The generator's loss, of a game that asks for no logits of real values.
    pub(super) fn generator(game: &dyn Game, fake: f32) -> f32 {
        number(game.generator_loss(&|| panic!("a pass that nothing needs"), logits(fake)))
    }

    #[test]
    fn the_cross_entropy_of_an_undecided_critic_is_two_ln_two() {
        let loss = number(cross_entropy(logits(0.0), logits(0.0)));
        assert!((loss - 2.0 * 2.0_f32.ln()).abs() < 1e-6);
    }

    #[test]
    fn the_cross_entropy_of_extreme_logits_stays_finite() {
        assert_eq!(number(cross_entropy(logits(-200.0), logits(200.0))), 400.0);
        assert_eq!(number(cross_entropy(logits(200.0), logits(-200.0))), 0.0);
    }

    #[test]
    fn probabilities_are_logged_for_both_sides() {
        // σ(ln 3) = ¾.
        let logged = probabilities(Scalars::new(), logits(0.0), logits(3.0_f32.ln())).read();
        let [(real, on_real), (fake, on_fake)] = logged[..] else { panic!("{logged:?}") };
        assert_eq!([real, fake], ["critic_on_real", "critic_on_fake"]);
        assert!((on_real - 0.5).abs() < 1e-6 && (on_fake - 0.75).abs() < 1e-6, "{logged:?}");
    }
}
