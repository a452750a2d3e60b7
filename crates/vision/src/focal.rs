//! A loss of yes and no where almost all is no.

use burn::tensor::{Tensor, activation::log_sigmoid};
use genlab_core::nn::sigmoid;

/// Weight of what is true; the rest has what is left of 1. With an exponent of 2 what worked best in Lin et al. 2017.
const ALPHA: f64 = 0.25;

/// Eq. 5 of Lin et al. 2017 (arXiv:1708.02002) with γ = 2, number by number: of logits and the truth, 1 or 0, of the same shape
/// or one that is spread over theirs,
///
/// ```text
/// −α_t (1 − p_t)² ln p_t        p_t = p and α_t = α where the truth is 1, 1 − p and 1 − α where it is 0
/// ```
pub(crate) fn focal<const D: usize>(logits: Tensor<D>, truth: Tensor<D>) -> Tensor<D> {
    let surprise = -log_sigmoid(logits.clone() * (truth.clone() * 2.0 - 1.0));
    let wrong = (sigmoid(logits) - truth.clone()).abs();
    let weight = truth * (2.0 * ALPHA - 1.0) + (1.0 - ALPHA);
    wrong.square() * surprise * weight
}
