//! The encoder and the decoder, with what becomes of the code between them.

use crate::config::CodeActivation;
use burn::tensor::{Tensor, activation::sigmoid};
use genlab_core::{Range, nn::Autoencoder};

/// A network as an autoencoder uses it.
#[derive(Clone, Copy)]
pub(crate) struct Coder<'a> {
    pub(crate) net: &'a Autoencoder,
    pub(crate) activation: CodeActivation,
}

impl Coder<'_> {
    /// Values `[B, C, H, W]` to codes `[B, L]`.
    pub(crate) fn encode(self, values: Tensor<4>) -> Tensor<2> {
        let codes = self.net.encode(values);
        match self.activation {
            CodeActivation::Linear => codes,
            CodeActivation::Sigmoid => sigmoid(codes),
        }
    }

    /// How much the encoder's input changes with a value.
    pub(crate) fn input_scale(self) -> f64 {
        let space = self.net.space();
        match space.range {
            Range::Unit => 1.0,
            Range::Real => 1.0 / space.sd,
        }
    }
}
