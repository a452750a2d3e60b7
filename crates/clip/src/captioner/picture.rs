//! How a picture becomes tokens.

use burn::{
    module::Module,
    tensor::{Device, Tensor},
};
use genlab_core::{
    Check, Fault,
    nn::{Activation, Conv2d, Conv2dConfig, GroupNorm, Vit, VitConfig, by_pixels},
    settings::{at_least, at_most, size, within},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Convolutions and a transformer on the places that they leave: the hybrid of section 3.1 of Dosovitskiy et al. 2021
/// (arXiv:2010.11929), which needs fewer pictures than patches do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct PictureConfig {
    /// Output channels and stride of each 3×3 convolution.
    pub convolutions: Vec<[usize; 2]>,
    /// Largest number of groups of the group normalisation behind each.
    pub norm_groups: usize,
    /// What looks at the places that are left: `patch_size` of them a side are a token.
    pub transformer: VitConfig,
}

impl Default for PictureConfig {
    fn default() -> Self {
        Self {
            // 8x8 places of 32x32 pixels, each of which sees 21x21: a large digit is one of 15.
            convolutions: vec![[24, 1], [48, 2], [48, 1], [64, 2], [96, 1]],
            norm_groups: 8,
            transformer: VitConfig { patch_size: 1, depth: 1, ..VitConfig::default() },
        }
    }
}

impl Check for PictureConfig {
    fn check(&self) -> Result<(), Fault> {
        self.convolutions.iter().try_for_each(|&[channels, stride]| {
            size("convolutions", channels)?;
            // A stride beyond the kernel skips pixels.
            at_least("convolutions", stride, 1)?;
            at_most("convolutions", stride, 3)
        })?;
        size("norm_groups", self.norm_groups)?;
        within("transformer", &self.transformer)
    }
}

/// Pictures to tokens.
#[derive(Module, Debug)]
pub(super) struct PictureEncoder {
    convolutions: Vec<Conv2d>,
    norms: Vec<GroupNorm>,
    transformer: Vit,
    /// Pixels along the side of the square that a token stands for.
    side: usize,
}

impl PictureEncoder {
    /// For pictures of so many channels.
    pub(super) fn new(config: &PictureConfig, channels: usize, device: &Device) -> Self {
        let (mut convolutions, mut norms) = (Vec::new(), Vec::new());
        let mut inputs = channels;
        for &[outputs, stride] in &config.convolutions {
            let convolution = Conv2dConfig::same3([inputs, outputs]).with_stride([stride, stride]);
            convolutions.push(convolution.init(device));
            norms.push(GroupNorm::new(config.norm_groups, outputs, device));
            inputs = outputs;
        }
        let strides: usize = config.convolutions.iter().map(|[_, stride]| stride).product();
        Self {
            convolutions,
            norms,
            transformer: config.transformer.init(inputs, device),
            side: strides * config.transformer.patch_size,
        }
    }

    /// Values `[B, C, H, W]` as [`genlab_core::Space::centred`] gives them, to tokens `[B, N, width]`, row by row.
    pub(super) fn forward(&self, values: Tensor<4>) -> Tensor<3> {
        let layers = self.convolutions.iter().zip(&self.norms);
        let places = layers.fold(values, |x, (convolution, norm)| {
            norm.forward(convolution.forward(x), Activation::Silu)
        });
        self.transformer.tokens(places)
    }

    /// Weights of the tokens of pictures of that `size`, `[B, T, N]`, as those of their pixels: `[B, T, H, W]`.
    pub(super) fn by_pixels(&self, weights: Tensor<3>, size: [usize; 2]) -> Tensor<4> {
        by_pixels(weights, self.side, size)
    }
}
