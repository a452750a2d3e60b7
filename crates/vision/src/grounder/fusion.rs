//! Places of a picture and words of a caption, which look at each other.

use crate::encoder::Block;
use burn::{
    module::Module,
    tensor::{Device, Tensor},
};
use genlab_core::nn::{Attention, LayerNorm, TransformerBlock};

/// Size of a layer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Size {
    /// Numbers of a place, which `heads` divides.
    pub(super) places: usize,
    /// Numbers of a word, which `heads` divides.
    pub(super) words: usize,
    /// Heads of attention between them.
    pub(super) heads: usize,
    /// Heads of the attention of words to one another, which divide `words`.
    pub(super) text_heads: usize,
    /// Width of a hidden layer of words over `words`.
    pub(super) mlp_ratio: usize,
    /// Largest number of groups of a group normalisation of places.
    pub(super) norm_groups: usize,
}

/// Places `[B, C, rows, columns]` and words `[B, L, width]`.
pub(super) struct Both {
    pub(super) places: Tensor<4>,
    pub(super) words: Tensor<3>,
}

/// A layer of deep fusion, Eq. 4 to 6 of arXiv:2112.03857: places look at words and words at places, each sees what the
/// other was before, and each goes on by itself,
///
/// ```text
/// O_t2i, P_i2t = X-MHA(O, P)        O ← block(O + O_t2i)        P ← block(P + P_i2t)
/// ```
///
/// by a residual unit of convolutions for places, for the paper's dynamic head, and a transformer block for words. The two
/// directions have queries and keys of their own, where the paper's share one product.
#[derive(Module, Debug)]
pub(super) struct Fusion {
    places_norm: LayerNorm,
    words_norm: LayerNorm,
    to_words: Attention,
    to_places: Attention,
    places: Block,
    words: TransformerBlock,
}

impl Fusion {
    pub(super) fn new(size: Size, device: &Device) -> Self {
        let Size { places, words, heads, text_heads, mlp_ratio, norm_groups } = size;
        Self {
            places_norm: LayerNorm::new(places, device),
            words_norm: LayerNorm::new(words, device),
            to_words: Attention::new(places, words, heads, device),
            to_places: Attention::new(words, places, heads, device),
            places: Block::new(places, norm_groups, device),
            words: TransformerBlock::new(words, text_heads, mlp_ratio, device),
        }
    }

    /// `located` `[1, T, C]` says where each of the T places lies, so that words know where they look.
    pub(super) fn forward(&self, both: Both, located: &Tensor<3>) -> Both {
        let [batch, channels, rows, columns] = both.places.dims();
        let places = self.places_norm.forward(in_a_row(both.places.clone())) + located.clone();
        let words = self.words_norm.forward(both.words.clone());
        let to_words = self.to_words.toward(places.clone(), words.clone());
        let to_words = to_words.swap_dims(1, 2).reshape([batch, channels, rows, columns]);
        let to_places = self.to_places.toward(words, places);
        Both {
            places: self.places.forward(both.places + to_words),
            words: self.words.forward(both.words + to_places),
        }
    }
}

/// Places `[B, C, rows, columns]` row by row, `[B, T, C]`.
pub(super) fn in_a_row(places: Tensor<4>) -> Tensor<3> {
    places.flatten::<3>(2, 3).swap_dims(1, 2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Distribution;

    #[test]
    fn every_place_depends_on_every_word_and_every_word_on_every_place() {
        let device = Device::flex();
        let size =
            Size { places: 8, words: 6, heads: 2, text_heads: 3, mlp_ratio: 2, norm_groups: 2 };
        let fusion = Fusion::new(size, &device);
        let normal = Distribution::Normal(0.0, 1.0);
        let located = Tensor::random([1, 6, 8], normal, &device);
        let places = Tensor::<4>::random([1, 8, 2, 3], normal, &device);
        let words = Tensor::<3>::random([1, 4, 6], normal, &device);
        let host = |x: Tensor<3>| -> Vec<f32> { x.into_data().try_into_vec().expect("f32") };
        let look = |places: &Tensor<4>, words: &Tensor<3>| {
            let both = Both { places: places.clone(), words: words.clone() };
            let both = fusion.forward(both, &located);
            [host(in_a_row(both.places)), host(both.words)]
        };
        let [seen, read] = look(&places, &words);
        let word = Tensor::random([1, 1, 6], normal, &device);
        let others = Tensor::cat(vec![words.clone().narrow(1, 0, 3), word], 1);
        let [told_otherwise, _] = look(&places, &others);
        for (place, (a, b)) in seen.chunks(8).zip(told_otherwise.chunks(8)).enumerate() {
            assert_ne!(a, b, "place {place}");
        }
        let column = Tensor::random([1, 8, 2, 1], normal, &device);
        let others = Tensor::cat(vec![places.narrow(3, 0, 2), column], 3);
        let [_, shown_otherwise] = look(&others, &words);
        for (word, (a, b)) in read.chunks(6).zip(shown_otherwise.chunks(6)).enumerate() {
            assert_ne!(a, b, "word {word}");
        }
    }
}
