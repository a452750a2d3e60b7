//! The block of a transformer, and its normalisation.

use super::{attention::Attention, linear::Linear};
use burn::{
    module::{Module, Param},
    nn::Initializer,
    tensor::{Device, Tensor},
};
use genlab_kernels::{gelu, layer_norm};

/// The variance floor of PyTorch's vision transformers.
const EPSILON: f64 = 1e-6;

/// Layer normalisation (Ba et al. 2016, arXiv:1607.06450) of each token.
#[derive(Module, Debug)]
pub struct LayerNorm {
    weight: Param<Tensor<1>>,
    bias: Param<Tensor<1>>,
}

impl LayerNorm {
    /// A scale of one and a shift of zero for each of `width` numbers.
    pub fn new(width: usize, device: &Device) -> Self {
        Self {
            weight: Initializer::Ones.init([width], device),
            bias: Initializer::Zeros.init([width], device),
        }
    }

    /// `[B, T, width]` to the same.
    pub fn forward(&self, x: Tensor<3>) -> Tensor<3> {
        layer_norm(x, self.weight.val(), self.bias.val(), EPSILON)
    }
}

/// Attention and two affine layers with a GELU between them, each behind a normalisation and with a skip around: the
/// encoder of figure 1, Eq. 2 and 3 of Dosovitskiy et al. 2021 (arXiv:2010.11929), with the GELU in its tanh form
/// (PyTorch's `approximate="tanh"`), which is at most 5e-4 from the one by the error function.
#[derive(Module, Debug)]
pub struct TransformerBlock {
    attention_norm: LayerNorm,
    attention: Attention,
    mlp_norm: LayerNorm,
    mlp_in: Linear,
    mlp_out: Linear,
}

impl TransformerBlock {
    /// `heads` divides `width`; the hidden layer is `mlp_ratio` times as wide.
    pub fn new(width: usize, heads: usize, mlp_ratio: usize, device: &Device) -> Self {
        Self {
            attention_norm: LayerNorm::new(width, device),
            attention: Attention::new(width, width, heads, device),
            mlp_norm: LayerNorm::new(width, device),
            mlp_in: Linear::new(width, mlp_ratio * width, device),
            mlp_out: Linear::new(mlp_ratio * width, width, device),
        }
    }

    /// `[B, T, width]` to the same.
    pub fn forward(&self, x: Tensor<3>) -> Tensor<3> {
        self.transformed(self.attended(x))
    }

    /// The first half alone, in which tokens look at each other: `[B, T, width]` to the same.
    pub(super) fn attended(&self, x: Tensor<3>) -> Tensor<3> {
        x.clone() + self.attention.forward(self.attention_norm.forward(x))
    }

    /// How much each token looks at each in it, the mean over heads: `[B, T, width]` to `[B, T, T]`, with sum 1 over those
    /// that are looked at.
    pub(super) fn weights(&self, x: Tensor<3>) -> Tensor<3> {
        let x = self.attention_norm.forward(x);
        let seen = self.attention.seen(x.clone());
        self.attention.weights(x, &seen).mean_dim(1).squeeze_dim::<3>(1)
    }

    /// The same as [`Self::attended`] by another attention than its own, and by no token to those after it.
    pub(super) fn attended_causally(&self, attention: &Attention, x: Tensor<3>) -> Tensor<3> {
        x.clone() + attention.causal(self.attention_norm.forward(x))
    }

    /// The second half alone, each token by itself: `[B, T, width]` to the same.
    pub(super) fn transformed(&self, x: Tensor<3>) -> Tensor<3> {
        let [batch, tokens, width] = x.dims();
        let h = self.mlp_norm.forward(x.clone()).reshape([batch * tokens, width]);
        let h = self.mlp_out.forward(gelu(self.mlp_in.forward(h)));
        x + h.reshape([batch, tokens, width])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::{Distribution, Tolerance};

    fn noise(shape: [usize; 3], device: &Device) -> Tensor<3> {
        Tensor::random(shape, Distribution::Normal(2.0, 3.0), device)
    }

    #[test]
    fn a_fresh_normalisation_gives_each_token_mean_zero_and_variance_one() {
        let device = Device::flex();
        let y = LayerNorm::new(16, &device).forward(noise([2, 3, 16], &device));
        for token in y.into_data().try_into_vec::<f32>().expect("f32").chunks(16) {
            let mean = token.iter().sum::<f32>() / 16.0;
            let variance = token.iter().map(|v| (v - mean).powi(2)).sum::<f32>() / 16.0;
            assert!(mean.abs() < 1e-5 && (variance - 1.0).abs() < 1e-4, "{mean}, {variance}");
        }
    }

    #[test]
    fn a_block_moves_with_its_tokens() {
        let device = Device::flex();
        let block = TransformerBlock::new(8, 2, 4, &device);
        let x = noise([2, 5, 8], &device);
        let there = block.forward(x.clone().flip([1])).flip([1]);
        let tolerance = Tolerance::absolute(1e-5);
        there.into_data().assert_approx_eq::<f32>(&block.forward(x).into_data(), tolerance);
    }
}
