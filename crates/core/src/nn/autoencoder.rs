//! Encoder, code, decoder: the network of every autoencoder.

use super::{
    backbone::{BackboneConfig, Decoder, Encoder},
    linear::Linear,
};
use crate::shape::ImageShape;
use burn::{
    module::Module,
    tensor::{Device, Tensor},
};

/// Images to codes and back.
#[derive(Module, Debug)]
pub struct Autoencoder {
    encoder: Encoder,
    code: Linear,
    decoder: Decoder,
}

impl Autoencoder {
    /// Codes of `latent_dim` numbers for images of `shape`.
    pub fn new(
        backbone: &BackboneConfig,
        latent_dim: usize,
        shape: ImageShape,
        device: &Device,
    ) -> Self {
        let encoder = backbone.encoder(shape, device);
        Self {
            code: Linear::new(encoder.features(), latent_dim, device),
            encoder,
            decoder: backbone.decoder(latent_dim, shape, device),
        }
    }

    /// `[B, C, H, W]` to `[B, L]`, any real values: an activation of the code is the caller's.
    pub fn encode(&self, images: Tensor<4>) -> Tensor<2> {
        self.code.forward(self.encoder.forward(images))
    }

    /// `[B, L]` to logits `[B, C, H, W]`.
    pub fn decode(&self, codes: Tensor<2>) -> Tensor<4> {
        self.decoder.forward(codes)
    }
}
