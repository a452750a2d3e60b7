//! Values from noisy ones.

use super::density::Term;
use crate::{condition::Condition, noise::Noise};
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

    /// How much the place of each pixel of `noisy`, as [`Self::denoise`] has it, looks at each of the T words of the caption that is
    /// told of it: `[B, T, H, W]`, at least 0. None of a model that is told none, or does not look at words place by place.
    fn attended(
        &self,
        _noisy: Tensor<4>,
        _sigma: f64,
        _condition: &Condition,
    ) -> Option<Tensor<4>> {
        None
    }

    /// The terms of the bound on −ln p(x) of values of 256 levels that belongs to the very steps of the model's samples,
    /// where these are draws from normal distributions: `prior`, `diffusion` and `reconstruction`. Value i uses row
    /// `first + i` of `noise`.
    fn chain_bound(
        &self,
        _values: Tensor<4>,
        _condition: &Condition,
        _noise: Noise,
        _first: u64,
    ) -> Option<Vec<Term>> {
        None
    }
}
