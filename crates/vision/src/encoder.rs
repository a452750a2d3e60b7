//! From pictures to what is seen of them at three resolutions.

use burn::{
    module::Module,
    tensor::{Device, Tensor},
};
use genlab_core::{
    Check, Fault,
    nn::{Activation, Conv2d, Conv2dConfig, GroupNorm, pad_to_multiple},
    settings::{LARGEST_SIZE, at_most, multiple, size, sizes},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Pixels along a side of a place of the coarsest map.
pub(crate) const PLACE: usize = 4;

/// Size of what looks at pictures.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct EncoderConfig {
    /// Channels at the full, at half and at a quarter of the side.
    pub channels: [usize; 3],
    /// Residual blocks at half of the side, and as many at a quarter.
    pub blocks: usize,
    /// Largest number of groups of each group normalisation.
    pub norm_groups: usize,
}

impl Default for EncoderConfig {
    fn default() -> Self {
        // Objects of 10 and 15 pixels: a place of the coarsest map sees 33 of them.
        Self { channels: [16, 32, 64], blocks: 1, norm_groups: 8 }
    }
}

impl Check for EncoderConfig {
    fn check(&self) -> Result<(), Fault> {
        sizes("channels", &self.channels)?;
        at_most("blocks", self.blocks, LARGEST_SIZE)?;
        size("norm_groups", self.norm_groups)
    }
}

impl EncoderConfig {
    /// # Errors
    /// When the places of its coarsest map cannot be tokens of attentions with so many heads.
    pub(crate) fn require_tokens(&self, heads: usize) -> Result<(), Fault> {
        let [_, _, width] = self.channels;
        // Sines and cosines of places take half each.
        multiple("channels", width, 2, "2")?;
        multiple("channels", width, heads, format_args!("heads = {heads}"))
    }
}

/// Pictures to maps at three resolutions.
#[derive(Module, Debug)]
pub(crate) struct Encoder {
    stem: Conv2d,
    norm: GroupNorm,
    half: Level,
    quarter: Level,
}

/// What an encoder sees of B pictures, whose sides are rounded up to multiples of [`PLACE`].
pub(crate) struct Maps {
    /// `[B, C_0, H, W]`.
    pub(crate) full: Tensor<4>,
    /// `[B, C_1, H/2, W/2]`.
    pub(crate) half: Tensor<4>,
    /// `[B, C_2, H/4, W/4]`.
    pub(crate) quarter: Tensor<4>,
}

impl Encoder {
    /// Of pictures with so many channels.
    pub(crate) fn new(inputs: usize, config: &EncoderConfig, device: &Device) -> Self {
        let EncoderConfig { channels: [full, half, quarter], blocks, norm_groups } = *config;
        Self {
            stem: Conv2dConfig::same3([inputs, full]).init(device),
            norm: GroupNorm::new(norm_groups, full, device),
            half: Level::new([full, half], blocks, norm_groups, device),
            quarter: Level::new([half, quarter], blocks, norm_groups, device),
        }
    }

    /// Pictures `[B, C, H, W]`, with zeros to the right and below up to multiples of [`PLACE`].
    pub(crate) fn forward(&self, pictures: Tensor<4>) -> Maps {
        let x = self.stem.forward(pad_to_multiple(pictures, PLACE));
        let full = self.norm.forward(x, Activation::Silu);
        let half = self.half.forward(full.clone());
        Maps { quarter: self.quarter.forward(half.clone()), full, half }
    }
}

/// A convolution that halves the side, residual blocks, and a normalisation with SiLU.
#[derive(Module, Debug)]
struct Level {
    halve: Conv2d,
    blocks: Vec<Block>,
    norm: GroupNorm,
}

impl Level {
    fn new(channels: [usize; 2], blocks: usize, groups: usize, device: &Device) -> Self {
        let [_, outputs] = channels;
        Self {
            halve: Conv2dConfig::same3(channels).with_stride([2, 2]).init(device),
            blocks: (0..blocks).map(|_| Block::new(outputs, groups, device)).collect(),
            norm: GroupNorm::new(groups, outputs, device),
        }
    }

    fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        let x = self.halve.forward(x);
        let x = self.blocks.iter().fold(x, |x, block| block.forward(x));
        self.norm.forward(x, Activation::Silu)
    }
}

/// x + conv(a(conv(a(x)))) with a group normalisation and SiLU for a: the pre-activation unit of He et al. 2016
/// (arXiv:1603.05027, figure 1b). Its last convolution starts at zero, so that a block starts as nothing.
#[derive(Module, Debug)]
pub(crate) struct Block {
    norm_in: GroupNorm,
    conv_in: Conv2d,
    norm_out: GroupNorm,
    conv_out: Conv2d,
}

impl Block {
    /// Of so many channels.
    pub(crate) fn new(channels: usize, groups: usize, device: &Device) -> Self {
        let conv = Conv2dConfig::same3([channels, channels]);
        Self {
            norm_in: GroupNorm::new(groups, channels, device),
            conv_in: conv.init(device),
            norm_out: GroupNorm::new(groups, channels, device),
            conv_out: conv.init_zeros(device),
        }
    }

    /// `[B, C, H, W]` to the same.
    pub(crate) fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        let h = self.conv_in.forward(self.norm_in.forward(x.clone(), Activation::Silu));
        x + self.conv_out.forward(self.norm_out.forward(h, Activation::Silu))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn maps_have_the_side_of_the_picture_half_of_it_and_a_quarter() {
        let device = Device::flex();
        let config = EncoderConfig { channels: [2, 4, 6], ..EncoderConfig::default() };
        let encoder = Encoder::new(3, &config, &device);
        for ([height, width], [rows, columns]) in [([48, 48], [48, 48]), ([23, 17], [24, 20])] {
            let maps = encoder.forward(Tensor::ones([2, 3, height, width], &device));
            assert_eq!(maps.full.dims(), [2, 2, rows, columns]);
            assert_eq!(maps.half.dims(), [2, 4, rows / 2, columns / 2]);
            assert_eq!(maps.quarter.dims(), [2, 6, rows / 4, columns / 4]);
        }
    }
}
