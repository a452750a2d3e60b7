//! Binary cross-entropy of Bernoulli logits, one pass forward and one backward.

use burn::backend::{
    Autodiff, Backend, Flex,
    autodiff::{
        NodeId,
        checkpoint::{base::Checkpointer, strategy::CheckpointStrategy},
        grads::Gradients,
        ops::{Backward, Ops, OpsKind},
    },
    backend_extension,
    flex::FlexTensor,
    tensor::FloatTensor,
};

use crate::{
    flex::{TASK, build, dense, dims, floats, tensor},
    simd::{LANES, multiversion, sigmoid, softplus_of_negative},
};

/// One term: max(l, 0) - l t + ln(1 + e^{-|l|}) never overflows.
#[expect(clippy::inline_always, reason = "must become part of the vectorised loops")]
#[inline(always)]
fn term(logit: f32, target: f32) -> f32 {
    logit.max(0.0) - logit * target + softplus_of_negative(-logit.abs())
}

multiversion! {
    fn image_loss(logits: &[f32], targets: &[f32]) -> f32 {
        let (logit_blocks, logit_rest) = logits.as_chunks::<LANES>();
        let (target_blocks, target_rest) = targets.as_chunks::<LANES>();
        let mut sums = [0.0_f32; LANES];
        for (logits, targets) in logit_blocks.iter().zip(target_blocks) {
            for lane in 0..LANES {
                sums[lane] += term(logits[lane], targets[lane]);
            }
        }
        let rest = logit_rest.iter().zip(target_rest).map(|(l, t)| term(*l, *t));
        sums.iter().sum::<f32>() + rest.sum::<f32>()
    }
}

multiversion! {
    fn logit_gradient(logits: &[f32], targets: &[f32], upstream: f32, out: &mut [f32]) {
        for ((out, logit), target) in out.iter_mut().zip(logits).zip(targets) {
            *out = (sigmoid(*logit) - target) * upstream;
        }
    }
}

multiversion! {
    fn target_gradient(logits: &[f32], upstream: f32, out: &mut [f32]) {
        for (out, logit) in out.iter_mut().zip(logits) {
            *out = -logit * upstream;
        }
    }
}

/// Whole images that make a task.
fn images_per_task(pixels: usize) -> usize {
    TASK.div_ceil(pixels.max(1))
}

fn forward(logits: FlexTensor, targets: FlexTensor) -> FlexTensor {
    let (logits, targets) = (dense(logits), dense(targets));
    let [batch, pixels] = dims(&logits);
    let shape = dims::<2>(&targets);
    assert_eq!([batch, pixels], shape, "bce_with_logits: shapes of logits and targets");
    let (l, t) = (floats(&logits), floats(&targets));
    let images = images_per_task(pixels);
    let (losses, _) = build(batch, images, |index, losses| {
        for (i, loss) in losses.iter_mut().enumerate() {
            let start = (index * images + i) * pixels;
            *loss = image_loss(&l[start..][..pixels], &t[start..][..pixels]);
        }
    });
    tensor(losses, &[batch])
}

/// A tensor of the logits' shape, made image by image from (pixel range, upstream gradient, out).
fn per_image(
    [batch, pixels]: [usize; 2],
    upstream: &[f32],
    work: impl Fn(std::ops::Range<usize>, f32, &mut [f32]) + Sync,
) -> FlexTensor {
    let images = images_per_task(pixels);
    let (values, _) = build(batch * pixels, images * pixels, |index, out| {
        for (i, out) in out.chunks_exact_mut(pixels).enumerate() {
            let image = index * images + i;
            work(image * pixels..(image + 1) * pixels, upstream[image], out);
        }
    });
    tensor(values, &[batch, pixels])
}

/// The loss. The tensors are f32.
#[backend_extension(Autodiff, Flex)]
pub(crate) trait LossOps: Backend {
    /// See [`crate::bce_with_logits`].
    fn genlab_bce(logits: FloatTensor<Self>, targets: FloatTensor<Self>) -> FloatTensor<Self>;
}

impl LossOps for Flex {
    fn genlab_bce(logits: FlexTensor, targets: FlexTensor) -> FlexTensor {
        forward(logits, targets)
    }
}

#[derive(Debug)]
struct BceBackward;

impl Backward<Flex, 2> for BceBackward {
    type State = [NodeId; 2];

    fn backward(
        self,
        ops: Ops<Self::State, 2>,
        grads: &mut Gradients,
        checkpointer: &mut Checkpointer,
    ) {
        let upstream = dense(grads.consume::<Flex>(&ops.node));
        let [logits, targets] =
            ops.state.map(|id| dense(checkpointer.retrieve_node_output::<FlexTensor>(id)));
        let (shape, upstream) = (dims(&logits), floats(&upstream));
        let (l, t) = (floats(&logits), floats(&targets));
        let [logits_node, targets_node] = ops.parents;
        if let Some(node) = logits_node {
            let gradient = per_image(shape, upstream, |pixels, upstream, out| {
                logit_gradient(&l[pixels.clone()], &t[pixels], upstream, out);
            });
            grads.register::<Flex>(node.id, gradient);
        }
        if let Some(node) = targets_node {
            let gradient = per_image(shape, upstream, |pixels, upstream, out| {
                target_gradient(&l[pixels], upstream, out);
            });
            grads.register::<Flex>(node.id, gradient);
        }
    }
}

impl<C: CheckpointStrategy> LossOps for Autodiff<Flex, C> {
    fn genlab_bce(logits: FloatTensor<Self>, targets: FloatTensor<Self>) -> FloatTensor<Self> {
        let nodes = [logits.node(), targets.node()];
        match BceBackward.prepare::<C>(nodes).compute_bound().stateful() {
            OpsKind::Tracked(mut prep) => {
                let saved = [prep.checkpoint(&logits), prep.checkpoint(&targets)];
                prep.finish(saved, forward(logits.into_primitive(), targets.into_primitive()))
            }
            OpsKind::UnTracked(prep) => {
                prep.finish(forward(logits.into_primitive(), targets.into_primitive()))
            }
        }
    }
}
