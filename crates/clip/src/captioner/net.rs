//! The network: an encoder of pictures, one transformer for captions, and a head for each task.

use super::picture::{PictureConfig, PictureEncoder};
use crate::net::{log_scale, scale, unit};
use burn::{
    module::{Module, Param},
    tensor::{Device, Int, Tensor},
};
use genlab_core::{
    Space,
    condition::Captions,
    nn::{Linear, Sight, TextMixture},
};

/// Everything that learns.
#[derive(Module, Debug)]
pub(super) struct Captioner {
    image: PictureEncoder,
    pub(super) text: TextMixture,
    /// To the vector of a picture, and to that of a caption.
    picture: Linear,
    caption: Linear,
    /// To the logit of a match.
    matches: Linear,
    /// The logarithm of the inverse temperature between vectors, `[1]`.
    log_scale: Param<Tensor<1>>,
    #[module(skip)]
    space: Space,
}

/// A picture as the network has read it.
pub(super) struct Picture {
    /// `[B, N, width]`
    tokens: Tensor<3>,
    /// What the transformer of captions sees of it.
    pub(super) sight: Sight,
}

impl Captioner {
    /// A fresh one. Vectors have `embedding_dim` numbers, and `temperature` lies between them.
    pub(super) fn new(
        image: &PictureConfig,
        captions: Captions,
        embedding_dim: usize,
        temperature: f64,
        space: Space,
        device: &Device,
    ) -> Self {
        let (seen, width) = (image.transformer.width, captions.text.width);
        Self {
            image: PictureEncoder::new(image, space.shape.channels, device),
            text: TextMixture::new(captions, seen, device),
            picture: Linear::new(seen, embedding_dim, device),
            caption: Linear::new(width, embedding_dim, device),
            matches: Linear::new(width, 1, device),
            log_scale: log_scale(temperature, device),
            space,
        }
    }

    /// Reads values `[B, C, H, W]`.
    pub(super) fn look(&self, values: Tensor<4>) -> Picture {
        let tokens = self.image.forward(self.space.centred(values));
        Picture { sight: self.text.see(tokens.clone()), tokens }
    }

    /// Where in values `[B, C, H, W]` the last block looks as each word of captions `[B, T]` is written: `[B, T, H, W]`.
    pub(super) fn attended(&self, values: Tensor<4>, captions: Tensor<2, Int>) -> Tensor<4> {
        let [_, _, height, width] = values.dims();
        let weights = self.text.attended(captions, &self.look(values).sight);
        self.image.by_pixels(weights, [height, width])
    }

    /// Unit vectors of pictures, `[B, E]`.
    pub(super) fn picture_vectors(&self, picture: &Picture) -> Tensor<2> {
        unit(self.picture.forward(picture.tokens.clone().mean_dim(1).squeeze_dim::<2>(1)))
    }

    /// Unit vectors of captions `[B, T]`, `[B, E]`.
    pub(super) fn caption_vectors(&self, captions: Tensor<2, Int>) -> Tensor<2> {
        unit(self.caption.forward(self.text.read(captions)))
    }

    /// The inverse temperature between them, `[1]`.
    pub(super) fn scale(&self) -> Tensor<1> {
        scale(&self.log_scale)
    }

    /// The logits `[B]` of captions `[B, T]` belonging to pictures.
    pub(super) fn match_logits(&self, captions: Tensor<2, Int>, sight: &Sight) -> Tensor<1> {
        self.matches.forward(self.text.compare(captions, sight)).squeeze_dim::<1>(1)
    }
}
