//! What is minimised: one file per bound.

mod ciwae;
mod elbo;
mod free_bits;
mod iwae;

pub use ciwae::ciwae;
pub use free_bits::free_bits;
pub use iwae::iwae;

use burn::tensor::Tensor;
use genlab_core::{
    Check, Fault,
    settings::{non_negative, share, size},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Which bound is minimised.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Objective {
    /// −ELBO, with the KL weighed.
    #[default]
    Elbo,
    /// The same with a KL that costs nothing below a threshold.
    FreeBits {
        /// Nats per dimension that are free.
        #[serde(default = "default_nats")]
        nats: f64,
    },
    /// The importance-weighted bound.
    Iwae {
        /// Draws per value: k.
        #[serde(default = "default_samples")]
        samples: usize,
    },
    /// A mixture of −ELBO and the importance-weighted bound.
    Ciwae {
        /// Draws per value: k.
        #[serde(default = "default_samples")]
        samples: usize,
        /// The share of −ELBO.
        #[serde(default = "default_weight")]
        weight: f64,
    },
}

/// What k draws from each posterior cost, in nats.
pub(crate) struct Drawn {
    /// −log p(x | z), `[k, B]`.
    pub(crate) nll: Tensor<2>,
    /// log p(z) − log q(z | x), `[k, B]`.
    pub(crate) prior_over_posterior: Tensor<2>,
    /// KL(q(z | x) ‖ p(z)) by its closed form, `[B, L]`, where the prior has one.
    pub(crate) kl: Option<Tensor<2>>,
}

impl Drawn {
    /// The mean of −log p(x | z) over draws, `[B]`.
    pub(crate) fn reconstruction(&self) -> Tensor<1> {
        mean(self.nll.clone())
    }

    /// KL(q(z | x) ‖ p(z)), `[B]`: exact where it can be, else by the draws.
    pub(crate) fn kl(&self) -> Tensor<1> {
        match &self.kl {
            Some(kl) => kl.clone().sum_dim(1).squeeze_dim::<1>(1),
            None => mean(self.prior_over_posterior.clone()).neg(),
        }
    }

    /// log w = log p(x | z) + log p(z) − log q(z | x), `[k, B]`.
    pub(crate) fn log_weights(&self) -> Tensor<2> {
        self.prior_over_posterior.clone() - self.nll.clone()
    }
}

/// Over draws: `[k, B]` to `[B]`.
fn mean(draws: Tensor<2>) -> Tensor<1> {
    draws.mean_dim(0).squeeze_dim::<1>(0)
}

impl Objective {
    /// Draws from each posterior.
    pub(crate) fn samples(self) -> usize {
        match self {
            Self::Elbo | Self::FreeBits { .. } => 1,
            Self::Iwae { samples } | Self::Ciwae { samples, .. } => samples,
        }
    }

    /// Whether it has a KL that can be weighed.
    pub(crate) fn weighs_the_kl(self) -> bool {
        matches!(self, Self::Elbo | Self::FreeBits { .. })
    }

    /// What is minimised, `[1]` nats per value, with this weight of the KL where it has one.
    pub(crate) fn loss(self, drawn: &Drawn, kl_weight: f64) -> Tensor<1> {
        match self {
            Self::Elbo => elbo::elbo(drawn.reconstruction(), drawn.kl(), kl_weight).mean(),
            Self::FreeBits { nats } => {
                let kl = drawn.kl.clone().expect("settings without a closed form were refused");
                drawn.reconstruction().mean() + free_bits(kl, nats) * kl_weight
            }
            Self::Iwae { .. } => iwae(drawn.log_weights()).mean(),
            Self::Ciwae { weight, .. } => ciwae(drawn.log_weights(), weight).mean(),
        }
    }
}

/// A quarter of a nat per dimension.
fn default_nats() -> f64 {
    0.25
}

/// As few as make a difference.
fn default_samples() -> usize {
    5
}

/// Half of each.
fn default_weight() -> f64 {
    0.5
}

impl Check for Objective {
    fn check(&self) -> Result<(), Fault> {
        match self {
            Self::Elbo => Ok(()),
            Self::FreeBits { nats } => non_negative("nats", *nats),
            Self::Iwae { samples } => size("samples", *samples),
            Self::Ciwae { samples, weight } => {
                size("samples", *samples)?;
                share("weight", *weight)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numbers;
    use burn::tensor::Device;

    fn close(found: f64, exact: f64) {
        assert!((found - exact).abs() < 1e-5, "{found} {exact}");
    }

    /// Two draws of one value with log w = −3 and −2, and a KL of 1 and 0.1 in its two dimensions.
    fn drawn() -> Drawn {
        let device = Device::flex();
        Drawn {
            nll: Tensor::from_floats([[2.0], [0.0]], &device),
            prior_over_posterior: Tensor::from_floats([[-1.0], [-2.0]], &device),
            kl: Some(Tensor::from_floats([[1.0, 0.1]], &device)),
        }
    }

    #[test]
    fn every_objective_is_its_formula_of_the_draws() {
        let loss = |objective: Objective| numbers(objective.loss(&drawn(), 0.5))[0];
        close(loss(Objective::Elbo), 1.0 + 0.5 * 1.1);
        close(loss(Objective::FreeBits { nats: 0.3 }), 1.0 + 0.5 * 1.3);
        let bound = -((-3.0_f64).exp().midpoint((-2.0_f64).exp())).ln();
        close(loss(Objective::Iwae { samples: 2 }), bound);
        close(loss(Objective::Ciwae { samples: 2, weight: 0.25 }), 0.25 * 2.5 + 0.75 * bound);
    }

    #[test]
    fn a_kl_without_a_closed_form_is_the_mean_over_draws() {
        let drawn = Drawn { kl: None, ..drawn() };
        close(numbers(drawn.kl())[0], 1.5);
        close(numbers(Objective::Elbo.loss(&drawn, 1.0))[0], 2.5);
    }
}
