//! Encoder to a Gaussian posterior, and decoder.

use crate::VaeConfig;
use burn::{
    module::Module,
    tensor::{Device, Tensor},
};
use genlab_core::{
    ImageShape,
    nn::{Decoder, Encoder, Linear},
};

#[derive(Module, Debug)]
pub(crate) struct VaeNet {
    encoder: Encoder,
    mean: Linear,
    log_var: Linear,
    decoder: Decoder,
}

/// The Gaussian posterior q(z | x) of each image, `[B, L]` each.
pub(crate) struct Posterior {
    pub(crate) mean: Tensor<2>,
    pub(crate) log_var: Tensor<2>,
}

impl VaeNet {
    pub(crate) fn new(config: &VaeConfig, shape: ImageShape, device: &Device) -> Self {
        let encoder = config.backbone.encoder(shape, device);
        Self {
            mean: Linear::new(encoder.features(), config.latent_dim, device),
            log_var: Linear::new(encoder.features(), config.latent_dim, device),
            encoder,
            decoder: config.backbone.decoder(config.latent_dim, shape, device),
        }
    }

    /// `[B, C, H, W]` to the posterior.
    pub(crate) fn encode(&self, images: Tensor<4>) -> Posterior {
        let features = self.encoder.forward(images);
        Posterior {
            mean: self.mean.forward(features.clone()),
            log_var: self.log_var.forward(features),
        }
    }

    /// `[B, L]` to logits `[B, C, H, W]`.
    pub(crate) fn decode(&self, codes: Tensor<2>) -> Tensor<4> {
        self.decoder.forward(codes)
    }
}
