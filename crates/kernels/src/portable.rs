//! The same operations made of burn's own: what runs on GPUs, on libtorch and in other precisions.

use burn::tensor::{
    Tensor, activation, module,
    ops::{
        AttentionModuleOptions, ConvOptions, ConvTransposeOptions, InterpolateMode,
        InterpolateOptions,
    },
};

#[cfg(feature = "tch")]
use crate::libtorch::{self, Native};
use crate::{Activation, AdamSlot, AdamStep};

pub(crate) fn conv2d(
    x: Tensor<4>,
    weight: Tensor<4>,
    bias: Option<Tensor<1>>,
    stride: [usize; 2],
    padding: [usize; 2],
) -> Tensor<4> {
    #[cfg(feature = "tch")]
    if libtorch::applies(&x) {
        return libtorch::weighted(x, weight, bias, Native::Conv { stride, padding });
    }
    module::conv2d(x, weight, bias, ConvOptions::new(stride, padding, [1, 1], 1))
}

pub(crate) fn conv_transpose2d(
    x: Tensor<4>,
    weight: Tensor<4>,
    bias: Option<Tensor<1>>,
    stride: [usize; 2],
    padding: [usize; 2],
    output_padding: [usize; 2],
) -> Tensor<4> {
    #[cfg(feature = "tch")]
    if libtorch::applies(&x) {
        let op = Native::ConvTranspose { stride, padding, output_padding };
        return libtorch::weighted(x, weight, bias, op);
    }
    let options = ConvTransposeOptions::new(stride, padding, output_padding, [1, 1], 1);
    module::conv_transpose2d(x, weight, bias, options)
}

pub(crate) fn linear(x: Tensor<2>, weight: Tensor<2>, bias: Option<Tensor<1>>) -> Tensor<2> {
    let Some(bias) = bias else {
        return x.matmul(weight);
    };
    #[cfg(feature = "tch")]
    if libtorch::applies(&x) {
        return libtorch::weighted(x, weight, Some(bias), Native::Linear);
    }
    x.matmul(weight) + bias.unsqueeze()
}

pub(crate) fn upsample_nearest2x(x: Tensor<4>) -> Tensor<4> {
    let [_, _, height, width] = x.dims();
    let options = InterpolateOptions::new(InterpolateMode::Nearest);
    module::interpolate(x, options.with_output_size([2 * height, 2 * width]))
}

pub(crate) fn silu<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    #[cfg(feature = "tch")]
    if libtorch::applies(&x) {
        return libtorch::silu(x);
    }
    activation::silu(x)
}

pub(crate) fn leaky_relu<const D: usize>(x: Tensor<D>, slope: f64) -> Tensor<D> {
    if slope == 0.0 { activation::relu(x) } else { activation::leaky_relu(x, slope) }
}

pub(crate) fn group_norm(
    x: Tensor<4>,
    weight: Tensor<1>,
    bias: Tensor<1>,
    groups: usize,
    epsilon: f64,
    activation: Activation,
) -> Tensor<4> {
    #[cfg(feature = "tch")]
    if libtorch::applies(&x) {
        let op = Native::GroupNorm { groups, epsilon, activation };
        return libtorch::weighted(x, weight, Some(bias), op);
    }
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

/// 1/√d is the default scale of burn's attention.
pub(crate) fn attention(q: Tensor<4>, k: Tensor<4>, v: Tensor<4>) -> Tensor<4> {
    module::attention(q, k, v, None, None, AttentionModuleOptions::default())
}

/// `x` with mean 0 and variance 1 along the last dimension.
fn normalised<const D: usize>(x: Tensor<D>, epsilon: f64) -> Tensor<D> {
    let centred = x.clone() - x.mean_dim(D - 1);
    let variance = centred.clone().square().mean_dim(D - 1);
    centred / (variance + epsilon).sqrt()
}

pub(crate) fn layer_norm<const D: usize>(
    x: Tensor<D>,
    weight: Tensor<1>,
    bias: Tensor<1>,
    epsilon: f64,
) -> Tensor<D> {
    normalised(x, epsilon) * weight.unsqueeze() + bias.unsqueeze()
}

pub(crate) fn modulated_norm(
    x: Tensor<3>,
    scale: Tensor<2>,
    shift: Tensor<2>,
    epsilon: f64,
) -> Tensor<3> {
    normalised(x, epsilon) * (scale.unsqueeze_dim(1) + 1.0) + shift.unsqueeze_dim(1)
}

pub(crate) fn bce_with_logits(logits: Tensor<2>, targets: Tensor<2>) -> Tensor<1> {
    #[cfg(feature = "tch")]
    if libtorch::applies(&logits) {
        return libtorch::bce_with_logits(logits, targets);
    }
    // max(l, 0) - l t + ln(1 + e^{-|l|}) never overflows.
    let softplus = (logits.clone().abs().neg().exp() + 1.0).log();
    (logits.clone().clamp_min(0.0) - logits * targets + softplus).sum_dim(1).squeeze_dim::<1>(1)
}

pub(crate) fn adam_update<const D: usize>(
    slot: AdamSlot<D>,
    gradient: Tensor<D>,
    scale: Option<Tensor<1>>,
    at: AdamStep,
) -> AdamSlot<D> {
    let g = match scale {
        Some(scale) => gradient * scale.reshape([1; D]),
        None => gradient,
    };
    #[cfg(feature = "tch")]
    if [&slot.value, &slot.first, &slot.second, &g].into_iter().all(libtorch::updates) {
        return libtorch::adam_update(slot, g, at);
    }
    let first = slot.first * at.beta1 + g.clone() * (1.0 - at.beta1);
    let second = slot.second * at.beta2 + g.square() * (1.0 - at.beta2);
    let t = at.step as f64;
    let m_hat = first.clone() / (1.0 - at.beta1.powf(t));
    let v_hat = second.clone() / (1.0 - at.beta2.powf(t));
    let value = slot.value - m_hat / (v_hat.sqrt() + at.epsilon) * at.learning_rate;
    AdamSlot { value, first, second }
}

pub(crate) fn lerp<const D: usize>(average: Tensor<D>, value: Tensor<D>, weight: f64) -> Tensor<D> {
    #[cfg(feature = "tch")]
    if [&average, &value].into_iter().all(libtorch::updates) {
        return libtorch::lerp(average, value, weight);
    }
    average.clone() + (value - average) * weight
}
