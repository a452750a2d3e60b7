//! Ancestral sampling.

use super::{Oracle, ddim};
use crate::schedule::Moment;
use burn::tensor::Tensor;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The variance of the noise that is added after each step (section 3.2 of Ho et al. 2020,
/// arXiv:2006.11239).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Variance {
    /// β̃_t = σ_s²/σ_t² β_t, that of q(x_s | x_t, x_0): the right one where x_0 is a single point.
    #[default]
    FixedSmall,
    /// β_t, that of q(x_t | x_s): the right one where x_0 is standard normal.
    FixedLarge,
    /// Between the two in their logarithms, by what a network with the objective "hybrid" says (Eq. 15 of Nichol & Dhariwal
    /// 2021, arXiv:2102.09672).
    Learned,
}

/// A draw from N(μ̃(x_t, x̂_0), variance), with the mean μ̃ of q(x_s | x_t, x_0) (Eq. 7 and Algorithm 2 of
/// arXiv:2006.11239), which is that of the implicit model's step with η = 1. After the last step, to
/// time 0, no noise is added.
pub(super) fn step(
    variance: Variance,
    x_t: Tensor<4>,
    from: Moment,
    to: Moment,
    oracle: &mut Oracle<'_>,
) -> Tensor<4> {
    let step = ddim::Transition::new(1.0, from, to);
    match variance {
        Variance::FixedLarge if to.sigma > 0.0 => {
            step.with_variance(ddim::missing(from, to)).take(x_t, from, oracle)
        }
        Variance::Learned if to.sigma > 0.0 => {
            let mean = step.mean(x_t, from, oracle);
            let ddim::Posterior { small, large, .. } = ddim::posterior(from, to);
            let [small, large] = [small, large].map(f64::ln);
            mean + oracle.fresh() * ((oracle.variance() * (large - small) + small) * 0.5).exp()
        }
        Variance::FixedLarge | Variance::FixedSmall | Variance::Learned => {
            step.take(x_t, from, oracle)
        }
    }
}
