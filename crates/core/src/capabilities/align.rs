//! Values and captions in one space.

use burn::tensor::{Int, Tensor};

/// Holds values beside captions.
pub trait Align {
    /// Values `[B, C, H, W]` of the dataset's space to unit vectors `[B, E]`, each row by itself.
    fn values(&self, values: Tensor<4>) -> Tensor<2>;

    /// Captions `[B, T]`, numbers of words, to unit vectors `[B, E]`, each row by itself.
    fn captions(&self, captions: Tensor<2, Int>) -> Tensor<2>;

    /// The inverse temperature `[1]`: what inner products of these vectors are multiplied by before they are logits.
    fn scale(&self) -> Tensor<1>;
}
