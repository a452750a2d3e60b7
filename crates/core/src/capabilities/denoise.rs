//! Values from noisy ones.

use crate::condition::Condition;
use burn::tensor::Tensor;

/// Takes noise away.
pub trait Denoise {
    /// The least and the most noise that the model was trained to take away: standard deviations in the
    /// units of the values.
    fn levels(&self) -> [f64; 2];

    /// The model's estimate of E[x | x + σ ε] for `noisy` = x + σ ε `[B, C, H, W]`, where x are values of the
    /// dataset's space, σ is `sigma` in their units and ε is standard normal: `[B, C, H, W]`. Values of a
    /// bounded range stay within it.
    fn denoise(&self, noisy: Tensor<4>, sigma: f64, condition: &Condition) -> Tensor<4>;
}
