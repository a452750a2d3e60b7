//! The network: an encoder to as many numbers as there are units, and a decoder of what is on.

use crate::{
    SparseAeConfig,
    sparsity::{Magnitude, Sparsity, log_thresholds},
};
use burn::{
    module::{Module, Param},
    tensor::{Device, Tensor},
};
use genlab_core::{
    Space,
    nn::{Decoder, Encoder, Linear},
    params::named_params,
};

/// Values to pre-activations, codes to values.
#[derive(Module, Debug)]
pub(crate) struct SparseNet {
    encoder: Encoder,
    pub(crate) code: Linear,
    pub(crate) decoder: Decoder,
    /// ln θ_j of [`Sparsity::JumpRelu`], `[L]`.
    pub(crate) log_threshold: Option<Param<Tensor<1>>>,
    /// How large the units of [`Sparsity::Gated`] are.
    pub(crate) magnitude: Option<Magnitude>,
    #[module(skip)]
    space: Space,
}

impl SparseNet {
    pub(crate) fn new(config: &SparseAeConfig, space: Space, device: &Device) -> Self {
        let encoder = config.backbone.encoder(space.shape, device);
        let units = config.latent_dim;
        Self {
            code: Linear::new(encoder.features(), units, device),
            encoder,
            decoder: config.backbone.decoder(units, space.shape, device),
            log_threshold: match config.sparsity {
                Sparsity::JumpRelu(jump) => Some(log_thresholds(jump, units, device)),
                _ => None,
            },
            magnitude: match config.sparsity {
                Sparsity::Gated(_) => Some(Magnitude::new(units, device)),
                _ => None,
            },
            space,
        }
    }

    pub(crate) fn space(&self) -> Space {
        self.space
    }

    /// Values `[B, C, H, W]` to what the encoder's last layer reads, `[B, N]`.
    pub(crate) fn features(&self, values: Tensor<4>) -> Tensor<2> {
        self.encoder.forward(self.space.input(values))
    }

    /// Values `[B, C, H, W]` to pre-activations π `[B, L]`, any real numbers.
    pub(crate) fn pre_activations(&self, values: Tensor<4>) -> Tensor<2> {
        self.code.forward(self.features(values))
    }

    /// Codes `[B, L]` to values `[B, C, H, W]`.
    pub(crate) fn values(&self, codes: Tensor<2>) -> Tensor<4> {
        self.space.output(self.decoder.forward(codes))
    }

    /// The name of the parameter whose row j is what unit j writes.
    pub(crate) fn columns_name(&self) -> String {
        let id = self.decoder.first().weight.id;
        let param = named_params(self).into_iter().find(|param| param.id == id);
        param.expect("the decoder's first layer is a parameter").name
    }
}
