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
//! - [`attention`]: scores never leave the cache, and heads are read and written where they lie.
//! - [`layer_norm`], [`modulated_norm`]: one read and one write, with the modulation of a diffusion
//!   transformer for free.
//! - [`silu`], [`gelu`], [`sigmoid`], [`leaky_relu`], [`bce_with_logits`]: one vectorised pass each way.
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
#[cfg(target_arch = "x86_64")]
mod attention;
mod conv;
mod flex;
mod gemm;
mod layer;
mod layer_norm;
#[cfg(feature = "tch")]
mod libtorch;
mod linear;
#[cfg(target_arch = "x86_64")]
mod lines;
mod loss;
#[cfg(target_arch = "x86_64")]
mod micro;
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
    layer_norm::LayerNormOps,
    loss::LossOps,
    norm::NormOps,
    optim::{OptimOps, is_plain},
    resample::ResampleOps,
};
#[cfg(target_arch = "x86_64")]
use crate::{attention::AttentionOps, micro::Isa};

/// Two-dimensional convolution. `x` `[B, C_in, H, W]`, `weight` `[C_out, C_in, K_h, K_w]`, `bias`
/// `[C_out]`; returns `[B, C_out, H', W']` with H' = (H + 2 padding - K_h) / stride + 1.
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

/// Transposed convolution. `x` `[B, C_in, H, W]`, `weight` `[C_in, C_out, K_h, K_w]`, `bias` `[C_out]`;
/// returns `[B, C_out, H', W']` with H' = (H - 1) stride - 2 padding + K_h + output padding.
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

/// The fully connected layer x W + b. `x` `[B, N_in]`, `weight` `[N_in, N_out]`, `bias` `[N_out]`;
/// returns `[B, N_out]`.
pub fn linear(x: Tensor<2>, weight: Tensor<2>, bias: Option<Tensor<1>>) -> Tensor<2> {
    layer::apply(x, weight, bias, portable::linear, |_, _| Layer::Linear(Precision::current()))
}

/// Doubles height and width by repeating pixels: `[B, C, H, W]` to `[B, C, 2H, 2W]`.
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

/// GELU in its tanh form, x/2 (1 + tanh(√(2/π) (x + 0.044715 x³))) (Hendrycks & Gimpel 2016,
/// arXiv:1606.08415), of any shape: PyTorch's `approximate="tanh"`.
pub fn gelu<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    if !is_fast(&x) {
        return burn::tensor::activation::gelu_approximate(x);
    }
    Tensor::from_dispatch(Dispatch::genlab_unary(x.into_dispatch(), Unary::Gelu))
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
/// `x` `[B, C, H, W]`, `weight` and `bias` `[C]`; `groups` divides C; returns `[B, C, H, W]`.
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

/// Scaled dot-product attention of each head, softmax(q kᵀ / √d) v (Vaswani et al. 2017,
/// arXiv:1706.03762, eq. 1). `q` [B, heads, T, d], `k` and `v` [B, heads, S, d]; returns [B, heads, T, d].
///
/// It takes 4 B heads T S d floating-point operations forward and 10 backward, where scores are computed
/// again, and keeps its inputs and one number per query. On the CPU the result and the gradients lie
/// in memory as [B, T, heads, d], and views are read in place: `x.reshape([B, T, heads, d]).swap_dims(1, 2)`
/// before and `swap_dims(1, 2).reshape([B, T, heads * d])` behind copy nothing in either direction.
pub fn attention(q: Tensor<4>, k: Tensor<4>, v: Tensor<4>) -> Tensor<4> {
    #[cfg(target_arch = "x86_64")]
    if let Some(isa) = Isa::detect().filter(|_| is_fast(&q)) {
        let [q, k, v] = [q, k, v].map(Tensor::into_dispatch);
        return Tensor::from_dispatch(Dispatch::genlab_attention(q, k, v, attention::Plan { isa }));
    }
    portable::attention(q, k, v)
}

/// Layer normalisation (Ba et al. 2016, arXiv:1607.06450) over the last dimension. `x` `[..., D]`, `weight` and
/// `bias` `[D]`; returns `[..., D]`.
pub fn layer_norm<const D: usize>(
    x: Tensor<D>,
    weight: Tensor<1>,
    bias: Tensor<1>,
    epsilon: f64,
) -> Tensor<D> {
    if !is_fast(&x) {
        return portable::layer_norm(x, weight, bias, epsilon);
    }
    let [x, weight, bias] = [x.into_dispatch(), weight.into_dispatch(), bias.into_dispatch()];
    let options = layer_norm::Options { epsilon: epsilon as f32, offset: 0.0 };
    Tensor::from_dispatch(Dispatch::genlab_layer_norm(x, weight, bias, options))
}

/// Layer normalisation with a scale and a shift per image in place of weights, norm(x) (1 + scale) + shift:
/// `modulate` of a diffusion transformer (Peebles & Xie 2023, arXiv:2212.09748). `x` `[B, T, D]`, `scale`
/// and `shift` `[B, D]`; returns `[B, T, D]`. It costs what [`layer_norm`] does.
pub fn modulated_norm(x: Tensor<3>, scale: Tensor<2>, shift: Tensor<2>, epsilon: f64) -> Tensor<3> {
    if !is_fast(&x) {
        return portable::modulated_norm(x, scale, shift, epsilon);
    }
    let [batch, _, width] = x.dims();
    let expected = [batch, width];
    assert!(
        scale.dims() == expected && shift.dims() == expected,
        "modulated_norm: scale {:?} and shift {:?} beside x of {batch} images and width {width}",
        scale.dims(),
        shift.dims()
    );
    let [x, scale, shift] = [x.into_dispatch(), scale.into_dispatch(), shift.into_dispatch()];
    let options = layer_norm::Options { epsilon: epsilon as f32, offset: 1.0 };
    Tensor::from_dispatch(Dispatch::genlab_layer_norm(x, scale, shift, options))
}

/// Binary cross-entropy of Bernoulli logits, summed over pixels: nats per image.
/// `logits` and `targets` `[B, N]`, targets in `[0, 1]`; returns `[B]`. Finite for any finite logits.
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

/// One Adam update (Kingma & Ba 2015, arXiv:1412.6980, Algorithm 1) of plain tensors. `scale` `[1]`
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
