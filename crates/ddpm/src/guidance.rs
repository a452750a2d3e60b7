//! How strongly samples follow what the model knows.

use crate::schedule::Moment;
use burn::tensor::Tensor;
use genlab_core::{
    Check, Condition, Fault,
    settings::{non_negative, positive, share},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How strongly samples follow what the model knows.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Guidance {
    /// Away from what the model makes when it is told nothing (Ho & Salimans 2022, arXiv:2207.12598).
    ClassifierFree {
        /// w: 1 follows the conditional model as it is, 0 ignores what is told, more than 1 goes beyond.
        /// Other than 0 and 1 it takes two network calls for one x̂_0.
        #[serde(default = "default_scale")]
        scale: f64,
        /// Levels of noise σ/α, the least and the greatest, between which w holds; outside it is 1. None: it
        /// holds everywhere (Kynkäänniemi et al. 2024, arXiv:2404.07724: early guidance narrows what is
        /// made, late guidance does nothing).
        #[serde(default)]
        interval: Option<[f64; 2]>,
    },
    /// Away from what the same network made early in its training, told the same: what it got wrong then it
    /// still gets a little wrong (Karras et al. 2024, arXiv:2406.02507).
    Auto {
        /// w: 1 is the network as it is, more than 1 goes beyond. Other than 1 it takes two network calls for
        /// one x̂_0.
        #[serde(default = "default_scale")]
        scale: f64,
        /// The share of the budget after which the weights are kept that it leads away from.
        #[serde(default = "default_share")]
        share: f64,
        /// As of classifier-free.
        #[serde(default)]
        interval: Option<[f64; 2]>,
    },
    /// Towards what a classifier of noisy values takes for the class, from a denoiser that is told none (Dhariwal & Nichol
    /// 2021, arXiv:2105.05233). The classifier learns beside the denoiser, on the same noisy values.
    Classifier {
        /// w: 0 asks the denoiser alone, 1 follows Bayes' rule, more than 1 takes the classifier at more than its word.
        /// Other than 0 it takes one call of the classifier, there and back, besides that of the denoiser.
        #[serde(default = "default_pull")]
        scale: f64,
        /// The classifier's: Adam with a cosine to 0.
        #[serde(default = "default_learning_rate")]
        learning_rate: f64,
        /// Levels of noise σ/α between which w holds; outside it is 0. None: it holds everywhere.
        #[serde(default)]
        interval: Option<[f64; 2]>,
    },
}

/// On digits the Fréchet distance of classifier-free guidance at 1, 1.5 and 2 was 0.95, 0.67 and 1.57, the share of samples
/// of the right class 91, 98.4 and 99.7 %; away from early weights the distance at 1, 1.25, 1.5 and 2 was 2.66, 1.94, 1.88 and
/// 2.77 (validation split, docs/models/ddpm.md).
fn default_scale() -> f64 {
    1.5
}

/// On digits the Fréchet distance at 1, 2, 4 and 8 was 2.28, 1.11, 0.65 and 0.87 (validation split, docs/results/diffusion.md).
fn default_pull() -> f64 {
    4.0
}

fn default_learning_rate() -> f64 {
    1e-3
}

/// A sixteenth of training, as in arXiv:2406.02507, table 2.
fn default_share() -> f64 {
    1.0 / 16.0
}

impl Default for Guidance {
    /// Below a level of 1 guidance changes nothing that a measure sees, and costs a call a step.
    fn default() -> Self {
        Self::Auto { scale: default_scale(), share: default_share(), interval: Some([1.0, 160.0]) }
    }
}

impl Check for Guidance {
    fn check(&self) -> Result<(), Fault> {
        non_negative("scale", self.scale())?;
        match self {
            Self::ClassifierFree { .. } => {}
            Self::Auto { share: kept, .. } => share("share", *kept)?,
            Self::Classifier { learning_rate, .. } => positive("learning_rate", *learning_rate)?,
        }
        let Some([least, most]) = self.interval() else { return Ok(()) };
        if least >= 0.0 && least < most {
            return Ok(());
        }
        let problem = format!("is [{least}, {most}]; set it to a level from 0 and a greater one");
        Err(Fault::new("interval", problem))
    }
}

impl Guidance {
    /// No guidance: what is told, and no more.
    pub(crate) const fn plain() -> Self {
        Self::ClassifierFree { scale: 1.0, interval: None }
    }

    /// The same with another w.
    pub(crate) fn with_scale(self, scale: f64) -> Self {
        match self {
            Self::ClassifierFree { interval, .. } => Self::ClassifierFree { scale, interval },
            Self::Auto { share, interval, .. } => Self::Auto { scale, share, interval },
            Self::Classifier { learning_rate, interval, .. } => {
                Self::Classifier { scale, learning_rate, interval }
            }
        }
    }

    /// The share of the budget after which weights are kept to lead away from; None where none are.
    pub(crate) fn early(self) -> Option<f64> {
        match self {
            Self::ClassifierFree { .. } | Self::Classifier { .. } => None,
            Self::Auto { share, .. } => Some(share),
        }
    }

    /// The learning rate of the classifier that leads; None where none does.
    pub(crate) fn classifier(self) -> Option<f64> {
        match self {
            Self::ClassifierFree { .. } | Self::Auto { .. } => None,
            Self::Classifier { learning_rate, .. } => Some(learning_rate),
        }
    }

    /// w as configured.
    pub fn scale(self) -> f64 {
        match self {
            Self::ClassifierFree { scale, .. }
            | Self::Auto { scale, .. }
            | Self::Classifier { scale, .. } => scale,
        }
    }

    fn interval(self) -> Option<[f64; 2]> {
        match self {
            Self::ClassifierFree { interval, .. }
            | Self::Auto { interval, .. }
            | Self::Classifier { interval, .. } => interval,
        }
    }

    /// w at that moment, for what is told: where there is nothing to lead away from or towards, that of no guidance.
    fn scale_at(self, condition: &Condition, at: Moment) -> f64 {
        let beyond = |[least, most]: [f64; 2]| !(least..=most).contains(&at.ratio());
        let nothing_told = match self {
            Self::ClassifierFree { .. } => condition.is_empty(),
            Self::Auto { .. } => false,
            // Without signal x_t says nothing of its class either.
            Self::Classifier { .. } => condition.classes.is_none() || at.alpha == 0.0,
        };
        let off = if self.classifier().is_some() { 0.0 } else { 1.0 };
        if nothing_told || self.interval().is_some_and(beyond) { off } else { self.scale() }
    }

    /// How often a network is called for the x̂_0 of that moment.
    pub(crate) fn calls(self, condition: &Condition, at: Moment) -> usize {
        match (self, self.scale_at(condition, at)) {
            (_, 0.0) | (Self::ClassifierFree { .. } | Self::Auto { .. }, 1.0) => 1,
            _ => 2,
        }
    }

    /// x̂_0 of the guided model, from `predict`, which gives x̂_0 of the model and of what to lead away from: û + w (ĉ −
    /// û). Eq. 6 of arXiv:2207.12598 says it of ε̂, with their w one less; x̂_0 is affine in ε̂, so it is
    /// the same rule (Eq. 3 of arXiv:2406.02507). Where w is 1 or 0 one of the two is not asked for. A classifier adds w times
    /// its pull to û (Algorithms 1 and 2 of arXiv:2105.05233, with w for their s).
    pub(crate) fn start(
        self,
        condition: &Condition,
        at: Moment,
        predict: impl Fn(Asked) -> Tensor<4>,
    ) -> Tensor<4> {
        let away = match self {
            Self::ClassifierFree { .. } => Asked::Untold,
            Self::Auto { .. } => Asked::Early,
            Self::Classifier { .. } => {
                let start = predict(Asked::Untold);
                return match self.scale_at(condition, at) {
                    0.0 => start,
                    scale => start + predict(Asked::Classifier) * scale,
                };
            }
        };
        match self.scale_at(condition, at) {
            1.0 => predict(Asked::Model),
            0.0 => predict(away),
            scale => {
                let away = predict(away);
                away.clone() + (predict(Asked::Model) - away) * scale
            }
        }
    }
}

/// Which prediction is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    /// The model's, told everything.
    Model,
    /// The model's, told nothing.
    Untold,
    /// That of its early weights, told everything.
    Early,
    /// By how much the classifier changes x̂_0.
    Classifier,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedule::{Schedule, ScheduleConfig};
    use burn::tensor::Device;

    /// Of a model that predicts 5 and leads away from 2.
    fn guided(guidance: Guidance, condition: &Condition) -> f32 {
        let at = Schedule::new(ScheduleConfig::FLOW).at(0.5);
        let predict = |asked| {
            let value = if asked == Asked::Model { 5.0 } else { 2.0 };
            Tensor::full([1, 1, 1, 1], value, &Device::flex())
        };
        guidance.start(condition, at, predict).into_data().try_to_vec().expect("floats")[0]
    }

    #[test]
    fn a_guidance_of_one_is_the_model_of_zero_what_it_leads_away_from_and_more_goes_beyond() {
        let told = Condition::of_classes(&[1], &Device::flex());
        let free = Guidance::ClassifierFree { scale: 1.0, interval: None };
        let auto = Guidance::Auto { scale: 1.0, share: 0.5, interval: None };
        for guidance in [free, auto] {
            let at = |scale| guided(guidance.with_scale(scale), &told);
            assert_eq!([0.0, 1.0, 3.0].map(at), [2.0, 5.0, 11.0]);
            // The rule itself, with both calls, runs into the model's own answer.
            assert!((at(1.0 + 1e-6) - at(1.0)).abs() < 1e-5);
        }
        let untold = Condition::default();
        let led = Guidance::Classifier { scale: 1.0, learning_rate: 1e-3, interval: None };
        let at = |scale| guided(led.with_scale(scale), &told);
        assert_eq!([0.0, 1.0, 3.0].map(at), [2.0, 4.0, 8.0], "the pull of 2 is added");
        assert_eq!(guided(led, &untold), 2.0, "without a class nothing pulls");
        let three = |guidance: Guidance| guided(guidance.with_scale(3.0), &untold);
        assert_eq!([free, auto].map(three), [5.0, 11.0], "early weights need no class");
    }
}
