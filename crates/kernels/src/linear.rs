//! The fully connected layer: matrix products that read their operands transposed in place, with
//! the bias as the product's initial value.

use std::borrow::Cow;

use burn::backend::flex::FlexTensor;

use crate::{
    Precision,
    flex::{dims, floats, tensor},
    gemm::{Matrix, Parallelism, Target, gemm, product},
};

/// A product of fewer multiply-adds than this stays on one thread.
const PARALLEL: usize = 256 * 1024;

fn parallelism(a: Matrix<'_>, b: Matrix<'_>) -> Parallelism {
    let work = a.rows() * a.cols() * b.cols();
    if work < PARALLEL { Parallelism::None } else { Parallelism::Rayon(0) }
}

/// A tensor as an operand.
struct Operand<'a> {
    values: Cow<'a, [f32]>,
    size: [usize; 2],
}

impl<'a> Operand<'a> {
    fn new(precision: Precision, x: &'a FlexTensor) -> Self {
        Self { values: precision.operand(floats(x)), size: dims(x) }
    }

    fn matrix(&self) -> Matrix<'_> {
        Matrix::new(&self.values, self.size[0], self.size[1])
    }
}

/// The product of two matrices as a tensor.
fn multiply(a: Matrix<'_>, b: Matrix<'_>) -> FlexTensor {
    tensor(product(a, b, parallelism(a, b)), &[a.rows(), b.cols()])
}

/// x W + b.
pub(crate) fn forward(
    precision: Precision,
    x: &FlexTensor,
    weight: &FlexTensor,
    bias: Option<&FlexTensor>,
) -> FlexTensor {
    let [x, weight] = [x, weight].map(|tensor| Operand::new(precision, tensor));
    let (x, weight) = (x.matrix(), weight.matrix());
    let Some(bias) = bias else {
        return multiply(x, weight);
    };
    let mut y = floats(bias).repeat(x.rows());
    gemm(&mut y, Target::Add, x, weight, parallelism(x, weight));
    tensor(y, &[x.rows(), weight.cols()])
}

/// The gradient of x.
pub(crate) fn x_gradient(
    precision: Precision,
    upstream: &FlexTensor,
    weight: &FlexTensor,
) -> FlexTensor {
    let [upstream, weight] = [upstream, weight].map(|tensor| Operand::new(precision, tensor));
    multiply(upstream.matrix(), weight.matrix().t())
}

/// The gradient of W.
pub(crate) fn weight_gradient(
    precision: Precision,
    x: &FlexTensor,
    upstream: &FlexTensor,
) -> FlexTensor {
    let [x, upstream] = [x, upstream].map(|tensor| Operand::new(precision, tensor));
    multiply(x.matrix().t(), upstream.matrix())
}

/// The gradient of b: the sum over rows.
pub(crate) fn bias_gradient(upstream: &FlexTensor) -> FlexTensor {
    let [_, cols] = dims(upstream);
    let mut sums = vec![0.0; cols];
    for row in floats(upstream).chunks_exact(cols) {
        for (sum, value) in sums.iter_mut().zip(row) {
            *sum += value;
        }
    }
    tensor(sums, &[cols])
}
