//! Elementwise activations: one pass forward, one backward from the saved input.
//!
//! burn composes SiLU of a sigmoid and a product, and computes `exp` one number at a time.

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
    flex::{TASK, build, dense, floats, tensor},
    simd::{multiversion, sigmoid},
};

/// Which function.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Unary {
    /// x · σ(x)
    Silu,
    /// σ(x)
    Sigmoid,
    /// The tanh form of GELU.
    Gelu,
    /// x where positive, else this times x.
    LeakyRelu(f32),
}

impl Unary {
    fn apply(self, x: FlexTensor) -> FlexTensor {
        let x = dense(x);
        let values = floats(&x);
        let (y, _) = build(values.len(), TASK, |index, y| {
            let x = &values[index * TASK..][..y.len()];
            match self {
                Self::Silu => silu(x, y),
                Self::Sigmoid => logistic(x, y),
                Self::Gelu => gelu(x, y),
                Self::LeakyRelu(slope) => leaky_relu(x, slope, y),
            }
        });
        tensor(y, x.layout().shape().as_slice())
    }

    fn gradient(self, x: FlexTensor, gradient: FlexTensor) -> FlexTensor {
        let (x, gradient) = (dense(x), dense(gradient));
        let (values, dys) = (floats(&x), floats(&gradient));
        let (dx, _) = build(values.len(), TASK, |index, dx| {
            let x = &values[index * TASK..][..dx.len()];
            let dy = &dys[index * TASK..][..dx.len()];
            match self {
                Self::Silu => silu_gradient(x, dy, dx),
                Self::Sigmoid => logistic_gradient(x, dy, dx),
                Self::Gelu => gelu_gradient(x, dy, dx),
                Self::LeakyRelu(slope) => leaky_relu_gradient(x, slope, dy, dx),
            }
        });
        tensor(dx, x.layout().shape().as_slice())
    }
}

/// d/dx of x · σ(x).
#[expect(clippy::inline_always, reason = "must become part of the vectorised loops")]
#[inline(always)]
pub(crate) fn silu_slope(x: f32) -> f32 {
    let s = sigmoid(x);
    s * (1.0 + x * (1.0 - s))
}

multiversion! {
    fn silu(x: &[f32], y: &mut [f32]) {
        for (y, x) in y.iter_mut().zip(x) {
            *y = x * sigmoid(*x);
        }
    }
}

multiversion! {
    fn silu_gradient(x: &[f32], dy: &[f32], dx: &mut [f32]) {
        for ((dx, x), dy) in dx.iter_mut().zip(x).zip(dy) {
            *dx = dy * silu_slope(*x);
        }
    }
}

multiversion! {
    fn logistic(x: &[f32], y: &mut [f32]) {
        for (y, x) in y.iter_mut().zip(x) {
            *y = sigmoid(*x);
        }
    }
}

multiversion! {
    fn logistic_gradient(x: &[f32], dy: &[f32], dx: &mut [f32]) {
        for ((dx, x), dy) in dx.iter_mut().zip(x).zip(dy) {
            let s = sigmoid(*x);
            *dx = dy * s * (1.0 - s);
        }
    }
}

/// GELU's tanh form is x σ(GELU_SLOPE (x + GELU_CUBE x³)): 2√(2/π), and the fitted constant of Hendrycks & Gimpel.
const GELU_SLOPE: f32 = 1.595_769;
const GELU_CUBE: f32 = 0.044_715;

multiversion! {
    fn gelu(x: &[f32], y: &mut [f32]) {
        for (y, x) in y.iter_mut().zip(x) {
            *y = x * sigmoid(GELU_SLOPE * x * (1.0 + GELU_CUBE * x * x));
        }
    }
}

multiversion! {
    fn gelu_gradient(x: &[f32], dy: &[f32], dx: &mut [f32]) {
        for ((dx, x), dy) in dx.iter_mut().zip(x).zip(dy) {
            let s = sigmoid(GELU_SLOPE * x * (1.0 + GELU_CUBE * x * x));
            let inner = GELU_SLOPE * x * (1.0 + 3.0 * GELU_CUBE * x * x);
            *dx = dy * s * (1.0 + inner * (1.0 - s));
        }
    }
}

multiversion! {
    fn leaky_relu(x: &[f32], slope: f32, y: &mut [f32]) {
        for (y, x) in y.iter_mut().zip(x) {
            *y = if *x < 0.0 { slope * x } else { *x };
        }
    }
}

multiversion! {
    fn leaky_relu_gradient(x: &[f32], slope: f32, dy: &[f32], dx: &mut [f32]) {
        for ((dx, x), dy) in dx.iter_mut().zip(x).zip(dy) {
            *dx = if *x > 0.0 { *dy } else { slope * dy };
        }
    }
}

/// The activations. The tensor is f32.
#[backend_extension(Autodiff, Flex)]
pub(crate) trait UnaryOps: Backend {
    /// See [`crate::silu`], [`crate::gelu`], [`crate::sigmoid`] and [`crate::leaky_relu`].
    fn genlab_unary(x: FloatTensor<Self>, function: Unary) -> FloatTensor<Self>;
}

impl UnaryOps for Flex {
    fn genlab_unary(x: FlexTensor, function: Unary) -> FlexTensor {
        function.apply(x)
    }
}

#[derive(Debug)]
struct UnaryBackward;

impl Backward<Flex, 1> for UnaryBackward {
    type State = (NodeId, Unary);

    fn backward(
        self,
        ops: Ops<Self::State, 1>,
        grads: &mut Gradients,
        checkpointer: &mut Checkpointer,
    ) {
        let gradient = grads.consume::<Flex>(&ops.node);
        let (x, function) = ops.state;
        let x = checkpointer.retrieve_node_output::<FlexTensor>(x);
        let [parent] = ops.parents;
        if let Some(node) = parent {
            grads.register::<Flex>(node.id, function.gradient(x, gradient));
        }
    }
}

impl<C: CheckpointStrategy> UnaryOps for Autodiff<Flex, C> {
    fn genlab_unary(x: FloatTensor<Self>, function: Unary) -> FloatTensor<Self> {
        match UnaryBackward.prepare::<C>([x.node()]).compute_bound().stateful() {
            OpsKind::Tracked(mut prep) => {
                let saved = prep.checkpoint(&x);
                prep.finish((saved, function), function.apply(x.into_primitive()))
            }
            OpsKind::UnTracked(prep) => prep.finish(function.apply(x.into_primitive())),
        }
    }
}
