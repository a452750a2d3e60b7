//! Two-dimensional convolution and its transpose.
//!
//! Three functions of one [`Geometry`] do all the work: the output, the gradient of the input and
//! the gradient of the weight. A transposed convolution is the input gradient of the convolution
//! with the same weight, so its output and its gradients are the same three functions.

#[cfg(target_arch = "x86_64")]
mod direct;
mod im2col;
#[cfg(target_arch = "x86_64")]
mod lines;
#[cfg(target_arch = "x86_64")]
mod micro;
#[cfg(target_arch = "x86_64")]
mod planes;
#[cfg(test)]
mod tests;
#[cfg(target_arch = "x86_64")]
mod winograd;

use burn::backend::{
    Autodiff, Backend, Flex,
    autodiff::{
        NodeId,
        checkpoint::{base::Checkpointer, strategy::CheckpointStrategy},
        grads::Gradients,
        ops::{Backward, Ops, OpsKind, OpsPrep, Tracked},
    },
    backend_extension,
    flex::FlexTensor,
    tensor::FloatTensor,
};

use crate::flex::{dense, dims, floats, fold, split, tensor};

/// Sizes of a convolution, as the forward convolution sees them.
#[derive(Clone, Copy, Debug)]
struct Geometry {
    batch: usize,
    in_channels: usize,
    out_channels: usize,
    /// Height and width of the input.
    input: [usize; 2],
    /// Height and width of the output.
    output: [usize; 2],
    kernel: [usize; 2],
    stride: [usize; 2],
    padding: [usize; 2],
}

impl Geometry {
    /// Kernel taps of one output channel.
    fn taps(&self) -> usize {
        self.in_channels * self.kernel[0] * self.kernel[1]
    }

    /// Output pixels of one channel.
    fn positions(&self) -> usize {
        self.output[0] * self.output[1]
    }

    /// Input pixels of one channel.
    fn in_plane(&self) -> usize {
        self.input[0] * self.input[1]
    }

    /// Floats of one input image.
    fn in_image(&self) -> usize {
        self.in_channels * self.in_plane()
    }

    /// Floats of one output image.
    fn out_image(&self) -> usize {
        self.out_channels * self.positions()
    }

    /// Whether the kernel covers the whole image: the convolution is a matrix product.
    fn is_dense(&self) -> bool {
        self.kernel == self.input && self.padding == [0, 0]
    }

    /// Input channel, row and column of every tap, in the weight's order.
    fn each_tap(&self) -> impl Iterator<Item = (usize, usize, usize)> {
        let [height, width] = self.kernel;
        (0..self.taps()).map(move |k| (k / (height * width), k / width % height, k % width))
    }

    fn forward(&self, x: &[f32], weight: &[f32], bias: Option<&[f32]>) -> Vec<f32> {
        #[cfg(target_arch = "x86_64")]
        if let Some(isa) = self.direct_isa() {
            if winograd::applies(self) {
                return winograd::forward(isa, self, x, weight, bias);
            }
            let budget = direct::im2col_cost(self);
            if let Some(y) = direct::forward(isa, budget, self, x, weight, bias) {
                return y;
            }
        }
        im2col::forward(self, x, weight, bias)
    }

    fn input_gradient(&self, gradient: &[f32], weight: &[f32], bias: Option<&[f32]>) -> Vec<f32> {
        #[cfg(target_arch = "x86_64")]
        if let Some(isa) = self.direct_isa() {
            if winograd::applies(self) {
                return winograd::input_gradient(isa, self, gradient, weight, bias);
            }
            let budget = direct::im2col_cost(self);
            let x = direct::input_gradient(isa, budget, self, gradient, weight, bias);
            if let Some(x) = x {
                return x;
            }
        }
        im2col::input_gradient(self, gradient, weight, bias)
    }

    fn weight_gradient(&self, x: &[f32], gradient: &[f32]) -> Vec<f32> {
        #[cfg(target_arch = "x86_64")]
        if let Some(isa) = self.direct_isa() {
            if winograd::applies(self) {
                return winograd::weight_gradient(isa, self, x, gradient);
            }
            if direct::suits_weight_gradient(self) {
                return direct::weight_gradient(isa, self, x, gradient);
            }
        }
        im2col::weight_gradient(self, x, gradient)
    }

    /// The instructions for [`direct`] and [`winograd`], unless the work is a plain matrix product.
    #[cfg(target_arch = "x86_64")]
    fn direct_isa(&self) -> Option<micro::Isa> {
        if self.is_dense() { None } else { micro::Isa::detect() }
    }
}

/// Which of the two operations, and what it needs beside its tensors.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Options {
    /// Rows and columns from one kernel position to the next.
    pub(crate) stride: [usize; 2],
    /// Zero rows and columns on each side.
    pub(crate) padding: [usize; 2],
    /// `None` for the convolution; the output padding for the transposed convolution.
    pub(crate) transposed: Option<[usize; 2]>,
}

impl Options {
    /// The sizes of the forward convolution, from the shapes of the operation's `x` and `weight`.
    fn geometry(&self, x: [usize; 4], weight: [usize; 4]) -> Geometry {
        let [batch, channels, height, width] = x;
        let [outer, inner, kernel_h, kernel_w] = weight;
        let (size, kernel) = ([height, width], [kernel_h, kernel_w]);
        let Self { stride, padding, transposed } = *self;
        let (input, output) = match transposed {
            None => {
                assert_eq!(channels, inner, "conv2d: channels of x {x:?} and weight {weight:?}");
                let fits = (0..2).all(|d| size[d] + 2 * padding[d] >= kernel[d]);
                assert!(fits, "conv2d: kernel of weight {weight:?} exceeds padded x {x:?}");
                (size, [0, 1].map(|d| (size[d] + 2 * padding[d] - kernel[d]) / stride[d] + 1))
            }
            Some(extra) => {
                assert_eq!(channels, outer, "conv_transpose2d: channels of {x:?} and {weight:?}");
                let full = [0, 1].map(|d| (size[d] - 1) * stride[d] + kernel[d] + extra[d]);
                let fits = (0..2).all(|d| full[d] > 2 * padding[d]);
                assert!(fits, "conv_transpose2d: padding {padding:?} leaves no output of {x:?}");
                ([0, 1].map(|d| full[d] - 2 * padding[d]), size)
            }
        };
        Geometry {
            batch,
            in_channels: inner,
            out_channels: outer,
            input,
            output,
            kernel,
            stride,
            padding,
        }
    }

    fn apply(&self, x: FlexTensor, weight: FlexTensor, bias: Option<FlexTensor>) -> FlexTensor {
        let (x, weight, bias) = (dense(x), dense(weight), bias.map(dense));
        let g = self.geometry(dims(&x), dims(&weight));
        let bias = bias.as_ref().map(floats);
        if self.transposed.is_some() {
            let y = g.input_gradient(floats(&x), floats(&weight), bias);
            tensor(y, &[g.batch, g.in_channels, g.input[0], g.input[1]])
        } else {
            let y = g.forward(floats(&x), floats(&weight), bias);
            tensor(y, &[g.batch, g.out_channels, g.output[0], g.output[1]])
        }
    }
}

/// Both operations, by [`Options`]; the macro knows no optional tensors. The tensors are f32.
#[backend_extension(Autodiff, Flex)]
pub(crate) trait ConvOps: Backend {
    /// See [`crate::conv2d`] and [`crate::conv_transpose2d`].
    fn genlab_conv(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        options: Options,
    ) -> FloatTensor<Self>;

    /// The same with a bias.
    fn genlab_conv_bias(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        options: Options,
    ) -> FloatTensor<Self>;
}

impl ConvOps for Flex {
    fn genlab_conv(x: FlexTensor, weight: FlexTensor, options: Options) -> FlexTensor {
        options.apply(x, weight, None)
    }

    fn genlab_conv_bias(
        x: FlexTensor,
        weight: FlexTensor,
        bias: FlexTensor,
        options: Options,
    ) -> FlexTensor {
        options.apply(x, weight, Some(bias))
    }
}

/// What the backward pass keeps: an input only if a gradient needs it.
#[derive(Clone, Debug)]
struct Saved {
    x: Option<NodeId>,
    weight: Option<NodeId>,
    x_shape: [usize; 4],
    weight_shape: [usize; 4],
    options: Options,
}

impl Saved {
    /// Registers the gradients of `x`, `weight` and `bias` where there is a node to receive it.
    fn backward(
        self,
        [x_node, weight_node, bias_node]: [Option<NodeId>; 3],
        gradient: FlexTensor,
        grads: &mut Gradients,
        checkpointer: &mut Checkpointer,
    ) {
        let gradient = dense(gradient);
        let g = self.options.geometry(self.x_shape, self.weight_shape);
        let transposed = self.options.transposed.is_some();
        let mut recall = |node: Option<NodeId>| {
            node.map(|node| dense(checkpointer.retrieve_node_output::<FlexTensor>(node)))
        };
        let (x, weight) = (recall(self.x), recall(self.weight));
        if let (Some(node), Some(weight)) = (x_node, weight) {
            let (dy, weight) = (floats(&gradient), floats(&weight));
            let dx = if transposed {
                g.forward(dy, weight, None)
            } else {
                g.input_gradient(dy, weight, None)
            };
            grads.register::<Flex>(node, tensor(dx, &self.x_shape));
        }
        if let (Some(node), Some(x)) = (weight_node, x) {
            let (dy, x) = (floats(&gradient), floats(&x));
            let dw = if transposed { g.weight_gradient(dy, x) } else { g.weight_gradient(x, dy) };
            grads.register::<Flex>(node, tensor(dw, &self.weight_shape));
        }
        if let Some(node) = bias_node {
            let (channels, plane) = if transposed {
                (g.in_channels, g.in_plane())
            } else {
                (g.out_channels, g.positions())
            };
            let db = channel_sums(floats(&gradient), channels, plane);
            grads.register::<Flex>(node, tensor(db, &[channels]));
        }
    }
}

/// Sums of `[batch, channels, plane]` over all but the channels.
fn channel_sums(values: &[f32], channels: usize, plane: usize) -> Vec<f32> {
    let image = channels * plane;
    fold(split(values.len() / image, |images| {
        let mut sums = vec![0.0; channels];
        for image in values[images.start * image..images.end * image].chunks_exact(image) {
            for (sum, plane) in sums.iter_mut().zip(image.chunks_exact(plane)) {
                *sum += crate::simd::sum(plane);
            }
        }
        sums
    }))
}

/// The backward step of either operation, with three parents or (without bias) two.
#[derive(Debug)]
struct ConvBackward;

impl Backward<Flex, 3> for ConvBackward {
    type State = Saved;

    fn backward(self, ops: Ops<Saved, 3>, grads: &mut Gradients, checkpointer: &mut Checkpointer) {
        let gradient = grads.consume::<Flex>(&ops.node);
        let nodes = ops.parents.map(|parent| parent.map(|node| node.id));
        ops.state.backward(nodes, gradient, grads, checkpointer);
    }
}

impl Backward<Flex, 2> for ConvBackward {
    type State = Saved;

    fn backward(self, ops: Ops<Saved, 2>, grads: &mut Gradients, checkpointer: &mut Checkpointer) {
        let gradient = grads.consume::<Flex>(&ops.node);
        let [x, weight] = ops.parents.map(|parent| parent.map(|node| node.id));
        ops.state.backward([x, weight, None], gradient, grads, checkpointer);
    }
}

/// Keeps what the tracked gradients will need.
fn save<C: CheckpointStrategy, const N: usize>(
    prep: &mut OpsPrep<ConvBackward, Flex, Saved, C, N, Tracked>,
    x: &FloatTensor<Autodiff<Flex, C>>,
    weight: &FloatTensor<Autodiff<Flex, C>>,
    options: Options,
) -> Saved
where
    ConvBackward: Backward<Flex, N, State = Saved>,
{
    Saved {
        x: weight.is_tracked().then(|| prep.checkpoint(x)),
        weight: x.is_tracked().then(|| prep.checkpoint(weight)),
        x_shape: dims(x.primitive()),
        weight_shape: dims(weight.primitive()),
        options,
    }
}

impl<C: CheckpointStrategy> ConvOps for Autodiff<Flex, C> {
    fn genlab_conv(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        options: Options,
    ) -> FloatTensor<Self> {
        let nodes = [x.node(), weight.node()];
        match ConvBackward.prepare::<C>(nodes).compute_bound().stateful() {
            OpsKind::Tracked(mut prep) => {
                let saved = save(&mut prep, &x, &weight, options);
                let y = options.apply(x.into_primitive(), weight.into_primitive(), None);
                prep.finish(saved, y)
            }
            OpsKind::UnTracked(prep) => {
                prep.finish(options.apply(x.into_primitive(), weight.into_primitive(), None))
            }
        }
    }

    fn genlab_conv_bias(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        options: Options,
    ) -> FloatTensor<Self> {
        let nodes = [x.node(), weight.node(), bias.node()];
        let bias = Some(bias.into_primitive());
        match ConvBackward.prepare::<C>(nodes).compute_bound().stateful() {
            OpsKind::Tracked(mut prep) => {
                let saved = save(&mut prep, &x, &weight, options);
                let y = options.apply(x.into_primitive(), weight.into_primitive(), bias);
                prep.finish(saved, y)
            }
            OpsKind::UnTracked(prep) => {
                prep.finish(options.apply(x.into_primitive(), weight.into_primitive(), bias))
            }
        }
    }
}
