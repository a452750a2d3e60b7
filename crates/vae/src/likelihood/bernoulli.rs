//! Pixels that are black or white.

use burn::tensor::Tensor;

/// 1 with probability p, else 0: where the uniform u lies below p.
pub(super) fn draw(probabilities: Tensor<4>, uniform: Tensor<4>) -> Tensor<4> {
    uniform.lower(probabilities).float()
}
