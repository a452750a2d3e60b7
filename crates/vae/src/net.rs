//! Encoder to a Gaussian posterior, and decoder.

use crate::VaeConfig;
use burn::{
    module::Module,
    tensor::{Device, Tensor},
};
use genlab_core::{
    Condition, Conditions, Space,
    nn::{ClassEmbedding, Decoder, Encoder, Linear},
};

/// Size of the vector that stands for a class, and the standard deviation of its numbers at the start:
/// wide and long enough to be heard beside the code, so that the code need not say the class again.
const CLASS_SIZE: usize = 64;
const CLASS_SD: f64 = 2.0;

#[derive(Module, Debug)]
pub(crate) struct VaeNet {
    encoder: Encoder,
    mean: Linear,
    log_var: Linear,
    decoder: Decoder,
    class: Option<ClassEmbedding>,
    #[module(skip)]
    space: Space,
}

/// The Gaussian posterior q(z | x) of each value, `[B, L]` each.
pub(crate) struct Posterior {
    pub(crate) mean: Tensor<2>,
    pub(crate) log_var: Tensor<2>,
}

impl VaeNet {
    pub(crate) fn new(
        config: &VaeConfig,
        conditions: Conditions,
        space: Space,
        device: &Device,
    ) -> Self {
        let encoder = config.backbone.encoder(space.shape, device);
        let told = if conditions.classes.is_some() { CLASS_SIZE } else { 0 };
        let features = encoder.features() + told;
        let shape = space.shape;
        Self {
            mean: Linear::new(features, config.latent_dim, device),
            log_var: Linear::new(features, config.latent_dim, device),
            encoder,
            decoder: config.backbone.decoder(config.latent_dim + told, shape, device),
            class: conditions
                .classes
                .map(|classes| ClassEmbedding::new(classes, CLASS_SIZE, CLASS_SD, device)),
            space,
        }
    }

    /// Values `[B, C, H, W]` to the posterior.
    pub(crate) fn encode(&self, values: Tensor<4>, condition: &Condition) -> Posterior {
        let features = self.encoder.forward(self.space.input(values));
        let features = self.with_class(features, condition);
        Posterior {
            mean: self.mean.forward(features.clone()),
            log_var: self.log_var.forward(features),
        }
    }

    /// `[B, L]` to logits `[B, C, H, W]`.
    pub(crate) fn decode(&self, codes: Tensor<2>, condition: &Condition) -> Tensor<4> {
        self.decoder.forward(self.with_class(codes, condition))
    }

    /// `[B, L]` to values `[B, C, H, W]`, the means of p(x | z).
    pub(crate) fn values(&self, codes: Tensor<2>, condition: &Condition) -> Tensor<4> {
        self.space.output(self.decode(codes, condition))
    }

    /// What a decoder's last layer gives as values.
    pub(crate) fn output(&self, logits: Tensor<4>) -> Tensor<4> {
        self.space.output(logits)
    }

    /// `[B, N]` with the vector of its class behind each row, for a network that is told classes.
    fn with_class(&self, x: Tensor<2>, condition: &Condition) -> Tensor<2> {
        match &self.class {
            None => x,
            Some(class) => {
                let batch = x.dims()[0];
                Tensor::cat(vec![x, class.forward(condition, batch)], 1)
            }
        }
    }
}
