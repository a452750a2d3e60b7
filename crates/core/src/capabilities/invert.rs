//! Values back from the noise that a sampler would make them of.

use crate::condition::Condition;
use burn::tensor::Tensor;

/// Gives values back by searching the noise that a sampler turns into them: what a model without an
/// encoder can do instead of encoding, at the cost of many network calls.
pub trait Invert {
    /// How, for labels: "DDIM inversion in 50 steps".
    fn method(&self) -> String;

    /// Values `[B, C, H, W]` of the dataset's space to the nearest that the search finds, same shape
    /// and space. Each value is searched for by itself: the batch matters to rounding alone, though
    /// many steps amplify that.
    fn invert(&self, values: Tensor<4>, condition: &Condition) -> Tensor<4>;
}
