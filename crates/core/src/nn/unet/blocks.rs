//! What the levels of a U-Net are made of, and the way down through them.

use crate::nn::{
    attention::Attention,
    conv::{Activation, Conv2d, Conv2dConfig, GroupNorm},
    linear::Linear,
    position::grid_positions,
};
use burn::{
    module::Module,
    tensor::{Device, Tensor},
};

/// What every block is told beside its maps.
pub(super) struct Told {
    /// Time, class and the like, embedded and activated: `[B, D]`.
    pub(super) time: Tensor<2>,
    /// The words of a caption, where there is one: `[B, T, width]`.
    pub(super) words: Option<Tensor<3>>,
}

/// The way down and the block at its end, in the middle.
pub(super) struct WayDown {
    pub(super) down: Vec<ResidualBlock>,
    pub(super) downsample: Vec<Conv2d>,
    pub(super) middle: ResidualBlock,
}

/// The same where a network or its copy has it.
pub(super) struct Encoder<'a> {
    pub(super) down: &'a [ResidualBlock],
    pub(super) downsample: &'a [Conv2d],
    pub(super) middle: &'a ResidualBlock,
}

/// The maps that it leaves.
pub(super) struct Encoded {
    /// Of each level, from full resolution inwards.
    pub(super) levels: Vec<Tensor<4>>,
    /// Of the middle.
    pub(super) middle: Tensor<4>,
}

impl Encoder<'_> {
    /// Maps behind the stem `[B, C, H, W]` to those of every level.
    pub(super) fn forward(&self, mut x: Tensor<4>, told: &Told) -> Encoded {
        let mut levels = Vec::with_capacity(self.down.len());
        for (level, block) in self.down.iter().enumerate() {
            if level > 0 {
                x = self.downsample[level - 1].forward(x);
            }
            x = block.forward(x, told);
            levels.push(x.clone());
        }
        Encoded { levels, middle: self.middle.forward(x, told) }
    }
}

impl Encoded {
    /// These maps with those of another way down added.
    pub(super) fn plus(self, other: Self) -> Self {
        let levels = self.levels.into_iter().zip(other.levels);
        Self {
            levels: levels.map(|(own, other)| own + other).collect(),
            middle: self.middle + other.middle,
        }
    }
}

/// Normalise, activate, convolve, twice, with the time added in between and a skip around.
#[derive(Module, Debug)]
pub(super) struct ResidualBlock {
    norm_in: GroupNorm,
    conv_in: Conv2d,
    time: Linear,
    norm_out: GroupNorm,
    conv_out: Conv2d,
    skip: Option<Conv2d>,
    attention: Option<AttentionBlock>,
    words: Option<AttentionBlock>,
}

impl ResidualBlock {
    pub(super) fn new(
        inputs: usize,
        outputs: usize,
        time: usize,
        groups: usize,
        device: &Device,
    ) -> Self {
        Self {
            norm_in: GroupNorm::new(groups, inputs, device),
            conv_in: Conv2dConfig::same3([inputs, outputs]).init(device),
            time: Linear::new(time, outputs, device),
            norm_out: GroupNorm::new(groups, outputs, device),
            conv_out: Conv2dConfig::same3([outputs, outputs]).init_zeros(device),
            skip: (inputs != outputs)
                .then(|| Conv2dConfig::new([inputs, outputs], [1, 1]).init(device)),
            attention: None,
            words: None,
        }
    }

    /// The same with attention to its own places and to words behind its convolutions, where there is any.
    pub(super) fn with_attention(
        self,
        attention: Option<AttentionBlock>,
        words: Option<AttentionBlock>,
    ) -> Self {
        Self { attention, words, ..self }
    }

    /// `[B, C_in, H, W]` to `[B, C_out, H, W]`.
    pub(super) fn forward(&self, x: Tensor<4>, told: &Told) -> Tensor<4> {
        let y = self.unworded(x, told);
        match (&self.words, &told.words) {
            (Some(attention), Some(words)) => attention.toward(y, words.clone()),
            _ => y,
        }
    }

    /// How much each place looks at each word, the mean over heads: `[B, C_in, H, W]` to `[B, H·W, T]`, with sum 1 over the words.
    /// None of a block that looks at none.
    pub(super) fn weights(&self, x: Tensor<4>, told: &Told) -> Option<Tensor<3>> {
        let (attention, words) = self.words.as_ref().zip(told.words.clone())?;
        Some(attention.weights(self.unworded(x, told), words))
    }

    /// All of it but what it looks for in words: `[B, C_in, H, W]` to `[B, C_out, H, W]`.
    fn unworded(&self, x: Tensor<4>, told: &Told) -> Tensor<4> {
        let h = self.conv_in.forward(self.norm_in.forward(x.clone(), Activation::Silu));
        let [batch, channels, _, _] = h.dims();
        let h = h + self.time.forward(told.time.clone()).reshape([batch, channels, 1, 1]);
        let h = self.conv_out.forward(self.norm_out.forward(h, Activation::Silu));
        let y = match &self.skip {
            Some(skip) => h + skip.forward(x),
            None => h + x,
        };
        match &self.attention {
            Some(attention) => attention.forward(y),
            None => y,
        }
    }
}

/// Attention between a normalisation and a skip around. Its last layer starts at zero. To the places themselves, with
/// one head, as in section 3.3 and appendix B of Ho et al. 2020 (arXiv:2006.11239); or to the words of a caption, as in
/// section 3.3 of Rombach et al. 2022 (arXiv:2112.10752).
#[derive(Module, Debug)]
pub(super) struct AttentionBlock {
    norm: GroupNorm,
    attention: Attention,
}

impl AttentionBlock {
    /// Maps of `channels` look at vectors of `seen` numbers.
    pub(super) fn new(
        channels: usize,
        seen: usize,
        heads: usize,
        groups: usize,
        device: &Device,
    ) -> Self {
        Self {
            norm: GroupNorm::new(groups, channels, device),
            attention: Attention::zeros(channels, seen, heads, device),
        }
    }

    /// `[B, C, H, W]` to the same.
    fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        let h = self.attention.forward(self.places(x.clone()));
        beside(x, h)
    }

    /// The same, looking at words `[B, T, seen]`.
    fn toward(&self, x: Tensor<4>, words: Tensor<3>) -> Tensor<4> {
        let h = self.attention.toward(self.told_places(x.clone()), words);
        beside(x, h)
    }

    /// How much each place looks at each word of `[B, T, seen]`, the mean over heads: `[B, H·W, T]`.
    fn weights(&self, x: Tensor<4>, words: Tensor<3>) -> Tensor<3> {
        let weights = self.attention.weights(self.told_places(x), &self.attention.seen(words));
        weights.mean_dim(1).squeeze_dim::<3>(1)
    }

    /// Maps `[B, C, H, W]`, normalised, as a token for each place: `[B, H·W, C]`.
    fn places(&self, x: Tensor<4>) -> Tensor<3> {
        self.norm.forward(x, Activation::Identity).flatten::<3>(2, 3).swap_dims(1, 2)
    }

    /// The same, told where they are, because which word a place asks for depends on that: nothing else tells it
    /// whether it stands left or right.
    fn told_places(&self, x: Tensor<4>) -> Tensor<3> {
        let [_, channels, rows, columns] = x.dims();
        let positions = grid_positions([rows, columns], channels, &x.device().inner());
        self.places(x) + positions.unsqueeze_dim(0)
    }
}

/// Maps `[B, C, H, W]` with what was made of their places, `[B, H·W, C]`, added.
fn beside(x: Tensor<4>, places: Tensor<3>) -> Tensor<4> {
    let shape = x.dims();
    x + places.swap_dims(1, 2).reshape(shape)
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::{Distribution, Tolerance};

    #[test]
    fn attention_starts_as_nothing() {
        let device = Device::flex();
        let block = AttentionBlock::new(8, 8, 1, 8, &device);
        let x = Tensor::<4>::random([2, 8, 3, 5], Distribution::Default, &device);
        assert_eq!(block.forward(x.clone()).into_data(), x.into_data());
    }

    #[test]
    fn attention_moves_with_the_places_that_it_looks_at() {
        let device = Device::flex();
        let mut block = AttentionBlock::new(8, 8, 1, 8, &device);
        block.attention = Attention::new(8, 8, 1, &device);
        let x = Tensor::<4>::random([1, 8, 2, 3], Distribution::Default, &device);
        let there = block.forward(x.clone().flip([3])).flip([3]);
        let here = block.forward(x.clone());
        there.into_data().assert_approx_eq::<f32>(&here.clone().into_data(), Tolerance::default());
        let changed = (here - x).abs().max().into_data().as_slice::<f32>().expect("f32")[0];
        assert!(changed > 1e-3, "{changed}");
    }

    #[test]
    fn what_a_place_asks_of_words_depends_on_where_it_is() {
        let device = Device::flex();
        let mut block = AttentionBlock::new(8, 6, 2, 8, &device);
        block.attention = Attention::new(8, 6, 2, &device);
        let words = Tensor::<3>::random([1, 4, 6], Distribution::Normal(0.0, 2.0), &device);
        // All places are alike but for where they are.
        let y = block.toward(Tensor::ones([1, 8, 3, 3], &device), words);
        let y: Vec<f32> = y.flatten::<1>(0, 3).into_data().try_into_vec().expect("f32");
        for (first, other) in [(0, 1), (0, 3), (1, 3)] {
            let apart = (0..8).map(|c| (y[9 * c + first] - y[9 * c + other]).abs()).sum::<f32>();
            assert!(apart > 1e-3, "places {first} and {other} are {apart} apart");
        }
    }
}
