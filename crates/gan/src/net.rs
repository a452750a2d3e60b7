//! Generator and critic.

use crate::GanConfig;
use burn::{
    module::Module,
    tensor::{Device, Tensor},
};
use genlab_core::{
    ImageShape,
    nn::{Decoder, Encoder, Linear, sigmoid},
};

#[derive(Module, Debug)]
pub(crate) struct Generator {
    decoder: Decoder,
}

impl Generator {
    pub(crate) fn new(config: &GanConfig, shape: ImageShape, device: &Device) -> Self {
        Self { decoder: config.generator.decoder(config.latent_dim, shape, device) }
    }

    /// Noise `[B, L]` to images `[B, C, H, W]` in [0, 1].
    pub(crate) fn forward(&self, latent: Tensor<2>) -> Tensor<4> {
        sigmoid(self.decoder.forward(latent))
    }
}

#[derive(Module, Debug)]
pub(crate) struct Critic {
    encoder: Encoder,
    score: Linear,
}

impl Critic {
    pub(crate) fn new(config: &GanConfig, shape: ImageShape, device: &Device) -> Self {
        let encoder = config.critic.encoder(shape, device);
        Self { score: Linear::new(encoder.features(), 1, device), encoder }
    }

    /// Images `[B, C, H, W]` in [0, 1] to the logit of "real", `[B]`.
    pub(crate) fn forward(&self, images: Tensor<4>) -> Tensor<1> {
        let centred = images * 2.0 - 1.0;
        self.score.forward(self.encoder.forward(centred)).squeeze_dim::<1>(1)
    }
}
