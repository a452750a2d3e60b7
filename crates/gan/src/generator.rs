//! The generator.

use crate::GanConfig;
use burn::{
    module::Module,
    tensor::{Device, Tensor},
};
use genlab_core::{
    Condition, Conditions, Space,
    nn::{ClassEmbedding, Decoder},
};

/// Size of the vector that tells the generator a class.
const CLASS_SIZE: usize = 16;

#[derive(Module, Debug)]
pub(crate) struct Generator {
    decoder: Decoder,
    class: Option<ClassEmbedding>,
    #[module(skip)]
    space: Space,
}

impl Generator {
    pub(crate) fn new(
        config: &GanConfig,
        conditions: Conditions,
        space: Space,
        device: &Device,
    ) -> Self {
        let told = if conditions.classes.is_some() { CLASS_SIZE } else { 0 };
        Self {
            decoder: config.generator.decoder(config.latent_dim + told, space.shape, device),
            class: conditions
                .classes
                .map(|classes| ClassEmbedding::new(classes, CLASS_SIZE, 1.0, device)),
            space,
        }
    }

    /// Noise `[B, L]` to values `[B, C, H, W]`. The vector of its class stands behind each row.
    pub(crate) fn forward(&self, latent: Tensor<2>, condition: &Condition) -> Tensor<4> {
        let latent = match &self.class {
            None => latent,
            Some(class) => {
                let batch = latent.dims()[0];
                Tensor::cat(vec![latent, class.forward(condition, batch)], 1)
            }
        };
        self.space.output(self.decoder.forward(latent))
    }
}
