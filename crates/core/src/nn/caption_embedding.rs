//! How a network is told a caption as a whole.

use super::{class_embedding::ClassEmbedding, linear::Linear, text::TextEncoder};
use crate::condition::{Captions, Condition};
use burn::{
    module::Module,
    nn::Initializer,
    tensor::{Device, Tensor},
};

/// The sum over all T places of a caption, padding among them, as a text encoder reads it, over √T so that it is about as large as
/// one of them, through an affine layer.
#[derive(Module, Debug)]
pub struct CaptionEmbedding {
    encoder: TextEncoder,
    summary: Linear,
}

impl CaptionEmbedding {
    /// Vectors of `size` numbers for these captions, at first of about this standard deviation.
    pub fn new(captions: Captions, size: usize, sd: f64, device: &Device) -> Self {
        let width = captions.text.width;
        // Drawn with their size at once: what is made out of a parameter is no parameter, and would never be trained.
        let bound = sd / (width as f64).sqrt();
        let uniform = Initializer::Uniform { min: -bound, max: bound };
        let summary = Linear {
            weight: uniform.init([width, size], device),
            bias: uniform.init([size], device),
        };
        Self { encoder: TextEncoder::new(captions, device), summary }
    }

    /// What `batch` values are told, word by word, `[B, T, width]`: an empty caption where it is nothing.
    pub fn words(&self, condition: &Condition, batch: usize) -> Tensor<3> {
        self.encoder.forward(condition, batch)
    }

    /// The same as a whole, `[B, size]`.
    pub fn summary(&self, words: Tensor<3>) -> Tensor<2> {
        let [_, length, _] = words.dims();
        let sum = words.sum_dim(1).squeeze_dim::<2>(1);
        self.summary.forward(sum / (length as f64).sqrt())
    }

    /// What `batch` values are told, `[B, size]`.
    pub fn forward(&self, condition: &Condition, batch: usize) -> Tensor<2> {
        self.summary(self.words(condition, batch))
    }
}

/// What `batch` values are told by a network that knows classes or captions, `[B, size]`.
pub fn told_vector(
    class: Option<&ClassEmbedding>,
    caption: Option<&CaptionEmbedding>,
    condition: &Condition,
    batch: usize,
) -> Option<Tensor<2>> {
    let class = class.map(|class| class.forward(condition, batch));
    class.or_else(|| caption.map(|caption| caption.forward(condition, batch)))
}
