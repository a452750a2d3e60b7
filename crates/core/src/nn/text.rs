//! How a network reads a caption.

use super::transformer::{LayerNorm, TransformerBlock};
use crate::{
    condition::{Captions, Condition},
    settings::{Check, Fault, multiple, size},
};
use burn::{
    module::{Module, Param},
    nn::Initializer,
    tensor::{DType, Device, Int, Tensor},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Standard deviation of fresh vectors of words and of places: beside what a fresh block adds, a word is not lost. CLIP's 0.02 is for
/// networks that have longer to learn.
pub(super) const SD: f64 = 1.0;

/// Size of what reads captions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct TextConfig {
    /// Numbers per word, a multiple of `heads`.
    pub width: usize,
    /// Transformer blocks.
    pub depth: usize,
    /// Heads of each attention.
    pub heads: usize,
    /// Width of a block's hidden layer over `width`.
    pub mlp_ratio: usize,
}

impl Default for TextConfig {
    fn default() -> Self {
        // A grammar of 23 words asks for no more.
        Self { width: 64, depth: 2, heads: 4, mlp_ratio: 4 }
    }
}

impl Check for TextConfig {
    fn check(&self) -> Result<(), Fault> {
        size("width", self.width)?;
        size("depth", self.depth)?;
        size("heads", self.heads)?;
        multiple("width", self.width, self.heads, format_args!("heads = {}", self.heads))?;
        size("mlp_ratio", self.mlp_ratio)
    }
}

/// Words to one vector each, which knows what stands around it: learned vectors of words and of places, transformer
/// blocks in which every word sees all others, and a normalisation.
#[derive(Module, Debug)]
pub struct TextEncoder {
    /// `[words, width]`
    embedding: Param<Tensor<2>>,
    /// `[T, width]`
    places: Param<Tensor<2>>,
    blocks: Vec<TransformerBlock>,
    norm: LayerNorm,
}

impl TextEncoder {
    /// For these captions.
    pub fn new(captions: Captions, device: &Device) -> Self {
        let Captions { words, text } = captions;
        let TextConfig { width, depth, heads, mlp_ratio } = text;
        let vectors =
            |count| Initializer::Normal { mean: 0.0, std: SD }.init([count, width], device);
        Self {
            embedding: vectors(words.numbers),
            places: vectors(words.length),
            blocks: (0..depth)
                .map(|_| TransformerBlock::new(width, heads, mlp_ratio, device))
                .collect(),
            norm: LayerNorm::new(width, device),
        }
    }

    /// Numbers of words `[B, T]` to `[B, T, width]`.
    pub fn read(&self, captions: Tensor<2, Int>) -> Tensor<3> {
        let [batch, length] = captions.dims();
        let words = self.embedding.val();
        let [_, width] = words.dims();
        let x = words.select(0, captions.reshape([batch * length])).reshape([batch, length, width]);
        let x = x + self.places.val().unsqueeze_dim::<3>(0);
        let x = self.blocks.iter().fold(x, |x, block| block.forward(x));
        self.norm.forward(x)
    }

    /// What `batch` values are told, `[B, T, width]`: an empty caption where it is nothing.
    pub(super) fn forward(&self, condition: &Condition, batch: usize) -> Tensor<3> {
        let captions = condition.captions.clone().unwrap_or_else(|| {
            let [length, _] = self.places.val().dims();
            Tensor::zeros([batch, length], (&self.places.val().device().inner(), DType::I32))
        });
        self.read(captions)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::condition::Words;

    fn encoder(device: &Device) -> TextEncoder {
        let text = TextConfig { width: 8, heads: 2, ..TextConfig::default() };
        TextEncoder::new(Captions { words: Words { numbers: 7, length: 3 }, text }, device)
    }

    fn host(x: Tensor<3>) -> Vec<f32> {
        x.into_data().try_into_vec().expect("f32")
    }

    fn apart(a: &[f32], b: &[f32]) -> f32 {
        a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
    }

    #[test]
    fn every_word_knows_the_others_and_their_order() {
        let device = Device::flex();
        let encoder = encoder(&device);
        let read = |words: [[i32; 3]; 1]| host(encoder.read(Tensor::from_ints(words, &device)));
        let (one, order, other) = (read([[2, 3, 4]]), read([[2, 4, 3]]), read([[2, 3, 5]]));
        assert_eq!(one.len(), 24);
        // The first word is the same in all of them.
        for changed in [&order, &other] {
            let change = apart(&one[..8], &changed[..8]);
            assert!(change > 1e-4, "{change}");
        }
    }

    #[test]
    fn nothing_told_is_an_empty_caption() {
        let device = Device::flex();
        let encoder = encoder(&device);
        let untold = host(encoder.forward(&Condition::default(), 2));
        let empty = Tensor::<2, Int>::zeros([2, 3], (&device, DType::I32));
        assert_eq!(untold, host(encoder.forward(&Condition::of_captions(empty), 2)));
    }
}
