//! Values back from the noise that a sampler would make them of.

use crate::condition::Condition;
use burn::tensor::Tensor;

/// Gives values back by searching the noise that a sampler turns into them: what a model without an
/// encoder can do instead of encoding, at the cost of many network calls.
pub trait Invert {
    /// How, for labels: "DDIM inversion in 50 steps".
    fn method(&self) -> String;

    /// The noise `[B, L]`, standard normal for values of the model's own, that makes the nearest that the search finds
    /// to each of `values` `[B, C, H, W]`. Each value is searched for by itself: the batch matters to rounding
    /// alone, though many steps amplify that.
    fn noise_of(&self, values: Tensor<4>, condition: &Condition) -> Tensor<2>;

    /// The values `[B, C, H, W]` of the dataset's space that noise `[B, L]` makes.
    fn values_of(&self, noise: Tensor<2>, condition: &Condition) -> Tensor<4>;

    /// Values `[B, C, H, W]` of the dataset's space to the nearest that the search finds, same shape and space.
    fn invert(&self, values: Tensor<4>, condition: &Condition) -> Tensor<4> {
        self.values_of(self.noise_of(values, condition), condition)
    }
}
