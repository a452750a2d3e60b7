//! Group normalisation with the activation that follows it.
//!
//! burn composes it of a dozen passes over memory. A group fits the cache, so one pass for the
//! moments and one for the output cost little more than reading and writing it once. The backward
//! pass keeps the input and two numbers per group, and recomputes the rest.

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

use std::mem::MaybeUninit;

use crate::{
    Activation,
    activation::silu_slope,
    flex::{build_uncleared, dense, dims, floats, tensor},
    simd::{LANES, multiversion, sigmoid, sum},
};

/// What the operation needs beside its tensors.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Options {
    /// Groups of channels.
    pub(crate) groups: usize,
    /// Added to the variance.
    pub(crate) epsilon: f32,
    /// What follows.
    pub(crate) activation: Activation,
}

/// Mean and reciprocal standard deviation of one group of one image.
#[derive(Clone, Copy, Debug)]
struct Moments {
    mean: f32,
    scale: f32,
}

/// Gradients of one channel of one image, before the sum over the batch.
#[derive(Clone, Copy, Debug)]
struct ChannelSums {
    weight: f32,
    bias: f32,
}

/// Sizes.
#[derive(Clone, Copy)]
struct Sizes {
    channels: usize,
    /// Channels per group.
    share: usize,
    /// Pixels of one channel.
    plane: usize,
}

impl Options {
    fn sizes(&self, x: &FlexTensor) -> Sizes {
        let [_, channels, height, width] = dims(x);
        let groups = self.groups;
        assert!(
            groups > 0 && channels.is_multiple_of(groups),
            "group_norm: {groups} groups do not divide {channels} channels"
        );
        Sizes { channels, share: channels / groups, plane: height * width }
    }

    fn forward(
        &self,
        x: &FlexTensor,
        weight: &FlexTensor,
        bias: &FlexTensor,
    ) -> (FlexTensor, Vec<Moments>) {
        let (values, weight, bias) = (floats(x), floats(weight), floats(bias));
        let Sizes { channels, share, plane } = self.sizes(x);
        let normalise = |group: usize, y: &mut [MaybeUninit<f32>]| {
            let x = &values[group * share * plane..][..y.len()];
            let moments = self.moments(x);
            let planes = x.chunks_exact(plane).zip(y.chunks_exact_mut(plane));
            for (i, (x, y)) in planes.enumerate() {
                let channel = (group * share + i) % channels;
                let slope = weight[channel] * moments.scale;
                affine(x, moments.mean, slope, bias[channel], self.activation, y);
            }
            moments
        };
        #[expect(unsafe_code, reason = "the output is too large to be cleared for nothing")]
        // SAFETY: `affine` writes every float of each of the group's planes.
        let (y, moments) = unsafe { build_uncleared(values.len(), share * plane, normalise) };
        (tensor(y, x.layout().shape().as_slice()), moments)
    }

    fn moments(&self, x: &[f32]) -> Moments {
        let count = x.len() as f32;
        let mean = sum(x) / count;
        // The second pass runs from the cache, and subtracting first is exact where E x² - E² x is not.
        let variance = squared_distance(x, mean) / count;
        Moments { mean, scale: 1.0 / (variance + self.epsilon).sqrt() }
    }

    /// Gradients of `x`, and of weight and bias per image and channel.
    fn backward(
        &self,
        x: &FlexTensor,
        weight: &FlexTensor,
        bias: &FlexTensor,
        gradient: &FlexTensor,
        moments: &[Moments],
    ) -> (FlexTensor, Vec<Vec<ChannelSums>>) {
        let (values, dys) = (floats(x), floats(gradient));
        let (weight, bias) = (floats(weight), floats(bias));
        let Sizes { channels, share, plane } = self.sizes(x);
        let pull = |group: usize, dx: &mut [MaybeUninit<f32>]| {
            let start = group * share * plane;
            let (x, dy) = (&values[start..][..dx.len()], &dys[start..][..dx.len()]);
            let moments = moments[group];
            let first = group * share % channels;
            let weight = &weight[first..first + share];
            // dx first holds the gradient behind the activation.
            let mut sums = Vec::with_capacity(share);
            for (i, dz) in dx.chunks_exact_mut(plane).enumerate() {
                let (x, dy) = (&x[i * plane..][..plane], &dy[i * plane..][..plane]);
                let affine = [weight[i], bias[first + i]];
                sums.push(before_activation(x, dy, moments, affine, self.activation, dz));
            }
            #[expect(unsafe_code, reason = "MaybeUninit::write_filled is not stable yet")]
            // SAFETY: the loop above wrote every float of each of the group's planes.
            let dx = unsafe { dx.assume_init_mut() };
            let total = |part: fn(&ChannelSums) -> f32| -> f32 {
                weight.iter().zip(&sums).map(|(w, sums)| w * part(sums)).sum()
            };
            let count = (share * plane) as f32;
            let [mean, slope] = [total(|s| s.bias) / count, total(|s| s.weight) / count];
            for (i, dx) in dx.chunks_exact_mut(plane).enumerate() {
                let x = &x[i * plane..][..plane];
                before_normalisation(x, moments, weight[i], mean, slope, dx);
            }
            sums
        };
        #[expect(unsafe_code, reason = "the output is too large to be cleared for nothing")]
        // SAFETY: see above.
        let (dx, sums) = unsafe { build_uncleared(values.len(), share * plane, pull) };
        (tensor(dx, x.layout().shape().as_slice()), sums)
    }
}

multiversion! {
    fn squared_distance(x: &[f32], from: f32) -> f32 {
        let (blocks, rest) = x.as_chunks::<LANES>();
        let mut sums = [0.0_f32; LANES];
        for block in blocks {
            for (sum, x) in sums.iter_mut().zip(block) {
                *sum += (x - from) * (x - from);
            }
        }
        let rest: f32 = rest.iter().map(|x| (x - from) * (x - from)).sum();
        sums.iter().sum::<f32>() + rest
    }
}

multiversion! {
    /// `y = activation((x - mean) · slope + bias)`
    fn affine(
        x: &[f32],
        mean: f32,
        slope: f32,
        bias: f32,
        activation: Activation,
        y: &mut [MaybeUninit<f32>],
    ) {
        match activation {
            Activation::Identity => {
                for (y, x) in y.iter_mut().zip(x) {
                    y.write((x - mean) * slope + bias);
                }
            }
            Activation::Silu => {
                for (y, x) in y.iter_mut().zip(x) {
                    let z = (x - mean) * slope + bias;
                    y.write(z * sigmoid(z));
                }
            }
        }
    }
}

multiversion! {
    /// Pulls `dy` back through the activation into `dz`, and sums `dz` and `dz` times the
    /// normalised input.
    fn before_activation(
        x: &[f32],
        dy: &[f32],
        moments: Moments,
        affine: [f32; 2],
        activation: Activation,
        dz: &mut [MaybeUninit<f32>],
    ) -> ChannelSums {
        let [weight, bias] = affine;
        let slope = weight * moments.scale;
        let pull = |x: f32, dy: f32| match activation {
            Activation::Identity => dy,
            Activation::Silu => dy * silu_slope((x - moments.mean) * slope + bias),
        };
        let (x_blocks, x_rest) = x.as_chunks::<LANES>();
        let (dy_blocks, dy_rest) = dy.as_chunks::<LANES>();
        let (dz_blocks, dz_rest) = dz.as_chunks_mut::<LANES>();
        let mut plain = [0.0_f32; LANES];
        let mut weighted = [0.0_f32; LANES];
        for ((x, dy), dz) in x_blocks.iter().zip(dy_blocks).zip(dz_blocks) {
            for lane in 0..LANES {
                let value = pull(x[lane], dy[lane]);
                dz[lane].write(value);
                plain[lane] += value;
                weighted[lane] += value * (x[lane] - moments.mean);
            }
        }
        let mut sums = [plain.iter().sum::<f32>(), weighted.iter().sum::<f32>()];
        for ((x, dy), dz) in x_rest.iter().zip(dy_rest).zip(dz_rest) {
            let value = *dz.write(pull(*x, *dy));
            sums[0] += value;
            sums[1] += value * (x - moments.mean);
        }
        ChannelSums { weight: sums[1] * moments.scale, bias: sums[0] }
    }
}

multiversion! {
    /// Pulls `dz`, in `dx`, back through the normalisation, whose derivative takes out the
    /// group's `mean` of the gradient and its `slope` along the normalised input.
    fn before_normalisation(
        x: &[f32],
        moments: Moments,
        weight: f32,
        mean: f32,
        slope: f32,
        dx: &mut [f32],
    ) {
        for (dx, x) in dx.iter_mut().zip(x) {
            let normal = (x - moments.mean) * moments.scale;
            *dx = moments.scale * (weight * *dx - mean - normal * slope);
        }
    }
}

/// Group normalisation. The tensors are f32.
#[backend_extension(Autodiff, Flex)]
pub(crate) trait NormOps: Backend {
    /// See [`crate::group_norm`].
    fn genlab_group_norm(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        options: Options,
    ) -> FloatTensor<Self>;
}

impl NormOps for Flex {
    fn genlab_group_norm(
        x: FlexTensor,
        weight: FlexTensor,
        bias: FlexTensor,
        options: Options,
    ) -> FlexTensor {
        options.forward(&dense(x), &dense(weight), &dense(bias)).0
    }
}

/// What the backward pass keeps.
#[derive(Clone, Debug)]
struct Saved {
    inputs: [NodeId; 3],
    moments: Vec<Moments>,
    options: Options,
}

#[derive(Debug)]
struct NormBackward;

impl Backward<Flex, 3> for NormBackward {
    type State = Saved;

    fn backward(self, ops: Ops<Saved, 3>, grads: &mut Gradients, checkpointer: &mut Checkpointer) {
        let gradient = dense(grads.consume::<Flex>(&ops.node));
        let Saved { inputs, moments, options } = ops.state;
        let [x, weight, bias] =
            inputs.map(|id| dense(checkpointer.retrieve_node_output::<FlexTensor>(id)));
        let (dx, sums) = options.backward(&x, &weight, &bias, &gradient, &moments);
        let [x_node, weight_node, bias_node] = ops.parents;
        let channels = options.sizes(&x).channels;
        let over_batch = |part: fn(&ChannelSums) -> f32| {
            let mut total = vec![0.0; channels];
            for (i, sums) in sums.iter().flatten().enumerate() {
                total[i % channels] += part(sums);
            }
            tensor(total, &[channels])
        };
        if let Some(node) = weight_node {
            grads.register::<Flex>(node.id, over_batch(|sums| sums.weight));
        }
        if let Some(node) = bias_node {
            grads.register::<Flex>(node.id, over_batch(|sums| sums.bias));
        }
        if let Some(node) = x_node {
            grads.register::<Flex>(node.id, dx);
        }
    }
}

impl<C: CheckpointStrategy> NormOps for Autodiff<Flex, C> {
    fn genlab_group_norm(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        options: Options,
    ) -> FloatTensor<Self> {
        let nodes = [x.node(), weight.node(), bias.node()];
        match NormBackward.prepare::<C>(nodes).compute_bound().stateful() {
            OpsKind::Tracked(mut prep) => {
                let inputs =
                    [prep.checkpoint(&x), prep.checkpoint(&weight), prep.checkpoint(&bias)];
                let [x, weight, bias] = [x, weight, bias].map(|t| dense(t.into_primitive()));
                let (y, moments) = options.forward(&x, &weight, &bias);
                prep.finish(Saved { inputs, moments, options }, y)
            }
            OpsKind::UnTracked(prep) => {
                let [x, weight, bias] = [x, weight, bias].map(FloatTensor::<Self>::into_primitive);
                prep.finish(Flex::genlab_group_norm(x, weight, bias, options))
            }
        }
    }
}
