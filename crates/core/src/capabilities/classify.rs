//! Values to classes.

use burn::tensor::Tensor;

/// What a classifier makes of values.
#[derive(Clone, Debug)]
pub struct Classified {
    /// `[B, F]`: what it has seen of each value, before it decides. Distances between values are taken here.
    pub features: Tensor<2>,
    /// `[B, K]`: class k has probability softmax(logits)_k.
    pub logits: Tensor<2>,
}

/// Tells classes apart.
pub trait Classify {
    /// Number of classes, K.
    fn classes(&self) -> usize;

    /// Dimension of the features, F.
    fn features(&self) -> usize;

    /// Values `[B, C, H, W]` of the dataset's space to features and logits, each row by itself. Gradients with
    /// respect to tracked values pass.
    fn classify(&self, values: Tensor<4>) -> Classified;

    /// How much the place of each pixel of values `[B, C, H, W]` contributes to what it makes of them, as far as attention
    /// tells: `[B, H, W]`, at least 0. None of a network without attention.
    fn attended(&self, _values: Tensor<4>) -> Option<Tensor<3>> {
        None
    }
}
