//! The few hot operations that burn's CPU backend lacks.

mod conv;
mod flex;
mod gemm;
mod simd;

use burn::{
    backend::Dispatch,
    tensor::{
        Tensor, activation, module,
        ops::{ConvOptions, ConvTransposeOptions},
    },
};

use conv::ConvOps;

/// Two-dimensional convolution. `x` [B, C_in, H, W], `weight` [C_out, C_in, K_h, K_w], `bias` [C_out].
pub fn conv2d(
    x: Tensor<4>,
    weight: Tensor<4>,
    bias: Option<Tensor<1>>,
    stride: [usize; 2],
    padding: [usize; 2],
) -> Tensor<4> {
    if !flex::is_fast(&x) {
        return module::conv2d(x, weight, bias, ConvOptions::new(stride, padding, [1, 1], 1));
    }
    let options = conv::Options { stride, padding, transposed: None };
    dispatch_conv(x, weight, bias, options)
}

/// Transposed convolution. `x` [B, C_in, H, W], `weight` [C_in, C_out, K_h, K_w], `bias` [C_out].
pub fn conv_transpose2d(
    x: Tensor<4>,
    weight: Tensor<4>,
    bias: Option<Tensor<1>>,
    stride: [usize; 2],
    padding: [usize; 2],
    output_padding: [usize; 2],
) -> Tensor<4> {
    if !flex::is_fast(&x) {
        let options = ConvTransposeOptions::new(stride, padding, output_padding, [1, 1], 1);
        return module::conv_transpose2d(x, weight, bias, options);
    }
    let options = conv::Options { stride, padding, transposed: Some(output_padding) };
    dispatch_conv(x, weight, bias, options)
}

fn dispatch_conv(
    x: Tensor<4>,
    weight: Tensor<4>,
    bias: Option<Tensor<1>>,
    options: conv::Options,
) -> Tensor<4> {
    let (x, weight) = (x.into_dispatch(), weight.into_dispatch());
    Tensor::from_dispatch(match bias {
        Some(bias) => Dispatch::genlab_conv_bias(x, weight, bias.into_dispatch(), options),
        None => Dispatch::genlab_conv(x, weight, options),
    })
}

/// SiLU, x·σ(x) (Elfwing et al. 2018, arXiv:1702.03118).
pub fn silu<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    activation::silu(x)
}

/// What follows a normalisation in the same pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activation {
    /// Nothing.
    Identity,
    /// SiLU.
    Silu,
}

/// Group normalisation (Wu & He 2018, arXiv:1803.08494) followed by `activation`.
/// `x` [B, C, H, W], `weight` and `bias` [C]; `groups` divides C.
pub fn group_norm(
    x: Tensor<4>,
    weight: Tensor<1>,
    bias: Tensor<1>,
    groups: usize,
    epsilon: f64,
    activation: Activation,
) -> Tensor<4> {
    let [batch, channels, height, width] = x.dims();
    let grouped = x.reshape([batch, groups, channels / groups * height * width]);
    let mean = grouped.clone().mean_dim(2);
    let centred = grouped - mean;
    let variance = centred.clone().square().mean_dim(2);
    let normal = (centred / (variance + epsilon).sqrt()).reshape([batch, channels, height, width]);
    let y = normal * weight.reshape([1, channels, 1, 1]) + bias.reshape([1, channels, 1, 1]);
    match activation {
        Activation::Identity => y,
        Activation::Silu => silu(y),
    }
}

/// Binary cross-entropy of Bernoulli logits, summed over pixels: nats per image.
/// `logits` and `targets` [B, N], targets in [0, 1]; returns [B].
pub fn bce_with_logits(logits: Tensor<2>, targets: Tensor<2>) -> Tensor<1> {
    // max(l, 0) - l t + ln(1 + e^{-|l|}) never overflows.
    let softplus = (logits.clone().abs().neg().exp() + 1.0).log();
    (logits.clone().clamp_min(0.0) - logits * targets + softplus).sum_dim(1).squeeze_dim::<1>(1)
}

/// One step of Adam, all that does not depend on the parameter.
#[derive(Clone, Copy, Debug)]
pub struct AdamStep {
    /// Learning rate.
    pub learning_rate: f64,
    /// Decay of the first moment.
    pub beta1: f64,
    /// Decay of the second moment.
    pub beta2: f64,
    /// Added to the root of the second moment.
    pub epsilon: f64,
    /// Number of this step, from 1.
    pub step: u64,
}

/// What one parameter owns while Adam trains it.
#[derive(Clone, Debug)]
pub struct AdamSlot<const D: usize> {
    /// The parameter.
    pub value: Tensor<D>,
    /// Running mean of the gradient.
    pub first: Tensor<D>,
    /// Running mean of the squared gradient.
    pub second: Tensor<D>,
}

/// One Adam update (Kingma & Ba 2015, arXiv:1412.6980, Algorithm 1) of plain tensors. `scale` [1]
/// multiplies the gradient (global-norm clipping without reading the device).
pub fn adam_update<const D: usize>(
    slot: AdamSlot<D>,
    gradient: Tensor<D>,
    scale: Option<Tensor<1>>,
    at: AdamStep,
) -> AdamSlot<D> {
    let g = match scale {
        Some(scale) => gradient * scale.reshape([1; D]),
        None => gradient,
    };
    let first = slot.first * at.beta1 + g.clone() * (1.0 - at.beta1);
    let second = slot.second * at.beta2 + g.square() * (1.0 - at.beta2);
    let t = at.step as f64;
    let m_hat = first.clone() / (1.0 - at.beta1.powf(t));
    let v_hat = second.clone() / (1.0 - at.beta2.powf(t));
    let value = slot.value - m_hat / (v_hat.sqrt() + at.epsilon) * at.learning_rate;
    AdamSlot { value, first, second }
}

/// `average + weight · (value - average)`: the step of an exponential moving average.
pub fn lerp<const D: usize>(average: Tensor<D>, value: Tensor<D>, weight: f64) -> Tensor<D> {
    average.clone() + (value - average) * weight
}
