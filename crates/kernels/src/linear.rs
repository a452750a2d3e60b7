//! The fully connected layer: matrix products that read their operands transposed in place, with
//! the bias as the product's initial value.

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

use crate::{
    flex::{dense, dims, floats, tensor},
    gemm::{Matrix, Parallelism, Target, gemm, product},
};

/// A product of fewer multiply-adds than this stays on one thread.
const PARALLEL: usize = 256 * 1024;

fn parallelism(a: Matrix<'_>, b: Matrix<'_>) -> Parallelism {
    let work = a.rows() * a.cols() * b.cols();
    if work < PARALLEL { Parallelism::None } else { Parallelism::Rayon(0) }
}

fn matrix(x: &FlexTensor) -> Matrix<'_> {
    let [rows, cols] = dims(x);
    Matrix::new(floats(x), rows, cols)
}

fn forward(x: FlexTensor, weight: FlexTensor, bias: Option<FlexTensor>) -> FlexTensor {
    let (x, weight, bias) = (dense(x), dense(weight), bias.map(dense));
    let (x, weight) = (matrix(&x), matrix(&weight));
    let shape = [x.rows(), weight.cols()];
    let y = if let Some(bias) = bias {
        let mut y = floats(&bias).repeat(x.rows());
        gemm(&mut y, Target::Add, x, weight, parallelism(x, weight));
        y
    } else {
        product(x, weight, parallelism(x, weight))
    };
    tensor(y, &shape)
}

/// The product of two matrices as a tensor.
fn gradient(a: Matrix<'_>, b: Matrix<'_>) -> FlexTensor {
    tensor(product(a, b, parallelism(a, b)), &[a.rows(), b.cols()])
}

fn column_sums(x: &FlexTensor) -> FlexTensor {
    let [_, cols] = dims(x);
    let mut sums = vec![0.0; cols];
    for row in floats(x).chunks_exact(cols) {
        for (sum, value) in sums.iter_mut().zip(row) {
            *sum += value;
        }
    }
    tensor(sums, &[cols])
}

/// The layer. The macro knows no optional tensors. The tensors are f32.
#[backend_extension(Autodiff, Flex)]
pub(crate) trait LinearOps: Backend {
    /// See [`crate::linear`].
    fn genlab_linear(x: FloatTensor<Self>, weight: FloatTensor<Self>) -> FloatTensor<Self>;

    /// The same with a bias.
    fn genlab_linear_bias(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
    ) -> FloatTensor<Self>;
}

impl LinearOps for Flex {
    fn genlab_linear(x: FlexTensor, weight: FlexTensor) -> FlexTensor {
        forward(x, weight, None)
    }

    fn genlab_linear_bias(x: FlexTensor, weight: FlexTensor, bias: FlexTensor) -> FlexTensor {
        forward(x, weight, Some(bias))
    }
}

/// What the backward pass keeps: an input only if a gradient needs it.
#[derive(Clone, Debug)]
struct Saved {
    x: Option<NodeId>,
    weight: Option<NodeId>,
}

impl Saved {
    fn backward(
        self,
        [x_node, weight_node, bias_node]: [Option<NodeId>; 3],
        upstream: FlexTensor,
        grads: &mut Gradients,
        checkpointer: &mut Checkpointer,
    ) {
        let upstream = dense(upstream);
        let mut recall = |node: Option<NodeId>| {
            node.map(|node| dense(checkpointer.retrieve_node_output::<FlexTensor>(node)))
        };
        let (x, weight) = (recall(self.x), recall(self.weight));
        if let (Some(node), Some(weight)) = (x_node, weight) {
            grads.register::<Flex>(node, gradient(matrix(&upstream), matrix(&weight).t()));
        }
        if let (Some(node), Some(x)) = (weight_node, x) {
            grads.register::<Flex>(node, gradient(matrix(&x).t(), matrix(&upstream)));
        }
        if let Some(node) = bias_node {
            grads.register::<Flex>(node, column_sums(&upstream));
        }
    }
}

#[derive(Debug)]
struct LinearBackward;

impl Backward<Flex, 3> for LinearBackward {
    type State = Saved;

    fn backward(self, ops: Ops<Saved, 3>, grads: &mut Gradients, checkpointer: &mut Checkpointer) {
        let upstream = grads.consume::<Flex>(&ops.node);
        let nodes = ops.parents.map(|parent| parent.map(|node| node.id));
        ops.state.backward(nodes, upstream, grads, checkpointer);
    }
}

impl Backward<Flex, 2> for LinearBackward {
    type State = Saved;

    fn backward(self, ops: Ops<Saved, 2>, grads: &mut Gradients, checkpointer: &mut Checkpointer) {
        let upstream = grads.consume::<Flex>(&ops.node);
        let [x, weight] = ops.parents.map(|parent| parent.map(|node| node.id));
        ops.state.backward([x, weight, None], upstream, grads, checkpointer);
    }
}

/// Keeps what the tracked gradients will need.
fn save<C: CheckpointStrategy, const N: usize>(
    prep: &mut OpsPrep<LinearBackward, Flex, Saved, C, N, Tracked>,
    x: &FloatTensor<Autodiff<Flex, C>>,
    weight: &FloatTensor<Autodiff<Flex, C>>,
) -> Saved
where
    LinearBackward: Backward<Flex, N, State = Saved>,
{
    Saved {
        x: weight.is_tracked().then(|| prep.checkpoint(x)),
        weight: x.is_tracked().then(|| prep.checkpoint(weight)),
    }
}

impl<C: CheckpointStrategy> LinearOps for Autodiff<Flex, C> {
    fn genlab_linear(x: FloatTensor<Self>, weight: FloatTensor<Self>) -> FloatTensor<Self> {
        let nodes = [x.node(), weight.node()];
        match LinearBackward.prepare::<C>(nodes).compute_bound().stateful() {
            OpsKind::Tracked(mut prep) => {
                let saved = save(&mut prep, &x, &weight);
                prep.finish(saved, forward(x.into_primitive(), weight.into_primitive(), None))
            }
            OpsKind::UnTracked(prep) => {
                prep.finish(forward(x.into_primitive(), weight.into_primitive(), None))
            }
        }
    }

    fn genlab_linear_bias(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        let nodes = [x.node(), weight.node(), bias.node()];
        let bias = Some(bias.into_primitive());
        match LinearBackward.prepare::<C>(nodes).compute_bound().stateful() {
            OpsKind::Tracked(mut prep) => {
                let saved = save(&mut prep, &x, &weight);
                prep.finish(saved, forward(x.into_primitive(), weight.into_primitive(), bias))
            }
            OpsKind::UnTracked(prep) => {
                prep.finish(forward(x.into_primitive(), weight.into_primitive(), bias))
            }
        }
    }
}
