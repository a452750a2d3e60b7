//! What keeps most units off: an activation, and where that is not enough a penalty.

mod batch_top_k;
mod gated;
mod jump_relu;
mod kl;
mod l1;
mod top_k;

pub use gated::Gated;
pub use jump_relu::JumpRelu;
pub use kl::Kl;
pub use l1::L1;
pub use top_k::MostActive;

pub(crate) use gated::Magnitude;
pub(crate) use jump_relu::log_thresholds;
pub(crate) use top_k::{keep_from, largest};

use crate::net::SparseNet;
use burn::tensor::{Tensor, activation::relu};
use genlab_core::{Check, Fault};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The setting, one file each.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Sparsity {
    /// A ReLU with a penalty on the sum of codes.
    L1(L1),
    /// A sigmoid with a penalty on each unit's mean over the batch.
    Kl(Kl),
    /// The k largest units of each value.
    TopK(MostActive),
    /// The k B largest units of a batch of B values; a threshold once training is over.
    BatchTopK(MostActive),
    /// A learned threshold for each unit, with a penalty on how many are on.
    JumpRelu(JumpRelu),
    /// Whether a unit is on and how large it is are told apart.
    Gated(Gated),
}

/// When codes are computed.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Stage<'a> {
    /// In a step, with this share of the budget spent.
    Training { spent: f64 },
    /// After it, with the threshold that training has left, `[1]`.
    Frozen { threshold: &'a Tensor<1> },
}

impl Stage<'_> {
    fn spent(self) -> f64 {
        match self {
            Self::Training { spent } => spent,
            Self::Frozen { .. } => 1.0,
        }
    }
}

/// Codes with what they cost.
pub(crate) struct Activated {
    /// h, `[B, L]`, none negative.
    pub(crate) codes: Tensor<2>,
    pub(crate) penalty: Option<Penalty>,
    /// The smallest code that was kept, `[1]`, where the batch decides.
    pub(crate) threshold: Option<Tensor<1>>,
    /// Codes that must reconstruct as well, by a decoder that they do not train, `[B, L]`.
    pub(crate) gate: Option<Tensor<2>>,
}

/// A term of the loss.
pub(crate) struct Penalty {
    /// The name that it is logged under.
    pub(crate) name: &'static str,
    /// Mean over the batch, `[1]`.
    pub(crate) value: Tensor<1>,
    /// What it is multiplied by.
    pub(crate) weight: f64,
}

impl Activated {
    fn of(codes: Tensor<2>) -> Self {
        Self { codes, penalty: None, threshold: None, gate: None }
    }

    fn with_penalty(self, name: &'static str, value: Tensor<1>, weight: f64) -> Self {
        Self { penalty: Some(Penalty { name, value, weight }), ..self }
    }
}

impl Sparsity {
    /// Pre-activations π `[B, L]` of `net` to codes.
    pub(crate) fn activate(&self, net: &SparseNet, pre: Tensor<2>, stage: Stage<'_>) -> Activated {
        match self {
            Self::L1(l1) => {
                let codes = relu(pre);
                let value = l1::sum_of_codes(codes.clone()).mean();
                Activated::of(codes).with_penalty("l1", value, l1.weight(stage.spent()))
            }
            Self::Kl(kl) => {
                let codes = genlab_core::nn::sigmoid(pre);
                let value = kl::divergence(kl.rho, codes.clone());
                Activated::of(codes).with_penalty("kl", value, kl.weight(stage.spent()))
            }
            Self::TopK(most) => Activated::of(top_k::top_k(relu(pre), most.at(stage.spent()))),
            Self::BatchTopK(most) => match stage {
                Stage::Training { spent } => {
                    let (codes, least) = batch_top_k::batch_top_k(relu(pre), most.at(spent));
                    Activated { threshold: Some(least), ..Activated::of(codes) }
                }
                Stage::Frozen { threshold } => {
                    Activated::of(keep_from(relu(pre), threshold.clone().unsqueeze::<2>()))
                }
            },
            Self::JumpRelu(jump) => {
                let log_threshold = net.log_threshold.as_ref().expect("made with the network");
                let jump_relu::Jumped { codes, active } =
                    jump_relu::jump_relu(pre, log_threshold.val().exp(), jump.bandwidth);
                Activated::of(codes).with_penalty("l0", active.mean(), jump.weight(stage.spent()))
            }
            Self::Gated(gated) => {
                let magnitude = net.magnitude.as_ref().expect("made with the network");
                let gate = relu(pre.clone());
                let value = l1::sum_of_codes(gate.clone()).mean();
                let codes = Activated::of(gated::gated(pre, magnitude));
                let codes = codes.with_penalty("gate_l1", value, gated.weight(stage.spent()));
                Activated { gate: Some(gate), ..codes }
            }
        }
    }

    /// A unit is on above this.
    pub(crate) fn on_above(&self) -> f64 {
        match self {
            // A sigmoid is never 0: a hundredth of its largest value, as in evaluation.
            Self::Kl(_) => 0.01,
            _ => 0.0,
        }
    }

    /// # Errors
    /// When more units are to be on than there are.
    pub(crate) fn fits(&self, key: &str, latent_dim: usize) -> Result<(), Fault> {
        match self {
            Self::TopK(most) | Self::BatchTopK(most) => {
                most.fits(latent_dim).map_err(|fault| fault.within(key))
            }
            Self::L1(_) | Self::Kl(_) | Self::JumpRelu(_) | Self::Gated(_) => Ok(()),
        }
    }
}

impl Check for Sparsity {
    fn check(&self) -> Result<(), Fault> {
        match self {
            Self::L1(l1) => l1.check(),
            Self::Kl(kl) => kl.check(),
            Self::TopK(most) | Self::BatchTopK(most) => most.check(),
            Self::JumpRelu(jump) => jump.check(),
            Self::Gated(gated) => gated.check(),
        }
    }
}
