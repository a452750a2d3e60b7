//! On libtorch: convolutions and normalisations with libtorch's own derivatives.
//!
//! burn differentiates a convolution by convolving with an image-sized kernel, and libtorch's own
//! `convolution_backward` has no binding in tch 0.22. But libtorch can differentiate: here the
//! forward pass records libtorch's graph of this one operation, and the backward pass runs it.
//! docs/adr/0008 says why.
#![expect(deprecated, reason = "burn-tch is deprecated upstream but still in 0.22")]

use burn::{
    backend::{
        Autodiff, Backend, Dispatch, DispatchDevice, LibTorch,
        autodiff::{
            checkpoint::{base::Checkpointer, strategy::CheckpointStrategy},
            grads::Gradients,
            ops::{Backward, Ops, OpsKind},
        },
        backend_extension,
        libtorch::TchTensor,
        tensor::FloatTensor,
    },
    tensor::Tensor,
};

use crate::{Activation, AdamSlot, AdamStep, optim::is_plain};

/// Whether `x` is on libtorch, tracked or not.
pub(crate) fn applies<const D: usize>(x: &Tensor<D>) -> bool {
    let device = x.device();
    match device.as_dispatch() {
        DispatchDevice::Autodiff(device) => matches!(**device, DispatchDevice::LibTorch(_)),
        device => matches!(device, DispatchDevice::LibTorch(_)),
    }
}

/// Whether [`adam_update`] and [`lerp`] take `x`.
pub(crate) fn updates<const D: usize>(x: &Tensor<D>) -> bool {
    applies(x) && is_plain(x)
}

/// An operation that libtorch computes and differentiates. Its derivative must not read its output,
/// which burn may overwrite in place.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Native {
    /// Of x, weight and perhaps bias.
    Conv { stride: [usize; 2], padding: [usize; 2] },
    /// Of x, weight and perhaps bias.
    ConvTranspose { stride: [usize; 2], padding: [usize; 2], output_padding: [usize; 2] },
    /// Of x, weight and bias.
    GroupNorm { groups: usize, epsilon: f64, activation: Activation },
    /// Of x alone.
    Silu,
    /// Of logits and targets: a sum per row.
    Bce,
    /// Of x, weight and bias.
    Linear,
}

impl Native {
    fn run(self, inputs: &[tch::Tensor]) -> tch::Tensor {
        let wide = |pair: [usize; 2]| pair.map(|value| value as i64);
        let (x, weight, bias) = (&inputs[0], inputs.get(1), inputs.get(2));
        let affine = || weight.expect("the public functions pass the weight");
        match self {
            Self::Conv { stride, padding } => {
                x.conv2d(affine(), bias, wide(stride), wide(padding), wide([1, 1]), 1)
            }
            Self::ConvTranspose { stride, padding, output_padding } => {
                let [stride, padding, extra] = [stride, padding, output_padding].map(wide);
                x.conv_transpose2d(affine(), bias, stride, padding, extra, 1, wide([1, 1]))
            }
            Self::GroupNorm { groups, epsilon, activation } => {
                let y = x.group_norm(groups as i64, weight, bias, epsilon, true);
                match activation {
                    Activation::Identity => y,
                    Activation::Silu => y.silu(),
                }
            }
            Self::Silu => x.silu(),
            Self::Bce => {
                let none = None::<&tch::Tensor>;
                let by_pixel = tch::Reduction::None;
                let loss = x.binary_cross_entropy_with_logits(affine(), none, none, by_pixel);
                loss.sum_dim_intlist([1_i64].as_slice(), false, None)
            }
            Self::Linear => bias.expect("the public functions pass the bias").addmm(x, affine()),
        }
    }
}

/// A [`Native`] operation; the macro knows neither optional tensors nor lists of them.
#[backend_extension(Autodiff, LibTorch)]
pub(crate) trait NativeOps: Backend {
    /// Of x.
    fn genlab_native(x: FloatTensor<Self>, op: Native) -> FloatTensor<Self>;

    /// Of x and a weight.
    fn genlab_native_weight(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        op: Native,
    ) -> FloatTensor<Self>;

    /// Of x, a weight and a bias.
    fn genlab_native_bias(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        op: Native,
    ) -> FloatTensor<Self>;
}

fn plain<const N: usize>(inputs: [TchTensor; N], op: Native) -> TchTensor {
    TchTensor::new(op.run(&inputs.map(|input| input.tensor)))
}

impl NativeOps for LibTorch {
    fn genlab_native(x: TchTensor, op: Native) -> TchTensor {
        plain([x], op)
    }

    fn genlab_native_weight(x: TchTensor, weight: TchTensor, op: Native) -> TchTensor {
        plain([x, weight], op)
    }

    fn genlab_native_bias(
        x: TchTensor,
        weight: TchTensor,
        bias: TchTensor,
        op: Native,
    ) -> TchTensor {
        plain([x, weight, bias], op)
    }
}

/// libtorch's graph of one operation.
#[derive(Clone, Debug)]
struct Recorded<const N: usize> {
    /// The end of the graph.
    output: TchTensor,
    /// Its beginnings: the inputs, of which some require gradients.
    leaves: [TchTensor; N],
    /// burn's handles of the same memory: while they live, burn does not overwrite what the graph
    /// will read.
    _inputs: [TchTensor; N],
}

#[derive(Debug)]
struct NativeBackward;

impl<const N: usize> Backward<LibTorch, N> for NativeBackward {
    type State = Recorded<N>;

    fn backward(self, ops: Ops<Recorded<N>, N>, grads: &mut Gradients, _: &mut Checkpointer) {
        let gradient = grads.consume::<LibTorch>(&ops.node);
        let Recorded { output, leaves, .. } = ops.state;
        // `run_backward` starts from ones: those of y * dy arrive at y as dy.
        let end = output.tensor * gradient.tensor;
        let wanted = leaves
            .iter()
            .zip(&ops.parents)
            .filter_map(|(leaf, parent)| parent.as_ref().map(|parent| (parent.id, &leaf.tensor)));
        let (nodes, leaves): (Vec<_>, Vec<_>) = wanted.unzip();
        let found = tch::Tensor::run_backward(&[end], &leaves, false, false);
        for (node, gradient) in nodes.into_iter().zip(found) {
            grads.register::<LibTorch>(node, TchTensor::new(gradient));
        }
    }
}

fn recorded<C: CheckpointStrategy, const N: usize>(
    inputs: [FloatTensor<Autodiff<LibTorch, C>>; N],
    op: Native,
) -> FloatTensor<Autodiff<LibTorch, C>> {
    let nodes = inputs.each_ref().map(|input| input.node());
    let wanted = inputs.each_ref().map(|input| input.is_tracked());
    let inputs = inputs.map(|input| input.into_primitive());
    match NativeBackward.prepare::<C>(nodes).compute_bound().stateful() {
        OpsKind::Tracked(prep) => {
            let leaves: [_; N] =
                std::array::from_fn(|i| inputs[i].tensor.detach().set_requires_grad(wanted[i]));
            let output = op.run(&leaves);
            let y = TchTensor::new(output.detach());
            let output = TchTensor::new(output);
            let leaves = leaves.map(TchTensor::new);
            prep.finish(Recorded { output, leaves, _inputs: inputs }, y)
        }
        OpsKind::UnTracked(prep) => prep.finish(plain(inputs, op)),
    }
}

impl<C: CheckpointStrategy> NativeOps for Autodiff<LibTorch, C> {
    fn genlab_native(x: FloatTensor<Self>, op: Native) -> FloatTensor<Self> {
        recorded::<C, _>([x], op)
    }

    fn genlab_native_weight(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        op: Native,
    ) -> FloatTensor<Self> {
        recorded::<C, _>([x, weight], op)
    }

    fn genlab_native_bias(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        op: Native,
    ) -> FloatTensor<Self> {
        recorded::<C, _>([x, weight, bias], op)
    }
}

/// [`crate::conv2d`], [`crate::conv_transpose2d`], [`crate::linear`] with a bias and
/// [`crate::group_norm`], by `op`.
pub(crate) fn weighted<const D: usize, const W: usize>(
    x: Tensor<D>,
    weight: Tensor<W>,
    bias: Option<Tensor<1>>,
    op: Native,
) -> Tensor<D> {
    let (x, weight) = (x.into_dispatch(), weight.into_dispatch());
    Tensor::from_dispatch(match bias {
        Some(bias) => Dispatch::genlab_native_bias(x, weight, bias.into_dispatch(), op),
        None => Dispatch::genlab_native_weight(x, weight, op),
    })
}

/// [`crate::silu`].
pub(crate) fn silu<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    Tensor::from_dispatch(Dispatch::genlab_native(x.into_dispatch(), Native::Silu))
}

/// Updates in place, by as many of libtorch's operations as PyTorch's own Adam takes.
#[backend_extension(LibTorch)]
pub(crate) trait NativeUpdates: Backend {
    /// [`crate::adam_update`] without a scale.
    fn genlab_native_adam(
        value: FloatTensor<Self>,
        first: FloatTensor<Self>,
        second: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        at: AdamStep,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>);

    /// [`crate::lerp`].
    fn genlab_native_lerp(
        average: FloatTensor<Self>,
        value: FloatTensor<Self>,
        weight: f64,
    ) -> FloatTensor<Self>;
}

/// The tensor for writing: a copy if others see its memory.
fn owned(x: TchTensor) -> tch::Tensor {
    if x.can_mut() { x.tensor } else { x.tensor.copy() }
}

impl NativeUpdates for LibTorch {
    fn genlab_native_adam(
        value: TchTensor,
        first: TchTensor,
        second: TchTensor,
        gradient: TchTensor,
        at: AdamStep,
    ) -> (TchTensor, TchTensor, TchTensor) {
        let [mut value, mut first, mut second] = [value, first, second].map(owned);
        let gradient = gradient.tensor;
        let correction = |beta: f64| 1.0 - beta.powf(at.step as f64);
        let _ = first.lerp_(&gradient, 1.0 - at.beta1);
        let _ = second.lerp_(&gradient.square(), 1.0 - at.beta2);
        let mut divisor = second.sqrt();
        let _ = divisor.g_mul_scalar_(1.0 / correction(at.beta2).sqrt());
        let _ = divisor.g_add_scalar_(at.epsilon);
        let mut update = first.g_div(&divisor);
        let _ = update.g_mul_scalar_(at.learning_rate / correction(at.beta1));
        let _ = value.g_sub_(&update);
        (TchTensor::new(value), TchTensor::new(first), TchTensor::new(second))
    }

    fn genlab_native_lerp(average: TchTensor, value: TchTensor, weight: f64) -> TchTensor {
        let mut average = owned(average);
        let _ = average.lerp_(&value.tensor, weight);
        TchTensor::new(average)
    }
}

/// [`crate::adam_update`] of plain tensors, without a scale.
pub(crate) fn adam_update<const D: usize>(
    slot: AdamSlot<D>,
    gradient: Tensor<D>,
    at: AdamStep,
) -> AdamSlot<D> {
    let AdamSlot { value, first, second } = slot;
    let [value, first, second, gradient] =
        [value, first, second, gradient].map(Tensor::into_dispatch);
    let (value, first, second) = Dispatch::genlab_native_adam(value, first, second, gradient, at);
    let [value, first, second] = [value, first, second].map(Tensor::from_dispatch);
    AdamSlot { value, first, second }
}

/// [`crate::lerp`] of plain tensors.
pub(crate) fn lerp<const D: usize>(average: Tensor<D>, value: Tensor<D>, weight: f64) -> Tensor<D> {
    let (average, value) = (average.into_dispatch(), value.into_dispatch());
    Tensor::from_dispatch(Dispatch::genlab_native_lerp(average, value, weight))
}

/// [`crate::bce_with_logits`].
pub(crate) fn bce_with_logits(logits: Tensor<2>, targets: Tensor<2>) -> Tensor<1> {
    let (logits, targets) = (logits.into_dispatch(), targets.into_dispatch());
    Tensor::from_dispatch(Dispatch::genlab_native_weight(logits, targets, Native::Bce))
}
