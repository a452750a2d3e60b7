//! Convolutions and group normalisation over the fast kernels.

use super::init::fan_in_uniform;
use burn::{
    module::{Module, Param},
    nn::Initializer,
    tensor::{Device, Tensor},
};
use genlab_kernels as kernels;

pub use genlab_kernels::Activation;

/// How to build a [`Conv2d`].
#[derive(Clone, Copy, Debug)]
pub struct Conv2dConfig {
    channels: [usize; 2],
    kernel: [usize; 2],
    stride: [usize; 2],
    padding: [usize; 2],
}

impl Conv2dConfig {
    /// From `channels[0]` to `channels[1]`, stride 1, no padding.
    pub fn new(channels: [usize; 2], kernel: [usize; 2]) -> Self {
        Self { channels, kernel, stride: [1, 1], padding: [0, 0] }
    }

    /// A 3×3 convolution that keeps height and width.
    pub fn same3(channels: [usize; 2]) -> Self {
        Self::new(channels, [3, 3]).with_padding([1, 1])
    }

    /// Steps between outputs.
    pub fn with_stride(mut self, stride: [usize; 2]) -> Self {
        self.stride = stride;
        self
    }

    /// Zeros on each side.
    pub fn with_padding(mut self, padding: [usize; 2]) -> Self {
        self.padding = padding;
        self
    }

    /// Weights and bias uniform in ±1/√fan_in.
    pub fn init(&self, device: &Device) -> Conv2d {
        let [inputs, outputs] = self.channels;
        let fan_in = inputs * self.kernel[0] * self.kernel[1];
        Conv2d {
            weight: fan_in_uniform(
                [outputs, inputs, self.kernel[0], self.kernel[1]],
                fan_in,
                device,
            ),
            bias: fan_in_uniform([outputs], fan_in, device),
            stride: self.stride,
            padding: self.padding,
        }
    }

    /// Weights and bias zero: a block that ends in one starts as the identity of its skip.
    pub fn init_zeros(&self, device: &Device) -> Conv2d {
        let [inputs, outputs] = self.channels;
        Conv2d {
            weight: Initializer::Zeros
                .init([outputs, inputs, self.kernel[0], self.kernel[1]], device),
            bias: Initializer::Zeros.init([outputs], device),
            stride: self.stride,
            padding: self.padding,
        }
    }
}

/// Two-dimensional convolution with bias.
#[derive(Module, Debug)]
pub struct Conv2d {
    /// `[C_out, C_in, K_h, K_w]`.
    pub weight: Param<Tensor<4>>,
    /// `[C_out]`.
    pub bias: Param<Tensor<1>>,
    stride: [usize; 2],
    padding: [usize; 2],
}

impl Conv2d {
    /// `[B, C_in, H, W]` to `[B, C_out, H', W']`.
    pub fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        kernels::conv2d(x, self.weight.val(), Some(self.bias.val()), self.stride, self.padding)
    }
}

/// How to build a [`ConvTranspose2d`].
#[derive(Clone, Copy, Debug)]
pub struct ConvTranspose2dConfig {
    channels: [usize; 2],
    kernel: [usize; 2],
    stride: [usize; 2],
    padding: [usize; 2],
}

impl ConvTranspose2dConfig {
    /// A 4×4 transposed convolution that doubles height and width.
    pub fn double(channels: [usize; 2]) -> Self {
        Self { channels, kernel: [4, 4], stride: [2, 2], padding: [1, 1] }
    }

    /// A 2×2 transposed convolution that doubles height and width: every place becomes four pixels by itself, which
    /// takes a quarter of the work.
    pub fn double_apart(channels: [usize; 2]) -> Self {
        Self { channels, kernel: [2, 2], stride: [2, 2], padding: [0, 0] }
    }

    /// Weights and bias uniform in ±1/√fan_in, where an output pixel's fan-in is the input channels
    /// times the kernel taps that reach it.
    pub fn init(&self, device: &Device) -> ConvTranspose2d {
        let [inputs, outputs] = self.channels;
        let taps = self.kernel[0] * self.kernel[1] / (self.stride[0] * self.stride[1]);
        let fan_in = inputs * taps.max(1);
        ConvTranspose2d {
            weight: fan_in_uniform(
                [inputs, outputs, self.kernel[0], self.kernel[1]],
                fan_in,
                device,
            ),
            bias: fan_in_uniform([outputs], fan_in, device),
            stride: self.stride,
            padding: self.padding,
        }
    }
}

/// Transposed convolution with bias.
#[derive(Module, Debug)]
pub struct ConvTranspose2d {
    /// `[C_in, C_out, K_h, K_w]`.
    pub weight: Param<Tensor<4>>,
    /// `[C_out]`.
    pub bias: Param<Tensor<1>>,
    stride: [usize; 2],
    padding: [usize; 2],
}

impl ConvTranspose2d {
    /// `[B, C_in, H, W]` to `[B, C_out, H', W']`.
    pub fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        let (weight, bias) = (self.weight.val(), Some(self.bias.val()));
        kernels::conv_transpose2d(x, weight, bias, self.stride, self.padding, [0, 0])
    }
}

/// Group normalisation, optionally with the activation that follows it in the same pass.
#[derive(Module, Debug)]
pub struct GroupNorm {
    /// `[C]`.
    pub weight: Param<Tensor<1>>,
    /// `[C]`.
    pub bias: Param<Tensor<1>>,
    groups: usize,
}

impl GroupNorm {
    /// The variance floor of PyTorch's default.
    const EPSILON: f64 = 1e-5;

    /// At most `groups` groups: the largest number that divides `channels`.
    pub fn new(groups: usize, channels: usize, device: &Device) -> Self {
        let groups =
            (1..=groups.min(channels)).rev().find(|g| channels.is_multiple_of(*g)).unwrap_or(1);
        Self {
            weight: Initializer::Ones.init([channels], device),
            bias: Initializer::Zeros.init([channels], device),
            groups,
        }
    }

    /// Normalises `[B, C, H, W]`, then applies `activation`.
    pub fn forward(&self, x: Tensor<4>, activation: Activation) -> Tensor<4> {
        let (weight, bias) = (self.weight.val(), self.bias.val());
        kernels::group_norm(x, weight, bias, self.groups, Self::EPSILON, activation)
    }
}
