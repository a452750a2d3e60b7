//! Values to codes.

use crate::condition::Condition;
use burn::tensor::Tensor;

/// A batch of codes.
#[derive(Clone, Debug)]
pub struct Codes {
    /// `[B, L]`: the code, or the posterior's mean.
    pub mean: Tensor<2>,
    /// `[B, L]`: the log-variance of a Gaussian posterior, where there is one.
    pub log_var: Option<Tensor<2>>,
}

/// Maps values to codes.
pub trait Encode {
    /// Values `[B, C, H, W]` of the dataset's space to codes.
    fn encode(&self, values: Tensor<4>, condition: &Condition) -> Codes;

    /// Whether units are meant to be off for most values, so that sparsity is worth reporting.
    fn is_sparse(&self) -> bool {
        false
    }
}
