//! Encoder, code, decoder: the network of every autoencoder.

use super::{
    backbone::{BackboneConfig, Decoder, Encoder},
    linear::Linear,
};
use crate::space::Space;
use burn::{
    module::Module,
    tensor::{Device, Tensor},
};

/// Values to codes and back.
#[derive(Module, Debug)]
pub struct Autoencoder {
    encoder: Encoder,
    code: Linear,
    decoder: Decoder,
    #[module(skip)]
    space: Space,
}

impl Autoencoder {
    /// Codes of `latent_dim` numbers for values of `space`.
    pub fn new(
        backbone: &BackboneConfig,
        latent_dim: usize,
        space: Space,
        device: &Device,
    ) -> Self {
        let encoder = backbone.encoder(space.shape, device);
        Self {
            code: Linear::new(encoder.features(), latent_dim, device),
            encoder,
            decoder: backbone.decoder(latent_dim, space.shape, device),
            space,
        }
    }

    /// The space of its values.
    pub fn space(&self) -> Space {
        self.space
    }

    /// Values `[B, C, H, W]` to `[B, L]`, any real numbers: an activation of the code is the caller's.
    pub fn encode(&self, values: Tensor<4>) -> Tensor<2> {
        self.code.forward(self.encoder.forward(self.space.input(values)))
    }

    /// What maps values to codes, where it is one affine layer.
    pub fn affine_encoder(&self) -> Option<&Linear> {
        self.encoder.is_identity().then_some(&self.code)
    }

    /// What maps codes to logits.
    pub fn decoder(&self) -> &Decoder {
        &self.decoder
    }

    /// `[B, L]` to values `[B, C, H, W]`.
    pub fn values(&self, codes: Tensor<2>) -> Tensor<4> {
        self.space.output(self.decode(codes))
    }

    /// `[B, L]` to logits `[B, C, H, W]`.
    pub fn decode(&self, codes: Tensor<2>) -> Tensor<4> {
        self.decoder.forward(codes)
    }
}
