//! The generator.

use crate::GanConfig;
use burn::{
    module::Module,
    tensor::{Device, Tensor},
};
use genlab_core::{
    Condition, Conditions, Space,
    nn::{CaptionEmbedding, ClassEmbedding, Decoder, told_vector},
};

/// Size of the vector that tells the generator a class.
const CLASS_SIZE: usize = 16;

#[derive(Module, Debug)]
pub(crate) struct Generator {
    decoder: Decoder,
    class: Option<ClassEmbedding>,
    caption: Option<CaptionEmbedding>,
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
        let told = match (conditions.classes, conditions.captions) {
            (Some(_), _) => CLASS_SIZE,
            (None, Some(captions)) => captions.text.width,
            (None, None) => 0,
        };
        Self {
            decoder: config.generator.decoder(config.latent_dim + told, space.shape, device),
            class: conditions
                .classes
                .map(|classes| ClassEmbedding::new(classes, CLASS_SIZE, 1.0, device)),
            caption: conditions
                .captions
                .map(|captions| CaptionEmbedding::new(captions, captions.text.width, 1.0, device)),
            space,
        }
    }

    /// Noise `[B, L]` to values `[B, C, H, W]`. The vector of its class or caption stands behind each row.
    pub(crate) fn forward(&self, latent: Tensor<2>, condition: &Condition) -> Tensor<4> {
        let batch = latent.dims()[0];
        let told = told_vector(self.class.as_ref(), self.caption.as_ref(), condition, batch);
        let latent = match told {
            None => latent,
            Some(told) => Tensor::cat(vec![latent, told], 1),
        };
        self.space.output(self.decoder.forward(latent))
    }
}
