//! The network: a picture is seen once, and answers every caption.

use super::{
    config::GrounderConfig,
    fusion::{Both, Fusion, Size, in_a_row},
};
use crate::{
    encoder::{Encoder, PLACE},
    fourier::grid_features,
};
use burn::{
    module::{Module, Param},
    nn::Initializer,
    tensor::{Device, Int, Tensor, activation::softplus},
};
use genlab_core::{
    Space,
    condition::Captions,
    nn::{LayerNorm, Linear, TextEncoder},
    objects::EDGES,
};

/// The probability that a fresh network gives a place of showing an object, so that the many that show none cost little:
/// section 3.3 of Lin et al. 2017 (arXiv:1708.02002).
const PRIOR: f64 = 0.01;
/// The inverse temperature at most, as CLIP has it.
const MOST_SCALE: f64 = 100.0;

/// Figure 2 of arXiv:2112.03857.
#[derive(Module, Debug)]
pub(super) struct GrounderNet {
    encoder: Encoder,
    text: TextEncoder,
    layers: Vec<Fusion>,
    places_norm: LayerNorm,
    phrases_norm: LayerNorm,
    place: Linear,
    phrase: Linear,
    edges: Linear,
    /// The logarithm of the inverse temperature, `[1]`.
    log_scale: Param<Tensor<1>>,
    /// `[1]`
    bias: Param<Tensor<1>>,
    #[module(skip)]
    space: Space,
}

/// What is seen of B pictures, whatever is asked of them.
pub(super) struct Seen {
    /// `[B, width, rows, columns]` at a quarter of the side.
    places: Tensor<4>,
}

impl Seen {
    /// Rows and columns of places.
    pub(super) fn grid(&self) -> [usize; 2] {
        let [_, _, rows, columns] = self.places.dims();
        [rows, columns]
    }
}

/// What every place says of every phrase.
pub(super) struct Answers {
    /// `[B, K, T]`: logits that place t shows the object of phrase k.
    pub(super) scores: Tensor<3>,
    /// `[B, K, 4, T]`: left, top, right and bottom edge of a box around that object in pixels, which has the middle of the
    /// place in it.
    pub(super) boxes: Tensor<4>,
}

impl GrounderNet {
    /// Of values of this space, which are images, and these captions.
    pub(super) fn new(
        config: &GrounderConfig,
        captions: Captions,
        space: Space,
        device: &Device,
    ) -> Self {
        let GrounderConfig { encoder, text, depth, heads, .. } = config;
        let [_, _, width] = encoder.channels;
        let size = Size {
            places: width,
            words: text.width,
            heads: *heads,
            text_heads: text.heads,
            mlp_ratio: text.mlp_ratio,
            norm_groups: encoder.norm_groups,
        };
        Self {
            encoder: Encoder::new(space.shape.channels, encoder, device),
            text: TextEncoder::new(captions, device),
            layers: (0..*depth).map(|_| Fusion::new(size, device)).collect(),
            places_norm: LayerNorm::new(width, device),
            phrases_norm: LayerNorm::new(text.width, device),
            place: Linear::new(width, width, device),
            phrase: Linear::new(text.width, width, device),
            edges: Linear::new(text.width, EDGES * width, device),
            log_scale: Initializer::Zeros.init([1], device),
            bias: Initializer::Constant { value: (PRIOR / (1.0 - PRIOR)).ln() }.init([1], device),
            space,
        }
    }

    /// What is to be seen of values `[B, C, H, W]`.
    pub(super) fn see(&self, values: Tensor<4>) -> Seen {
        Seen { places: self.encoder.forward(self.space.centred(values)).quarter }
    }

    /// One caption `[B, L]` for each of the pictures that are seen, and where in it the phrases are that are asked for,
    /// `[B, K]`.
    pub(super) fn answer(
        &self,
        seen: &Seen,
        captions: Tensor<2, Int>,
        words: Tensor<2, Int>,
    ) -> Answers {
        let ([batch, width, ..], [_, count]) = (seen.places.dims(), words.dims());
        let device = seen.places.device().inner();
        let located = grid_features(seen.grid(), width, &device).unsqueeze_dim::<3>(0);
        let both = Both { places: seen.places.clone(), words: self.text.read(captions) };
        let both = self.layers.iter().fold(both, |both, layer| layer.forward(both, &located));
        let places = self.places_norm.forward(in_a_row(both.places));
        let phrases = self.phrases_norm.forward(chosen(both.words, words));

        let [_, numbers, _] = places.dims();
        let scaled = 1.0 / (width as f64).sqrt();
        let place = by_row(&self.place, places.clone()).swap_dims(1, 2);
        let products = by_row(&self.phrase, phrases.clone()).matmul(place) * scaled;
        let scale = self.log_scale.val().clamp_max(MOST_SCALE.ln()).exp();
        let scores = products * scale.reshape([1, 1, 1]) + self.bias.val().reshape([1, 1, 1]);

        let directions = by_row(&self.edges, phrases).reshape([batch, count * EDGES, width]);
        let reach = directions.matmul(places.swap_dims(1, 2)) * scaled;
        let reach = reach.reshape([batch, count, EDGES, numbers]);
        // From the middle of the place to the left, up, to the right and down.
        let outward = Tensor::<1>::from_floats([-1.0, -1.0, 1.0, 1.0], &device);
        let distances = softplus(reach, 1.0) * (PLACE as f64);
        let boxes = distances * outward.reshape([1, 1, EDGES, 1]) + middles(seen.grid(), &device);
        Answers { scores, boxes }
    }
}

/// The middles of places in pixels, row by row, twice: x, y, x and y, `[1, 1, 4, T]`.
pub(super) fn middles([rows, columns]: [usize; 2], device: &Device) -> Tensor<4> {
    let places = rows * columns;
    let middle = |place: usize| (place as f32 + 0.5) * PLACE as f32;
    let of = |edge: usize, place: usize| {
        middle(if edge.is_multiple_of(2) { place % columns } else { place / columns })
    };
    let both: Vec<f32> = (0..EDGES * places).map(|at| of(at / places, at % places)).collect();
    Tensor::<1>::from_floats(both.as_slice(), device).reshape([1, 1, EDGES, places])
}

/// Of words `[B, L, width]` those at these places `[B, K]`: `[B, K, width]`.
fn chosen(words: Tensor<3>, places: Tensor<2, Int>) -> Tensor<3> {
    let [_, _, width] = words.dims();
    words.gather(1, places.unsqueeze_dim::<3>(2).repeat_dim(2, width))
}

/// A layer for every token: `[B, N, in]` to `[B, N, out]`.
fn by_row(layer: &Linear, x: Tensor<3>) -> Tensor<3> {
    let [batch, count, inputs] = x.dims();
    let y = layer.forward(x.reshape([batch * count, inputs]));
    let [_, outputs] = y.dims();
    y.reshape([batch, count, outputs])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn middles_are_half_a_place_from_the_edges() {
        let middles = middles([2, 3], &Device::flex());
        let middles: Vec<f32> = middles.into_data().try_into_vec().expect("f32");
        let (x, y) = ([2.0, 6.0, 10.0, 2.0, 6.0, 10.0], [2.0, 2.0, 2.0, 6.0, 6.0, 6.0]);
        assert_eq!(middles, [x, y, x, y].concat());
    }

    #[test]
    fn a_phrase_is_the_word_at_its_place() {
        let device = Device::flex();
        let words = Tensor::<1, Int>::arange(0..12, &device).float().reshape([2, 3, 2]);
        let phrases = chosen(words, Tensor::from_ints([[2, 0], [1, 1]], &device));
        let phrases: Vec<f32> = phrases.into_data().try_into_vec().expect("f32");
        assert_eq!(phrases, [4.0, 5.0, 0.0, 1.0, 8.0, 9.0, 8.0, 9.0]);
    }
}
