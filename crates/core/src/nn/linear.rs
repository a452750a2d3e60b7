//! The affine layer.

use super::init::fan_in_uniform;
use burn::{
    module::{Module, Param},
    nn::Initializer,
    tensor::{Device, Tensor},
};

/// `x W + b`.
#[derive(Module, Debug)]
pub struct Linear {
    /// `[in, out]`.
    pub weight: Param<Tensor<2>>,
    /// `[out]`.
    pub bias: Param<Tensor<1>>,
}

impl Linear {
    /// Weights and bias uniform in ±1/√in.
    pub fn new(inputs: usize, outputs: usize, device: &Device) -> Self {
        Self {
            weight: fan_in_uniform([inputs, outputs], inputs, device),
            bias: fan_in_uniform([outputs], inputs, device),
        }
    }

    /// Weights and bias zero, for a last layer that should start as nothing.
    pub fn zeros(inputs: usize, outputs: usize, device: &Device) -> Self {
        Self {
            weight: Initializer::Zeros.init([inputs, outputs], device),
            bias: Initializer::Zeros.init([outputs], device),
        }
    }

    /// `[B, in]` to `[B, out]`.
    pub fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        genlab_kernels::linear(x, self.weight.val(), Some(self.bias.val()))
    }
}
