//! Values through a bottleneck and back.

use crate::condition::Condition;
use burn::tensor::Tensor;

/// Maps values to themselves through a bottleneck.
pub trait Reconstruct {
    /// Values `[B, C, H, W]` of the dataset's space to their mean reconstructions, same shape and
    /// space, no noise.
    fn reconstruct(&self, values: Tensor<4>, condition: &Condition) -> Tensor<4>;
}
