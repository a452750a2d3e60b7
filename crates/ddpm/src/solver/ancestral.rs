//! Ancestral sampling.

use super::{Oracle, ddim};
use crate::schedule::Moment;
use burn::tensor::Tensor;

/// A draw from q(x_s | x_t, x̂_0) (Eq. 6 and 7, Algorithm 2 of Ho et al. 2020, arXiv:2006.11239, with the
/// variance β̃_t), which is the implicit model's step with η = 1.
pub(super) fn step(x_t: Tensor<4>, from: Moment, to: Moment, oracle: &mut Oracle<'_>) -> Tensor<4> {
    ddim::step(1.0, x_t, from, to, oracle)
}
