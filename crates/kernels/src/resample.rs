//! Doubling an image's sides by repeating pixels.
//!
//! burn's general interpolation divides for every pixel, and its gradient scatters.

use burn::backend::{
    Autodiff, Backend, Flex,
    autodiff::{
        checkpoint::{base::Checkpointer, strategy::CheckpointStrategy},
        grads::Gradients,
        ops::{Backward, Ops, OpsKind},
    },
    backend_extension,
    flex::FlexTensor,
    tensor::FloatTensor,
};

use crate::flex::{TASK, build, dense, dims, floats, tensor};

fn forward(x: FlexTensor) -> FlexTensor {
    let x = dense(x);
    let [batch, channels, height, width] = dims(&x);
    let (values, plane) = (floats(&x), height * width);
    let planes = TASK.div_ceil(4 * plane);
    let (y, _) = build(4 * values.len(), planes * 4 * plane, |index, y| {
        let x = &values[index * planes * plane..][..y.len() / 4];
        for (x, y) in x.chunks_exact(width).zip(y.chunks_exact_mut(4 * width)) {
            let (upper, lower) = y.split_at_mut(2 * width);
            for (pair, x) in upper.as_chunks_mut::<2>().0.iter_mut().zip(x) {
                *pair = [*x; 2];
            }
            lower.copy_from_slice(upper);
        }
    });
    tensor(y, &[batch, channels, 2 * height, 2 * width])
}

fn backward(gradient: FlexTensor) -> FlexTensor {
    let gradient = dense(gradient);
    let [batch, channels, height, width] = dims(&gradient);
    let (height, width) = (height / 2, width / 2);
    let (values, plane) = (floats(&gradient), height * width);
    let planes = TASK.div_ceil(4 * plane);
    let (dx, _) = build(values.len() / 4, planes * plane, |index, dx| {
        let dy = &values[index * planes * 4 * plane..][..4 * dx.len()];
        for (dx, dy) in dx.chunks_exact_mut(width).zip(dy.chunks_exact(4 * width)) {
            let (upper, lower) = dy.split_at(2 * width);
            let pairs = upper.as_chunks::<2>().0.iter().zip(lower.as_chunks::<2>().0);
            for (dx, ([a, b], [c, d])) in dx.iter_mut().zip(pairs) {
                *dx = (a + b) + (c + d);
            }
        }
    });
    tensor(dx, &[batch, channels, height, width])
}

/// The operation. The tensor is f32.
#[backend_extension(Autodiff, Flex)]
pub(crate) trait ResampleOps: Backend {
    /// See [`crate::upsample_nearest2x`].
    fn genlab_upsample(x: FloatTensor<Self>) -> FloatTensor<Self>;
}

impl ResampleOps for Flex {
    fn genlab_upsample(x: FlexTensor) -> FlexTensor {
        forward(x)
    }
}

#[derive(Debug)]
struct UpsampleBackward;

impl Backward<Flex, 1> for UpsampleBackward {
    type State = ();

    fn backward(self, ops: Ops<(), 1>, grads: &mut Gradients, _: &mut Checkpointer) {
        let gradient = grads.consume::<Flex>(&ops.node);
        let [parent] = ops.parents;
        if let Some(node) = parent {
            grads.register::<Flex>(node.id, backward(gradient));
        }
    }
}

impl<C: CheckpointStrategy> ResampleOps for Autodiff<Flex, C> {
    fn genlab_upsample(x: FloatTensor<Self>) -> FloatTensor<Self> {
        let prep = UpsampleBackward.prepare::<C>([x.node()]).compute_bound();
        let y = forward(x.into_primitive());
        match prep.stateful() {
            OpsKind::Tracked(prep) => prep.finish((), y),
            OpsKind::UnTracked(prep) => prep.finish(y),
        }
    }
}
