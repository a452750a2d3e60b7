//! The fully connected layer: matrix products that read their operands transposed in place, with
//! the bias as the product's initial value.

use burn::backend::flex::FlexTensor;

use crate::{
    flex::{dims, floats, tensor},
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

/// The product of two matrices as a tensor.
fn multiply(a: Matrix<'_>, b: Matrix<'_>) -> FlexTensor {
    tensor(product(a, b, parallelism(a, b)), &[a.rows(), b.cols()])
}

/// x W + b.
pub(crate) fn forward(
    x: &FlexTensor,
    weight: &FlexTensor,
    bias: Option<&FlexTensor>,
) -> FlexTensor {
    let (x, weight) = (matrix(x), matrix(weight));
    let Some(bias) = bias else {
        return multiply(x, weight);
    };
    let mut y = floats(bias).repeat(x.rows());
    gemm(&mut y, Target::Add, x, weight, parallelism(x, weight));
    tensor(y, &[x.rows(), weight.cols()])
}

/// The gradient of x.
pub(crate) fn x_gradient(upstream: &FlexTensor, weight: &FlexTensor) -> FlexTensor {
    multiply(matrix(upstream), matrix(weight).t())
}

/// The gradient of W.
pub(crate) fn weight_gradient(x: &FlexTensor, upstream: &FlexTensor) -> FlexTensor {
    multiply(matrix(x).t(), matrix(upstream))
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
