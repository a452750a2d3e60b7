//! A small U-Net (Ronneberger et al. 2015) with the residual blocks of Ho et al. 2020.

use super::{
    backbone::{crop, pad_to_multiple},
    class_embedding::ClassEmbedding,
    conv::{Activation, Conv2d, Conv2dConfig, GroupNorm},
    linear::Linear,
    low_resolution_channels::LowResolutionChannels,
    time::sinusoidal_embedding,
};
use crate::{
    condition::{Condition, Conditions},
    settings::{Check, Fault, even, levels, size},
    space::Space,
};
use burn::{
    module::Module,
    tensor::{Device, Tensor},
};
use genlab_kernels::{silu, upsample_nearest2x};
use serde::{Deserialize, Serialize};

/// Size of a U-Net.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct UNetConfig {
    /// Channels of each level, from full resolution inwards; each level halves height and width.
    pub channels: Vec<usize>,
    /// Side of the square patches folded into channels before the first level: 1 for none, 2 makes
    /// every level four times cheaper.
    pub patch_size: usize,
    /// Largest number of groups of each group normalisation.
    pub norm_groups: usize,
    /// Size of the time embedding, even and at least 4.
    pub time_embedding_dim: usize,
}

impl Default for UNetConfig {
    fn default() -> Self {
        Self { channels: vec![32, 64, 64], patch_size: 1, norm_groups: 8, time_embedding_dim: 128 }
    }
}

impl Check for UNetConfig {
    fn check(&self) -> Result<(), Fault> {
        levels("channels", &self.channels)?;
        size("patch_size", self.patch_size)?;
        size("norm_groups", self.norm_groups)?;
        even("time_embedding_dim", self.time_embedding_dim, 4)
    }
}

impl UNetConfig {
    /// A network from images of `space` around zero to as many numbers, told what `conditions` say: a class, an
    /// image at a lower resolution.
    pub fn init(&self, conditions: Conditions, space: Space, device: &Device) -> UNet {
        let low = conditions.low_resolution.map(|_| LowResolutionChannels::new(space));
        let folded = space.shape.channels * self.patch_size * self.patch_size;
        let read = folded + low.as_ref().map_or(0, |low| low.count() * self.patch_size.pow(2));
        let block = |inputs, outputs| {
            ResidualBlock::new(inputs, outputs, self.time_embedding_dim, self.norm_groups, device)
        };
        let first = self.channels.first().copied().unwrap_or(32);
        let mut down = Vec::new();
        let mut downsample = Vec::new();
        let mut previous = first;
        for (level, &channels) in self.channels.iter().enumerate() {
            if level > 0 {
                let halve = Conv2dConfig::same3([previous, previous]).with_stride([2, 2]);
                downsample.push(halve.init(device));
            }
            down.push(block(previous, channels));
            previous = channels;
        }
        let middle = block(previous, previous);
        let mut up = Vec::new();
        let mut upsample = Vec::new();
        for (level, &channels) in self.channels.iter().enumerate().rev() {
            up.push(block(previous + channels, channels));
            previous = channels;
            if level > 0 {
                // Already to the finer level's channels: half the work at the finer resolution.
                previous = self.channels[level - 1];
                upsample.push(Conv2dConfig::same3([channels, previous]).init(device));
            }
        }
        UNet {
            time_in: Linear::new(self.time_embedding_dim, self.time_embedding_dim, device),
            time_out: Linear::new(self.time_embedding_dim, self.time_embedding_dim, device),
            stem: Conv2dConfig::same3([read, first]).init(device),
            down,
            downsample,
            middle,
            up,
            upsample,
            norm: GroupNorm::new(self.norm_groups, first, device),
            head: Conv2dConfig::same3([first, folded]).init_zeros(device),
            class: conditions
                .classes
                .map(|classes| ClassEmbedding::new(classes, self.time_embedding_dim, 1.0, device)),
            low,
            time_embedding_dim: self.time_embedding_dim,
            patch_size: self.patch_size,
        }
    }
}

/// Images and times to images.
#[derive(Module, Debug)]
pub struct UNet {
    time_in: Linear,
    time_out: Linear,
    stem: Conv2d,
    down: Vec<ResidualBlock>,
    downsample: Vec<Conv2d>,
    middle: ResidualBlock,
    up: Vec<ResidualBlock>,
    upsample: Vec<Conv2d>,
    norm: GroupNorm,
    head: Conv2d,
    class: Option<ClassEmbedding>,
    low: Option<LowResolutionChannels>,
    time_embedding_dim: usize,
    patch_size: usize,
}

impl UNet {
    /// `images` `[B, C, H, W]`, `times` `[B]` (the step number, any real) and what is told of each image,
    /// to `[B, C, H, W]`.
    pub fn forward(&self, images: Tensor<4>, times: Tensor<1>, condition: &Condition) -> Tensor<4> {
        let [batch, _, height, width] = images.dims();
        let time = sinusoidal_embedding(times, self.time_embedding_dim);
        let mut time = self.time_out.forward(silu(self.time_in.forward(time)));
        if let Some(class) = &self.class {
            time = time + class.forward(condition, batch);
        }
        let time = silu(time); // every block starts from the activated embedding

        let images = match &self.low {
            Some(low) => low.beside(images, condition),
            None => images,
        };
        let x = pad_to_multiple(images, self.patch_size << self.downsample.len());
        let mut x = self.stem.forward(fold_patches(x, self.patch_size));
        let mut skips = Vec::new();
        for (level, block) in self.down.iter().enumerate() {
            if level > 0 {
                x = self.downsample[level - 1].forward(x);
            }
            x = block.forward(x, time.clone());
            skips.push(x.clone());
        }
        x = self.middle.forward(x, time.clone());
        for (level, block) in self.up.iter().enumerate() {
            let skip = skips.pop().expect("one skip per level");
            x = block.forward(Tensor::cat(vec![x, skip], 1), time.clone());
            if let Some(conv) = self.upsample.get(level) {
                x = conv.forward(upsample_nearest2x(x));
            }
        }
        let x = self.head.forward(self.norm.forward(x, Activation::Silu));
        crop(unfold_patches(x, self.patch_size), [height, width])
    }
}

/// Normalise, activate, convolve, twice, with the time added in between and a skip around.
#[derive(Module, Debug)]
struct ResidualBlock {
    norm_in: GroupNorm,
    conv_in: Conv2d,
    time: Linear,
    norm_out: GroupNorm,
    conv_out: Conv2d,
    skip: Option<Conv2d>,
}

impl ResidualBlock {
    fn new(inputs: usize, outputs: usize, time: usize, groups: usize, device: &Device) -> Self {
        Self {
            norm_in: GroupNorm::new(groups, inputs, device),
            conv_in: Conv2dConfig::same3([inputs, outputs]).init(device),
            time: Linear::new(time, outputs, device),
            norm_out: GroupNorm::new(groups, outputs, device),
            conv_out: Conv2dConfig::same3([outputs, outputs]).init_zeros(device),
            skip: (inputs != outputs)
                .then(|| Conv2dConfig::new([inputs, outputs], [1, 1]).init(device)),
        }
    }

    /// `x` `[B, C_in, H, W]`, `time` `[B, T]` already activated, to `[B, C_out, H, W]`.
    fn forward(&self, x: Tensor<4>, time: Tensor<2>) -> Tensor<4> {
        let h = self.conv_in.forward(self.norm_in.forward(x.clone(), Activation::Silu));
        let [batch, channels, _, _] = h.dims();
        let h = h + self.time.forward(time).reshape([batch, channels, 1, 1]);
        let h = self.conv_out.forward(self.norm_out.forward(h, Activation::Silu));
        match &self.skip {
            Some(skip) => h + skip.forward(x),
            None => h + x,
        }
    }
}

/// `[B, C, H, W]` to `[B, C·p², H/p, W/p]`.
fn fold_patches(x: Tensor<4>, patch_size: usize) -> Tensor<4> {
    if patch_size == 1 {
        return x;
    }
    let [batch, channels, height, width] = x.dims();
    x.reshape([batch, channels, height / patch_size, patch_size, width / patch_size, patch_size])
        .permute([0, 1, 3, 5, 2, 4])
        .reshape([
            batch,
            channels * patch_size * patch_size,
            height / patch_size,
            width / patch_size,
        ])
}

/// The inverse of [`fold_patches`].
fn unfold_patches(x: Tensor<4>, patch_size: usize) -> Tensor<4> {
    if patch_size == 1 {
        return x;
    }
    let [batch, folded, height, width] = x.dims();
    let channels = folded / (patch_size * patch_size);
    x.reshape([batch, channels, patch_size, patch_size, height, width])
        .permute([0, 1, 4, 2, 5, 3])
        .reshape([batch, channels, height * patch_size, width * patch_size])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shape::ImageShape;

    #[test]
    fn unfolding_undoes_folding() {
        let device = Device::flex();
        let x = Tensor::<1, burn::tensor::Int>::arange(0..2 * 3 * 4 * 6, &device)
            .float()
            .reshape([2, 3, 4, 6]);
        let there_and_back = unfold_patches(fold_patches(x.clone(), 2), 2);
        assert_eq!(x.into_data(), there_and_back.into_data());
    }

    #[test]
    fn any_image_size_keeps_its_size() {
        let device = Device::flex();
        for (config, [c, h, w]) in [
            (UNetConfig { channels: vec![8, 8], ..UNetConfig::default() }, [1, 23, 17]),
            (
                UNetConfig { channels: vec![8, 8], patch_size: 2, ..UNetConfig::default() },
                [3, 9, 8],
            ),
        ] {
            let space = Space::images(ImageShape::new(c, h, w));
            let net = config.init(Conditions::default(), space, &device);
            let y = net.forward(
                Tensor::ones([2, c, h, w], &device),
                Tensor::from_floats([1.0, 9.0], &device),
                &Condition::default(),
            );
            assert_eq!(y.dims(), [2, c, h, w]);
        }
    }
}
