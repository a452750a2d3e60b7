//! Layers with a weight, y = f(x, weight) + bias, and how they enter burn's graph.
//!
//! f is linear in x and in the weight: the gradient of x reads the weight alone, that of the weight
//! reads x alone, and that of the bias neither. The backward pass keeps an input only if such a
//! gradient is wanted.

use std::array::from_fn;

use burn::{
    backend::{
        Autodiff, Backend, Dispatch, Flex,
        autodiff::{
            NodeId,
            checkpoint::{base::Checkpointer, strategy::CheckpointStrategy},
            grads::Gradients,
            ops::{Backward, NodeGuard, Ops, OpsKind},
        },
        backend_extension,
        flex::FlexTensor,
        tensor::FloatTensor,
    },
    tensor::Tensor,
};

use crate::{
    Precision,
    conv::{self, Convolution},
    flex::{dense, is_fast},
    linear,
    precision::{in_bf16, is_mixed},
};

/// Which layer. Its functions take dense tensors.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Layer {
    /// The fully connected one, of operands that are rounded to this.
    Linear(Precision),
    /// A convolution or a transposed one.
    Conv(Convolution),
}

impl Layer {
    fn forward(&self, x: FlexTensor, weight: FlexTensor, bias: Option<FlexTensor>) -> FlexTensor {
        let (x, weight, bias) = (dense(x), dense(weight), bias.map(dense));
        match self {
            Self::Linear(p) => linear::forward(*p, &x, &weight, bias.as_ref()),
            Self::Conv(conv) => conv.forward(&x, &weight, bias.as_ref()),
        }
    }

    fn x_gradient(&self, upstream: &FlexTensor, weight: &FlexTensor) -> FlexTensor {
        match self {
            Self::Linear(p) => linear::x_gradient(*p, upstream, weight),
            Self::Conv(conv) => conv.x_gradient(upstream, weight),
        }
    }

    fn weight_gradient(&self, x: &FlexTensor, upstream: &FlexTensor) -> FlexTensor {
        match self {
            Self::Linear(p) => linear::weight_gradient(*p, x, upstream),
            Self::Conv(conv) => conv.weight_gradient(x, upstream),
        }
    }

    fn bias_gradient(&self, upstream: &FlexTensor) -> FlexTensor {
        match self {
            Self::Linear(_) => linear::bias_gradient(upstream),
            Self::Conv(_) => conv::bias_gradient(upstream),
        }
    }
}

/// The layer that `fast` makes of the shapes of `x` and `weight`, where the fast kernels apply;
/// elsewhere what is `composed` of burn's operations.
pub(crate) fn apply<const D: usize>(
    x: Tensor<D>,
    weight: Tensor<D>,
    bias: Option<Tensor<1>>,
    composed: impl FnOnce(Tensor<D>, Tensor<D>, Option<Tensor<1>>) -> Tensor<D>,
    fast: impl FnOnce([usize; D], [usize; D]) -> Layer,
) -> Tensor<D> {
    if !is_fast(&x) {
        return if is_mixed(&x) {
            in_bf16(x, weight, bias, composed)
        } else {
            composed(x, weight, bias)
        };
    }
    let layer = fast(x.dims(), weight.dims());
    let (x, weight) = (x.into_dispatch(), weight.into_dispatch());
    Tensor::from_dispatch(match bias {
        Some(bias) => Dispatch::genlab_layer_bias(x, weight, bias.into_dispatch(), layer),
        None => Dispatch::genlab_layer(x, weight, layer),
    })
}

/// All layers. The macro knows no optional tensors. The tensors are f32.
#[backend_extension(Autodiff, Flex)]
pub(crate) trait LayerOps: Backend {
    /// See [`crate::linear`], [`crate::conv2d`] and [`crate::conv_transpose2d`].
    fn genlab_layer(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        layer: Layer,
    ) -> FloatTensor<Self>;

    /// The same with a bias.
    fn genlab_layer_bias(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        layer: Layer,
    ) -> FloatTensor<Self>;
}

impl LayerOps for Flex {
    fn genlab_layer(x: FlexTensor, weight: FlexTensor, layer: Layer) -> FlexTensor {
        layer.forward(x, weight, None)
    }

    fn genlab_layer_bias(
        x: FlexTensor,
        weight: FlexTensor,
        bias: FlexTensor,
        layer: Layer,
    ) -> FlexTensor {
        layer.forward(x, weight, Some(bias))
    }
}

impl<C: CheckpointStrategy> LayerOps for Autodiff<Flex, C> {
    fn genlab_layer(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        layer: Layer,
    ) -> FloatTensor<Self> {
        recorded::<C, _>([x.node(), weight.node()], x, weight, None, layer)
    }

    fn genlab_layer_bias(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        layer: Layer,
    ) -> FloatTensor<Self> {
        let nodes = [x.node(), weight.node(), bias.node()];
        recorded::<C, _>(nodes, x, weight, Some(bias.into_primitive()), layer)
    }
}

/// The output, in the graph below `nodes`: those of x, of the weight and, where there is one, of the
/// bias.
fn recorded<C: CheckpointStrategy, const N: usize>(
    nodes: [NodeGuard; N],
    x: FloatTensor<Autodiff<Flex, C>>,
    weight: FloatTensor<Autodiff<Flex, C>>,
    bias: Option<FlexTensor>,
    layer: Layer,
) -> FloatTensor<Autodiff<Flex, C>> {
    match LayerBackward.prepare::<C>(nodes).compute_bound().stateful() {
        OpsKind::Tracked(mut prep) => {
            let saved = Saved {
                x: weight.is_tracked().then(|| prep.checkpoint(&x)),
                weight: x.is_tracked().then(|| prep.checkpoint(&weight)),
                layer,
            };
            prep.finish(saved, layer.forward(x.into_primitive(), weight.into_primitive(), bias))
        }
        OpsKind::UnTracked(prep) => {
            prep.finish(layer.forward(x.into_primitive(), weight.into_primitive(), bias))
        }
    }
}

/// What the backward pass keeps: an input only if a gradient needs it.
#[derive(Clone, Debug)]
struct Saved {
    x: Option<NodeId>,
    weight: Option<NodeId>,
    layer: Layer,
}

#[derive(Debug)]
struct LayerBackward;

impl<const N: usize> Backward<Flex, N> for LayerBackward {
    type State = Saved;

    fn backward(self, ops: Ops<Saved, N>, grads: &mut Gradients, checkpointer: &mut Checkpointer) {
        let upstream = dense(grads.consume::<Flex>(&ops.node));
        // Without a bias there are two parents.
        let mut parents = ops.parents.into_iter();
        let [x_node, weight_node, bias_node] =
            from_fn(|_| parents.next().flatten().map(|node| node.id));
        let mut recall = |node: Option<NodeId>| {
            node.map(|node| dense(checkpointer.retrieve_node_output::<FlexTensor>(node)))
        };
        let Saved { x, weight, layer } = ops.state;
        let (x, weight) = (recall(x), recall(weight));
        if let (Some(node), Some(weight)) = (x_node, weight) {
            grads.register::<Flex>(node, layer.x_gradient(&upstream, &weight));
        }
        if let (Some(node), Some(x)) = (weight_node, x) {
            grads.register::<Flex>(node, layer.weight_gradient(&x, &upstream));
        }
        if let Some(node) = bias_node {
            grads.register::<Flex>(node, layer.bias_gradient(&upstream));
        }
    }
}
