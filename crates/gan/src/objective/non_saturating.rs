//! The objective that keeps the generator's gradient alive when the critic wins.

use super::{Game, cross_entropy, probabilities, softplus};
use burn::tensor::Tensor;
use genlab_core::{Check, Fault, Scalars, nn::sigmoid, settings::share};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The generator minimises −E[log D(G(z))]: section 3 of Goodfellow et al. 2014 (arXiv:1406.2661).
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct NonSaturating {
    /// How far below 1 the critic's target for real values lies, in [0, 1) (one-sided label smoothing,
    /// Salimans et al. 2016, arXiv:1606.03498, section 3.4); 0 is the plain loss.
    pub label_smoothing: f64,
}

impl Check for NonSaturating {
    fn check(&self) -> Result<(), Fault> {
        share("label_smoothing", self.label_smoothing)
    }
}

impl Game for NonSaturating {
    /// Eq. 1 of arXiv:1406.2661. With labels smoothed by s the first term is
    /// −E[(1 − s) log D(x) + s log(1 − D(x))], which is least where D(x) = 1 − s.
    fn critic_loss(&self, real: Tensor<1>, fake: Tensor<1>) -> Tensor<1> {
        let plain = cross_entropy(real.clone(), fake);
        if self.label_smoothing > 0.0 {
            // (1 − s) softplus(−l) + s softplus(l) = softplus(−l) + s l.
            plain + real.mean() * self.label_smoothing
        } else {
            plain
        }
    }

    fn generator_loss(&self, _real: &dyn Fn() -> Tensor<1>, fake: Tensor<1>) -> Tensor<1> {
        softplus(fake.neg()).mean()
    }

    /// With labels smoothed by s the best critic is D = (1 − s) p_d / (p_d + p_g).
    fn real_probability(&self, score: Tensor<1>) -> Option<Tensor<1>> {
        Some((sigmoid(score) / (1.0 - self.label_smoothing)).clamp_max(1.0))
    }

    fn logged(&self, scalars: Scalars, real: Tensor<1>, fake: Tensor<1>) -> Scalars {
        probabilities(scalars, real, fake, 1.0 - self.label_smoothing)
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::tests::{critic, generator, slope_at},
        *,
    };

    const PLAIN: NonSaturating = NonSaturating { label_smoothing: 0.0 };

    #[test]
    fn an_undecided_critic_pays_two_ln_two_whatever_the_labels() {
        for label_smoothing in [0.0, 0.3] {
            let loss = critic(&NonSaturating { label_smoothing }, 0.0, 0.0);
            assert!((loss - 2.0 * 2.0_f32.ln()).abs() < 1e-6);
        }
    }

    #[test]
    fn smoothed_labels_are_a_cross_entropy_that_is_least_at_the_smoothed_label() {
        let (s, real, fake) = (0.1, 1.7, -0.4);
        let smoothed = NonSaturating { label_smoothing: s };
        let d = |logit: f64| 1.0 / (1.0 + (-logit).exp());
        let cross_entropy = -(1.0 - s) * d(real).ln() - s * (1.0 - d(real)).ln();
        let expected = cross_entropy - (1.0 - d(fake)).ln();
        assert!((critic(&smoothed, real as f32, fake as f32) - expected as f32).abs() < 1e-6);
        // D = 1 − s at the logit ln((1 − s) / s).
        let best = ((1.0 - s) / s).ln() as f32;
        for other in [best - 0.2, best + 0.2] {
            assert!(critic(&smoothed, best, 0.0) < critic(&smoothed, other, 0.0));
        }
        assert!(critic(&PLAIN, best + 0.2, 0.0) < critic(&PLAIN, best, 0.0));
    }

    #[test]
    fn the_critics_loss_is_flat_where_it_knows_the_share_of_real_values() {
        // Of four values at one place three are real: D = ¾ (1 − s).
        for label_smoothing in [0.0, 0.2] {
            let game = NonSaturating { label_smoothing };
            let d = 0.75 * (1.0 - label_smoothing as f32);
            let score = (d / (1.0 - d)).ln();
            assert!(slope_at(&game, score, 3, 1).abs() < 1e-6);
            assert!(slope_at(&game, score - 0.3, 3, 1) < -0.01);
            let told = game.real_probability(super::super::tests::logits(score)).expect("it tells");
            assert!((super::super::tests::number(told) - 0.75).abs() < 1e-6);
        }
    }

    #[test]
    fn the_generators_loss_matches_its_formula() {
        let d = 1.0 / (1.0 + (-1.3_f32).exp());
        assert!((generator(&PLAIN, 1.3) + d.ln()).abs() < 1e-6);
    }

    #[test]
    fn extreme_logits_stay_finite() {
        for label_smoothing in [0.0, 0.1] {
            assert!(critic(&NonSaturating { label_smoothing }, -200.0, 200.0).is_finite());
        }
        assert_eq!(generator(&PLAIN, -200.0), 200.0);
    }

    #[test]
    fn a_label_cannot_be_smoothed_away() {
        let fault = NonSaturating { label_smoothing: 1.0 }.check().expect_err("a fault");
        assert_eq!(fault.to_string(), "label_smoothing is 1; it must be 0 or greater, and below 1");
    }
}
