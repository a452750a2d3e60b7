//! Encoder, rectified code, decoder.

use crate::SparseAeConfig;
use burn::{
    module::Module,
    tensor::{Device, Tensor, activation::relu},
};
use genlab_core::{
    ImageShape,
    nn::{Decoder, Encoder, Linear},
};

#[derive(Module, Debug)]
pub(crate) struct SparseAeNet {
    encoder: Encoder,
    code: Linear,
    decoder: Decoder,
}

impl SparseAeNet {
    pub(crate) fn new(config: &SparseAeConfig, shape: ImageShape, device: &Device) -> Self {
        let encoder = config.backbone.encoder(shape, device);
        Self {
            code: Linear::new(encoder.features(), config.latent, device),
            encoder,
            decoder: config.backbone.decoder(config.latent, shape, device),
        }
    }

    /// `[B, C, H, W]` to `[B, L]`, none negative and most zero.
    pub(crate) fn encode(&self, images: Tensor<4>) -> Tensor<2> {
        relu(self.code.forward(self.encoder.forward(images)))
    }

    /// `[B, L]` to logits `[B, C, H, W]`.
    pub(crate) fn decode(&self, codes: Tensor<2>) -> Tensor<4> {
        self.decoder.forward(codes)
    }
}
