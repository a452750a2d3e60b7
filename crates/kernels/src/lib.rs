//! The few hot operations that burn's CPU backend lacks, with forward and backward passes of
//! their own.
//!
//! burn 0.22's `Flex` is a good general backend, but a training step of a small convolutional
//! network spends nearly all its time in operations that it composes of many passes over memory,
//! or computes in roundabout ways. Each function here exists for such a reason:
//!
//! - [`conv2d`], [`conv_transpose2d`]: Flex's weight gradient is a convolution with an image-sized
//!   kernel, and each pass writes out a column matrix. Here 3 × 3 kernels of stride 1 and
//!   4 × 4 kernels of stride 2 take a quarter to a half of the multiplications by minimal filtering, and
//!   others read shifted images.
//! - [`linear`]: the bias joins the product, and transposed operands are read in place.
//! - [`group_norm`]: a dozen passes become two, with the SiLU that follows for free.
//! - [`silu`], [`sigmoid`], [`leaky_relu`], [`bce_with_logits`]: one vectorised pass each way.
//! - [`upsample_nearest2x`]: copies, instead of an index computation for every pixel.
//! - [`adam_update`], [`lerp`]: one pass, in place, instead of ten tensors per parameter.
//!
//! On any other backend and in any other precision the same functions are compositions of burn's
//! own operations (on libtorch, some are libtorch's), so models call them without asking where they
//! run. All of them take plain and tracked tensors in any mixture (a plain tensor is a constant),
//! compute only the gradients that someone will read, and give the same bits from run to run at a
//! given number of threads: sums over the batch are partial sums per thread, added in order.
//! Derivatives are first-order only.

mod activation;
mod conv;
mod flex;
mod gemm;
mod layer;
#[cfg(feature = "tch")]
mod libtorch;
mod linear;
mod loss;
mod norm;
mod optim;
mod portable;
mod precision;
mod process;
mod resample;
mod simd;

pub use precision::{Precision, with_precision};
pub use process::set_up_process;

/// The `#[global_allocator]` of programs that train.
pub use mimalloc::MiMalloc as Allocator;

use burn::{backend::Dispatch, tensor::Tensor};

use crate::{
    activation::{Unary, UnaryOps},
    conv::Convolution,
    flex::is_fast,
    layer::Layer,
    loss::LossOps,
    norm::NormOps,
    optim::{OptimOps, is_plain},
    resample::ResampleOps,
};

/// Two-dimensional convolution. `x` [B, C_in, H, W], `weight` [C_out, C_in, K_h, K_w], `bias`
/// [C_out]; returns [B, C_out, H', W'] with H' = (H + 2 padding - K_h) / stride + 1.
pub fn conv2d(
    x: Tensor<4>,
    weight: Tensor<4>,
    bias: Option<Tensor<1>>,
    stride: [usize; 2],
    padding: [usize; 2],
) -> Tensor<4> {
    let composed = |x, weight, bias| portable::conv2d(x, weight, bias, stride, padding);
    layer::apply(x, weight, bias, composed, |x, weight| {
        Layer::Conv(Convolution::new(x, weight, stride, padding))
    })
}

/// Transposed convolution. `x` [B, C_in, H, W], `weight` [C_in, C_out, K_h, K_w], `bias` [C_out];
/// returns [B, C_out, H', W'] with H' = (H - 1) stride - 2 padding + K_h + output padding.
pub fn conv_transpose2d(
    x: Tensor<4>,
    weight: Tensor<4>,
    bias: Option<Tensor<1>>,
    stride: [usize; 2],
    padding: [usize; 2],
    output_padding: [usize; 2],
) -> Tensor<4> {
    let composed = |x, weight, bias| {
        portable::conv_transpose2d(x, weight, bias, stride, padding, output_padding)
    };
    layer::apply(x, weight, bias, composed, |x, weight| {
        Layer::Conv(Convolution::transposed(x, weight, stride, padding, output_padding))
    })
}

/// The fully connected layer x W + b. `x` [B, N_in], `weight` [N_in, N_out], `bias` [N_out];
/// returns [B, N_out].
pub fn linear(x: Tensor<2>, weight: Tensor<2>, bias: Option<Tensor<1>>) -> Tensor<2> {
    layer::apply(x, weight, bias, portable::linear, |_, _| Layer::Linear)
}

/// Doubles height and width by repeating pixels: [B, C, H, W] to [B, C, 2H, 2W].
pub fn upsample_nearest2x(x: Tensor<4>) -> Tensor<4> {
    if !is_fast(&x) {
        return portable::upsample_nearest2x(x);
    }
    Tensor::from_dispatch(Dispatch::genlab_upsample(x.into_dispatch()))
}

/// SiLU, x·σ(x) (Elfwing et al. 2018, arXiv:1702.03118), of any shape.
pub fn silu<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    if !is_fast(&x) {
        return portable::silu(x);
    }
    Tensor::from_dispatch(Dispatch::genlab_unary(x.into_dispatch(), Unary::Silu))
}

/// The logistic function σ(x) = 1 / (1 + e⁻ˣ), of any shape.
pub fn sigmoid<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    if !is_fast(&x) {
        return burn::tensor::activation::sigmoid(x);
    }
    Tensor::from_dispatch(Dispatch::genlab_unary(x.into_dispatch(), Unary::Sigmoid))
}

/// x where positive, `slope` · x elsewhere (Maas et al. 2013), of any shape. A slope of 0 is ReLU;
/// the derivative at 0 is `slope`.
pub fn leaky_relu<const D: usize>(x: Tensor<D>, slope: f64) -> Tensor<D> {
    // burn's ReLU is one vectorised pass already, from a mask that is smaller than the input.
    if slope == 0.0 || !is_fast(&x) {
        return portable::leaky_relu(x, slope);
    }
    let function = Unary::LeakyRelu(slope as f32);
    Tensor::from_dispatch(Dispatch::genlab_unary(x.into_dispatch(), function))
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
/// `x` [B, C, H, W], `weight` and `bias` [C]; `groups` divides C; returns [B, C, H, W].
pub fn group_norm(
    x: Tensor<4>,
    weight: Tensor<1>,
    bias: Tensor<1>,
    groups: usize,
    epsilon: f64,
    activation: Activation,
) -> Tensor<4> {
    if !is_fast(&x) {
        return portable::group_norm(x, weight, bias, groups, epsilon, activation);
    }
    let [x, weight, bias] = [x.into_dispatch(), weight.into_dispatch(), bias.into_dispatch()];
    let options = norm::Options { groups, epsilon: epsilon as f32, activation };
    Tensor::from_dispatch(Dispatch::genlab_group_norm(x, weight, bias, options))
}

/// Binary cross-entropy of Bernoulli logits, summed over pixels: nats per image.
/// `logits` and `targets` [B, N], targets in [0, 1]; returns [B]. Finite for any finite logits.
pub fn bce_with_logits(logits: Tensor<2>, targets: Tensor<2>) -> Tensor<1> {
    if !is_fast(&logits) {
        return portable::bce_with_logits(logits, targets);
    }
    Tensor::from_dispatch(Dispatch::genlab_bce(logits.into_dispatch(), targets.into_dispatch()))
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
///
/// Buffers that nobody else holds are updated in place: drop other clones first (the module's own
/// parameter, say) and a step allocates nothing. Nothing here is differentiable; tracked tensors
/// work, but take the slow path.
pub fn adam_update<const D: usize>(
    slot: AdamSlot<D>,
    gradient: Tensor<D>,
    scale: Option<Tensor<1>>,
    at: AdamStep,
) -> AdamSlot<D> {
    let AdamSlot { value, first, second } = slot;
    let tensors = [&value, &first, &second, &gradient];
    let in_place = tensors.into_iter().all(|x| is_fast(x) && is_plain(x));
    if !in_place || !scale.as_ref().is_none_or(is_plain) {
        return portable::adam_update(AdamSlot { value, first, second }, gradient, scale, at);
    }
    let [value, first, second, gradient] =
        [value, first, second, gradient].map(Tensor::into_dispatch);
    let (value, first, second) = match scale {
        Some(scale) => {
            let scale = scale.into_dispatch();
            Dispatch::genlab_adam_scaled(value, first, second, gradient, scale, at)
        }
        None => Dispatch::genlab_adam(value, first, second, gradient, at),
    };
    let [value, first, second] = [value, first, second].map(Tensor::from_dispatch);
    AdamSlot { value, first, second }
}

/// `average + weight · (value - average)`: the step of an exponential moving average, of plain
/// tensors, in place where nobody else holds `average`. Tracked tensors take the slow path.
pub fn lerp<const D: usize>(average: Tensor<D>, value: Tensor<D>, weight: f64) -> Tensor<D> {
    let in_place = [&average, &value].into_iter().all(|x| is_fast(x) && is_plain(x));
    if !in_place {
        return portable::lerp(average, value, weight);
    }
    let (average, value) = (average.into_dispatch(), value.into_dispatch());
    Tensor::from_dispatch(Dispatch::genlab_lerp(average, value, weight as f32))
}
