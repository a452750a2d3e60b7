//! The encoder and decoder of images that models share.

use super::{
    conv::{Activation, Conv2d, Conv2dConfig, ConvTranspose2d, ConvTranspose2dConfig, GroupNorm},
    linear::Linear,
    mlp::{Mlp, MlpActivation},
    residual::{ResidualBlock, activated},
};
use crate::{
    settings::{Check, Fault, at_most, levels, non_negative, optional, size, sizes},
    shape::ImageShape,
    space::Space,
};
use burn::{
    module::Module,
    tensor::{Device, Tensor, activation::relu, ops::PadMode},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Residual blocks at one resolution beyond which a network is a slip of the finger.
const MOST_BLOCKS: usize = 64;

/// An encoder and its mirrored decoder.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum BackboneConfig {
    /// Affine layers on flattened images.
    Mlp(MlpBackbone),
    /// Strided 4×4 convolutions, each halving height and width.
    Conv(ConvBackbone),
}

/// A backbone of affine layers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct MlpBackbone {
    /// Widths of the hidden layers, from the image inwards.
    pub hidden: Vec<usize>,
    /// Slope of the encoder's activation below zero; 0 is a ReLU.
    pub negative_slope: f64,
    /// What follows each hidden layer.
    pub activation: MlpActivation,
}

/// A backbone of convolutions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ConvBackbone {
    /// Channels, from the image inwards.
    pub channels: Vec<usize>,
    /// Largest number of groups of the group normalisation in the decoder; None: no normalisation.
    pub norm_groups: Option<usize>,
    /// Slope of the encoder's activation below zero; 0 is a ReLU.
    pub negative_slope: f64,
    /// Residual blocks at each resolution but the image's own.
    pub blocks: usize,
}

impl Default for BackboneConfig {
    fn default() -> Self {
        Self::Mlp(MlpBackbone::default())
    }
}

impl Default for MlpBackbone {
    fn default() -> Self {
        Self { hidden: vec![400], negative_slope: 0.0, activation: MlpActivation::Relu }
    }
}

impl Default for ConvBackbone {
    fn default() -> Self {
        Self { channels: vec![32, 64], norm_groups: None, negative_slope: 0.0, blocks: 0 }
    }
}

impl Check for BackboneConfig {
    fn check(&self) -> Result<(), Fault> {
        match self {
            Self::Mlp(MlpBackbone { hidden, negative_slope, activation }) => {
                sizes("hidden", hidden)?;
                non_negative("negative_slope", *negative_slope)?;
                if *activation == MlpActivation::Tanh && *negative_slope > 0.0 {
                    let problem = "is tanh, which does not leak; set negative_slope to 0, or activation to relu";
                    return Err(Fault::new("activation", problem));
                }
                Ok(())
            }
            Self::Conv(ConvBackbone { channels, norm_groups, negative_slope, blocks }) => {
                levels("channels", channels)?;
                optional("norm_groups", *norm_groups, size)?;
                non_negative("negative_slope", *negative_slope)?;
                at_most("blocks", *blocks, MOST_BLOCKS)
            }
        }
    }
}

impl BackboneConfig {
    /// Affine layers of these widths, from the image inwards.
    pub fn mlp(hidden: impl Into<Vec<usize>>) -> Self {
        Self::Mlp(MlpBackbone { hidden: hidden.into(), ..MlpBackbone::default() })
    }

    /// Convolutions with these channels, from the image inwards.
    pub fn conv(channels: impl Into<Vec<usize>>) -> Self {
        Self::Conv(ConvBackbone { channels: channels.into(), ..ConvBackbone::default() })
    }

    /// # Errors
    /// When it is made for other values than those of `space`; the fault is that of `key`.
    pub fn fits(&self, key: &str, space: Space) -> Result<(), Fault> {
        match self {
            Self::Mlp(_) => Ok(()),
            Self::Conv(_) => space.require_images(key, "conv", "mlp"),
        }
    }

    /// The encoder for images of `shape`.
    pub fn encoder(&self, shape: ImageShape, device: &Device) -> Encoder {
        match self {
            Self::Mlp(MlpBackbone { hidden, negative_slope, activation }) => Encoder {
                mlp: Some(
                    Mlp::new(shape.pixels(), hidden, device)
                        .leaking(*negative_slope)
                        .with(*activation),
                ),
                convs: Vec::new(),
                blocks: Vec::new(),
                features: hidden.last().copied().unwrap_or(shape.pixels()),
                negative_slope: 0.0,
            },
            Self::Conv(conv) => {
                let mut convs = Vec::new();
                let mut inputs = shape.channels;
                for &outputs in &conv.channels {
                    let halve = Conv2dConfig::new([inputs, outputs], [4, 4])
                        .with_stride([2, 2])
                        .with_padding([1, 1]);
                    convs.push(halve.init(device));
                    inputs = outputs;
                }
                let [height, width] = conv.coarse(shape);
                let features = inputs * height * width;
                let blocks =
                    conv.channels.iter().flat_map(|&channels| conv.blocks_of(channels, device));
                let blocks = blocks.collect();
                Encoder { mlp: None, convs, blocks, features, negative_slope: conv.negative_slope }
            }
        }
    }

    /// The decoder from `latent_dim` numbers to images of `shape`.
    pub fn decoder(&self, latent_dim: usize, shape: ImageShape, device: &Device) -> Decoder {
        let dims = [shape.channels, shape.height, shape.width];
        match self {
            Self::Mlp(MlpBackbone { hidden, activation, .. }) => {
                let widths: Vec<usize> = hidden.iter().rev().copied().collect();
                let last = widths.last().copied().unwrap_or(latent_dim);
                Decoder {
                    mlp: Some(Mlp::new(latent_dim, &widths, device).with(*activation)),
                    project: Linear::new(last, shape.pixels(), device),
                    norms: Vec::new(),
                    convs: Vec::new(),
                    blocks: Vec::new(),
                    coarse: [0, 0],
                    dims,
                }
            }
            Self::Conv(conv) => {
                let coarse = conv.coarse(shape);
                let widths: Vec<usize> = conv.channels.iter().rev().copied().collect();
                let first = widths.first().copied().unwrap_or(shape.channels);
                let outputs = widths.iter().skip(1).copied().chain([shape.channels]);
                let convs = widths.iter().zip(outputs);
                let norms = conv.norm_groups.map_or_else(Vec::new, |groups| {
                    let norm = |&channels| GroupNorm::new(groups, channels, device);
                    widths.iter().map(norm).collect()
                });
                Decoder {
                    mlp: None,
                    project: Linear::new(latent_dim, first * coarse[0] * coarse[1], device),
                    norms,
                    convs: convs
                        .map(|(&i, o)| ConvTranspose2dConfig::double([i, o]).init(device))
                        .collect(),
                    blocks: widths
                        .iter()
                        .flat_map(|&channels| conv.blocks_of(channels, device))
                        .collect(),
                    coarse,
                    dims,
                }
            }
        }
    }
}

impl ConvBackbone {
    /// The residual blocks of one resolution. Only the encoder's activation leaks.
    fn blocks_of(&self, channels: usize, device: &Device) -> Vec<ResidualBlock> {
        (0..self.blocks).map(|_| ResidualBlock::new(channels, device)).collect()
    }

    /// Height and width after all halvings, rounded up.
    fn coarse(&self, shape: ImageShape) -> [usize; 2] {
        let scale = 1 << self.channels.len();
        [shape.height.div_ceil(scale), shape.width.div_ceil(scale)]
    }
}

/// Images to features.
#[derive(Module, Debug)]
pub struct Encoder {
    mlp: Option<Mlp>,
    convs: Vec<Conv2d>,
    blocks: Vec<ResidualBlock>,
    features: usize,
    negative_slope: f64,
}

impl Encoder {
    /// Size of the features.
    pub fn features(&self) -> usize {
        self.features
    }

    /// Whether features are the numbers of a value themselves: there is no layer.
    pub fn is_identity(&self) -> bool {
        self.mlp.as_ref().is_some_and(Mlp::is_empty)
    }

    /// `[B, C, H, W]` to `[B, features]`.
    pub fn forward(&self, images: Tensor<4>) -> Tensor<2> {
        let batch = images.dims()[0];
        if let Some(mlp) = &self.mlp {
            return mlp.forward(images.flatten::<2>(1, 3));
        }
        let images = pad_to_multiple(images, 1 << self.convs.len());
        let mut x = images;
        for (level, conv) in self.convs.iter().enumerate() {
            x = activated(conv.forward(x), self.negative_slope);
            for block in blocks_at(&self.blocks, level, self.convs.len()) {
                x = block.forward(x, self.negative_slope);
            }
        }
        x.reshape([batch, self.features])
    }
}

/// The blocks of one of so many levels that have equally many.
fn blocks_at(blocks: &[ResidualBlock], level: usize, levels: usize) -> &[ResidualBlock] {
    let each = blocks.len() / levels.max(1);
    &blocks[level * each..(level + 1) * each]
}

/// Codes to image logits (before any sigmoid).
#[derive(Module, Debug)]
pub struct Decoder {
    mlp: Option<Mlp>,
    project: Linear,
    norms: Vec<GroupNorm>,
    convs: Vec<ConvTranspose2d>,
    blocks: Vec<ResidualBlock>,
    coarse: [usize; 2],
    dims: [usize; 3],
}

impl Decoder {
    /// The affine layer that reads the codes: row j of its weight is what unit j writes.
    pub fn first(&self) -> &Linear {
        self.mlp.as_ref().and_then(Mlp::first).unwrap_or(&self.project)
    }

    /// `[B, L]` to `[B, C, H, W]`, any real values.
    pub fn forward(&self, codes: Tensor<2>) -> Tensor<4> {
        let batch = codes.dims()[0];
        let [channels, height, width] = self.dims;
        if let Some(mlp) = &self.mlp {
            let flat = self.project.forward(mlp.forward(codes));
            return flat.reshape([batch, channels, height, width]);
        }
        let x = self.project.forward(codes);
        let [coarse_height, coarse_width] = self.coarse;
        let first = x.dims()[1] / (coarse_height * coarse_width);
        let mut x = x.reshape([batch, first, coarse_height, coarse_width]);
        for (i, conv) in self.convs.iter().enumerate() {
            for block in blocks_at(&self.blocks, i, self.convs.len()) {
                x = block.forward(x, 0.0);
            }
            x = match self.norms.get(i) {
                Some(norm) => relu(norm.forward(x, Activation::Identity)),
                None => relu(x),
            };
            x = conv.forward(x);
        }
        crop(x, [height, width])
    }
}

/// Zeros at the right and bottom up to the next multiple of `scale`.
pub fn pad_to_multiple(x: Tensor<4>, scale: usize) -> Tensor<4> {
    let [_, _, height, width] = x.dims();
    let (bottom, right) =
        (height.next_multiple_of(scale) - height, width.next_multiple_of(scale) - width);
    if bottom == 0 && right == 0 {
        return x;
    }
    x.pad((0, right, 0, bottom), PadMode::Constant(0.0))
}

/// The top left `size` of each image.
pub fn crop(x: Tensor<4>, size: [usize; 2]) -> Tensor<4> {
    let [batch, channels, height, width] = x.dims();
    if size == [height, width] {
        return x;
    }
    x.slice([0..batch, 0..channels, 0..size[0], 0..size[1]])
}
