//! Codes to values.

use crate::condition::Condition;
use burn::tensor::Tensor;

/// Maps codes to values.
pub trait Decode {
    /// Size of a code.
    fn latent_dim(&self) -> usize;

    /// Codes `[B, L]` to values `[B, C, H, W]` of the dataset's space.
    fn decode(&self, codes: Tensor<2>, condition: &Condition) -> Tensor<4>;
}
