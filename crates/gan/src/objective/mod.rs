//! What the two networks play for: one file per objective, on logits `l` of the critic with D = σ(l).

mod hinge;
mod least_squares;
mod minimax;
mod non_saturating;
mod relativistic;
mod wasserstein;

pub use hinge::Hinge;
pub use least_squares::LeastSquares;
pub use minimax::Minimax;
pub use non_saturating::NonSaturating;
pub use relativistic::Relativistic;
pub use wasserstein::Wasserstein;

use burn::tensor::Tensor;
use genlab_core::{Check, Fault, Scalars, nn::sigmoid};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The setting: which game is played.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Objective {
    /// The generator minimises −log D(G(z)).
    NonSaturating(NonSaturating),
    /// The generator minimises log(1 − D(G(z))).
    Minimax(Minimax),
    /// Scores instead of probabilities, and no pull where the critic is sure.
    Hinge(Hinge),
    /// Squared distances of scores from 0 and 1.
    LeastSquares(LeastSquares),
    /// Real and generated values in pairs.
    Relativistic(Relativistic),
    /// Mean scores; needs a regulariser that bounds the critic's slope.
    Wasserstein(Wasserstein),
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

    /// What scores say of p_d / (p_d + p_g), `[B]` in [0, 1], where the best critic of this game knows it.
    fn real_probability(&self, _score: Tensor<1>) -> Option<Tensor<1>> {
        None
    }

    /// Whether the critic's loss has a lower bound whatever its slope.
    fn is_bounded(&self) -> bool {
        true
    }
}

/// The name under which the value is logged that both sides of the critic have when the generator has won.
const EQUILIBRIUM: &str = "critic/equilibrium";

impl Objective {
    /// The game itself.
    pub fn game(&self) -> &dyn Game {
        match self {
            Self::NonSaturating(game) => game,
            Self::Minimax(game) => game,
            Self::Hinge(game) => game,
            Self::LeastSquares(game) => game,
            Self::Relativistic(game) => game,
            Self::Wasserstein(game) => game,
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

/// `scalars` with what the critic makes of real and of generated values, and what both are when the
/// generator has won.
fn told(scalars: Scalars, real: Tensor<1>, fake: Tensor<1>, equilibrium: f64) -> Scalars {
    let equilibrium = Tensor::full([1], equilibrium, &real.device());
    scalars.with("critic/real", real).with("critic/fake", fake).with(EQUILIBRIUM, equilibrium)
}

/// `scalars` with the mean D of real and of generated values; `label` is that of real ones.
fn probabilities(scalars: Scalars, real: Tensor<1>, fake: Tensor<1>, label: f64) -> Scalars {
    told(scalars, sigmoid(real).mean(), sigmoid(fake).mean(), label / 2.0)
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

    /// The slope of the critic's loss in the one score that it gives to `real` and `fake` values in one place.
    pub(super) fn slope_at(game: &dyn Game, score: f32, real: usize, fake: usize) -> f32 {
        let all = (real + fake) as f32;
        let score = Tensor::<1>::full([1], score, &Device::flex()).autodiff().require_grad();
        // As losses are means of each side, each is weighted by its share.
        let of = |count: usize| score.clone().repeat(&[count]);
        let (real_share, fake_share) = (real as f32 / all, fake as f32 / all);
        let zero = || Tensor::<1>::full([1], 0.0, &Device::flex()).autodiff();
        let loss = game.critic_loss(of(real), zero()) * real_share
            + game.critic_loss(zero(), of(fake)) * fake_share;
        number(score.grad(&loss.backward()).expect("a gradient"))
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
        let logged = probabilities(Scalars::new(), logits(0.0), logits(3.0_f32.ln()), 0.8).read();
        let names: Vec<_> = logged.iter().map(|(name, _)| *name).collect();
        assert_eq!(names, ["critic/real", "critic/fake", EQUILIBRIUM]);
        for ((_, value), expected) in logged.iter().zip([0.5, 0.75, 0.4]) {
            assert!((value - expected).abs() < 1e-6, "{logged:?}");
        }
    }
}
