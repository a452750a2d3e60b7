//! Layer normalisation, with one affine map for all rows or one per image.
//!
//! A row of a transformer is a few hundred floats: its moments and its output take one read from
//! memory and one write. The backward pass keeps the input and two numbers per row.

use std::mem::MaybeUninit;

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
    flex::{SHARES, TASK, build_uncleared, dense, floats, tensor},
    simd::{across, multiversion},
};

/// Partial sums of a row: one vector, because rows are short.
const LANES: usize = 16;

/// What the operation needs beside its tensors.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Options {
    /// Added to the variance.
    pub(crate) epsilon: f32,
    /// Added to the weight: 1 where it stands for a change of scale.
    pub(crate) offset: f32,
}

/// Mean and reciprocal standard deviation of one row.
#[derive(Clone, Copy, Debug)]
struct Moments {
    mean: f32,
    scale: f32,
}

/// The rows of `x`, and which of the affine maps each takes.
#[derive(Clone, Copy, Debug)]
struct Sizes {
    width: usize,
    /// Rows that share an affine map.
    share: usize,
}

impl Sizes {
    fn of(x: &FlexTensor, weight: &FlexTensor) -> Self {
        let shape = x.layout().shape().as_slice();
        let width = shape.last().copied().unwrap_or(1);
        let (len, maps) = (shape.iter().product::<usize>(), weight.layout().num_elements());
        let rows = len.checked_div(width).unwrap_or(0);
        let groups = maps.checked_div(width).unwrap_or(0).max(1);
        assert!(
            maps == groups * width && rows.is_multiple_of(groups),
            "layer_norm: a weight of {:?} does not fit x {shape:?}",
            weight.layout().shape().as_slice()
        );
        Self { width, share: (rows / groups).max(1) }
    }
}

impl Options {
    fn forward(
        self,
        x: &FlexTensor,
        weight: &FlexTensor,
        bias: &FlexTensor,
    ) -> (FlexTensor, Vec<Vec<Moments>>) {
        let sizes = Sizes::of(x, weight);
        let (values, weight, bias) = (floats(x), floats(weight), floats(bias));
        let chunk = rows_of_a_task(sizes.width) * sizes.width;
        let work = |index: usize, y: &mut [MaybeUninit<f32>]| {
            let x = &values[index * chunk..][..y.len()];
            let first = index * chunk / sizes.width;
            normalise(x, [weight, bias], sizes, first, self, y)
        };
        #[expect(unsafe_code, reason = "the output is written once")]
        // SAFETY: `normalise` writes every float of each of its rows.
        let (y, moments) = unsafe { build_uncleared(values.len(), chunk, work) };
        (tensor(y, x.layout().shape().as_slice()), moments)
    }

    /// Gradients of `x`, of the weight and of the bias.
    fn backward(
        self,
        x: &FlexTensor,
        weight: &FlexTensor,
        gradient: &FlexTensor,
        moments: &[Vec<Moments>],
    ) -> [FlexTensor; 3] {
        let sizes = Sizes::of(x, weight);
        let (values, dys, weights) = (floats(x), floats(gradient), floats(weight));
        let Sizes { width, share } = sizes;
        let per_task = rows_of_a_task(width);
        let tasks = moments.len().div_ceil(SHARES).max(1);
        let chunk = tasks * per_task * width;
        let work = |index: usize, dx: &mut [MaybeUninit<f32>]| {
            let (x, dy) = (&values[index * chunk..][..dx.len()], &dys[index * chunk..][..dx.len()]);
            let first = index * tasks * per_task;
            let last = first + dx.len() / width - 1;
            let maps = first / share..last / share + 1;
            let mut sums = vec![0.0; 2 * maps.len() * width];
            let moments: Vec<Moments> =
                moments[index * tasks..].iter().take(tasks).flatten().copied().collect();
            pull([x, dy, weights], sizes, first, self, &moments, dx, &mut sums);
            (maps.start, sums)
        };
        #[expect(unsafe_code, reason = "the output is written once")]
        // SAFETY: `pull` writes every float of each of its rows.
        let (dx, parts) = unsafe { build_uncleared(values.len(), chunk, work) };
        let mut sums = [vec![0.0; weights.len()], vec![0.0; weights.len()]];
        for (map, part) in parts {
            for (i, pair) in part.chunks_exact(2 * width).enumerate() {
                for (sums, part) in sums.iter_mut().zip(pair.chunks_exact(width)) {
                    for (sum, value) in sums[(map + i) * width..].iter_mut().zip(part) {
                        *sum += value;
                    }
                }
            }
        }
        let affine = weight.layout().shape().as_slice();
        let [weight, bias] = sums.map(|sums| tensor(sums, affine));
        [tensor(dx, x.layout().shape().as_slice()), weight, bias]
    }
}

fn rows_of_a_task(width: usize) -> usize {
    (TASK / width.max(1)).max(1)
}

/// The sum over rows of `width` floats of what `value` makes of their floats at one place.
#[expect(clippy::inline_always, reason = "must become part of the vectorised loops")]
#[inline(always)]
fn total<const N: usize>(rows: [&[f32]; N], width: usize, value: impl Fn([f32; N]) -> f32) -> f32 {
    let count = width / LANES;
    let blocks = rows.map(|row| &row[..width].as_chunks::<LANES>().0[..count]);
    let mut sums = [0.0_f32; LANES];
    for b in 0..count {
        for (lane, sum) in sums.iter_mut().enumerate() {
            *sum += value(blocks.map(|blocks| blocks[b][lane]));
        }
    }
    let rest = (count * LANES..width).map(|i| value(rows.map(|row| row[i])));
    across(sums, |a, b| a + b) + rest.sum::<f32>()
}

multiversion! {
    /// Normalises the rows of `x`, of which the first is row `first` of the tensor.
    fn normalise(
        x: &[f32],
        affine: [&[f32]; 2],
        sizes: Sizes,
        first: usize,
        options: Options,
        y: &mut [MaybeUninit<f32>],
    ) -> Vec<Moments> {
        let Sizes { width, share } = sizes;
        let mut kept = Vec::with_capacity(x.len() / width);
        for (row, (x, y)) in x.chunks_exact(width).zip(y.chunks_exact_mut(width)).enumerate() {
            let map = (first + row) / share * width;
            let [weight, bias] = affine.map(|affine| &affine[map..][..width]);
            let mean = total([x], width, |[x]| x) / width as f32;
            let variance = total([x], width, |[x]| (x - mean) * (x - mean)) / width as f32;
            let scale = 1.0 / (variance + options.epsilon).sqrt();
            for (((y, x), weight), bias) in y.iter_mut().zip(x).zip(weight).zip(bias) {
                y.write((x - mean) * scale * (weight + options.offset) + bias);
            }
            kept.push(Moments { mean, scale });
        }
        kept
    }
}

multiversion! {
    /// Pulls `dy` back to `dx`, and adds to `sums`, `[map, 2, width]` from the first row's map on, the
    /// gradients of weight and bias.
    fn pull(
        read: [&[f32]; 3],
        sizes: Sizes,
        first: usize,
        options: Options,
        moments: &[Moments],
        dx: &mut [MaybeUninit<f32>],
        sums: &mut [f32],
    ) {
        let ([x, dy, weights], Sizes { width, share }) = (read, sizes);
        let rows = x.chunks_exact(width).zip(dy.chunks_exact(width)).zip(dx.chunks_exact_mut(width));
        for ((row, ((x, dy), dx)), moments) in rows.enumerate().zip(moments) {
            let map = (first + row) / share;
            let weight = &weights[map * width..][..width];
            let sums = &mut sums[(map - first / share) * 2 * width..][..2 * width];
            let (weight_sums, bias_sums) = sums.split_at_mut(width);
            let Moments { mean, scale } = *moments;
            let normal = |x: f32| (x - mean) * scale;
            for ((sum, x), dy) in weight_sums.iter_mut().zip(x).zip(dy) {
                *sum += dy * normal(*x);
            }
            for (sum, dy) in bias_sums.iter_mut().zip(dy) {
                *sum += dy;
            }
            let slope = |dy: f32, weight: f32| dy * (weight + options.offset);
            let level = total([dy, weight], width, |[dy, w]| slope(dy, w)) / width as f32;
            let along = total([x, dy, weight], width, |[x, dy, w]| slope(dy, w) * normal(x));
            let along = along / width as f32;
            for (((dx, x), dy), weight) in dx.iter_mut().zip(x).zip(dy).zip(weight) {
                dx.write(scale * (slope(*dy, *weight) - level - normal(*x) * along));
            }
        }
    }
}

/// Layer normalisation. The tensors are f32.
#[backend_extension(Autodiff, Flex)]
pub(crate) trait LayerNormOps: Backend {
    /// See [`crate::layer_norm`] and [`crate::modulated_norm`].
    fn genlab_layer_norm(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        options: Options,
    ) -> FloatTensor<Self>;
}

impl LayerNormOps for Flex {
    fn genlab_layer_norm(
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
    inputs: [NodeId; 2],
    moments: Vec<Vec<Moments>>,
    options: Options,
}

#[derive(Debug)]
struct LayerNormBackward;

impl Backward<Flex, 3> for LayerNormBackward {
    type State = Saved;

    fn backward(self, ops: Ops<Saved, 3>, grads: &mut Gradients, checkpointer: &mut Checkpointer) {
        let gradient = dense(grads.consume::<Flex>(&ops.node));
        let Saved { inputs, moments, options } = ops.state;
        let [x, weight] =
            inputs.map(|id| dense(checkpointer.retrieve_node_output::<FlexTensor>(id)));
        let gradients = options.backward(&x, &weight, &gradient, &moments);
        for (node, gradient) in ops.parents.into_iter().zip(gradients) {
            if let Some(node) = node {
                grads.register::<Flex>(node.id, gradient);
            }
        }
    }
}

impl<C: CheckpointStrategy> LayerNormOps for Autodiff<Flex, C> {
    fn genlab_layer_norm(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        options: Options,
    ) -> FloatTensor<Self> {
        let nodes = [x.node(), weight.node(), bias.node()];
        match LayerNormBackward.prepare::<C>(nodes).compute_bound().stateful() {
            OpsKind::Tracked(mut prep) => {
                let inputs = [prep.checkpoint(&x), prep.checkpoint(&weight)];
                let [x, weight, bias] = [x, weight, bias].map(|t| dense(t.into_primitive()));
                let (y, moments) = options.forward(&x, &weight, &bias);
                prep.finish(Saved { inputs, moments, options }, y)
            }
            OpsKind::UnTracked(prep) => {
                let [x, weight, bias] = [x, weight, bias].map(FloatTensor::<Self>::into_primitive);
                prep.finish(Flex::genlab_layer_norm(x, weight, bias, options))
            }
        }
    }
}
