//! Mixed precision.

use burn::tensor::{DType, Tensor};
use genlab_kernels::{Precision, conv_transpose2d, conv2d, linear, with_precision};

use crate::support::{close, elements, grad, leaf};

/// bf16 keeps 8 bits: each factor is off by at most 1/512 of itself.
const TOLERANCE: f32 = 1e-2;

fn all_three(x: &Tensor<4>, weight: &Tensor<4>, dense: &Tensor<2>, bias: &Tensor<1>) -> Tensor<2> {
    let y = conv2d(x.clone(), weight.clone(), Some(bias.clone()), [1, 1], [1, 1]);
    let y = conv_transpose2d(y, weight.clone(), None, [2, 2], [1, 1], [0, 0]);
    linear(y.reshape([3, -1]), dense.clone(), None)
}

#[test]
fn bf16_is_f32_with_fewer_digits_forward_and_back() {
    let (x, weight, bias) = (leaf(1, [3, 4, 6, 6]), leaf(2, [4, 4, 3, 3]), leaf(3, [4]));
    let dense = leaf(4, [4 * 11 * 11, 5]);
    let [exact, rounded] = [Precision::F32, Precision::Bf16].map(|precision| {
        with_precision(precision, || {
            let y = all_three(&x, &weight, &dense, &bias);
            let grads = y.clone().square().sum().backward();
            assert_eq!(y.dtype(), DType::F32);
            (y.inner(), grad(&x, &grads), grad(&weight, &grads))
        })
    });
    assert_ne!(elements(exact.0.clone()), elements(rounded.0.clone()), "nothing was rounded");
    close("y", rounded.0, exact.0, TOLERANCE);
    assert_eq!(rounded.1.dtype(), DType::F32);
    close("dx", rounded.1, exact.1, TOLERANCE);
    close("dw", rounded.2, exact.2, TOLERANCE);
}

#[test]
fn precision_ends_with_the_work_even_if_it_panics() {
    let run = || {
        let (x, weight) = (leaf(1, [2, 8]), leaf(2, [8, 3]));
        elements(linear(x, weight, None).inner())
    };
    let exact = run();
    let panicked = std::panic::catch_unwind(|| {
        with_precision(Precision::Bf16, || panic!("on purpose"));
    });
    assert!(panicked.is_err());
    assert_eq!(exact, run());
    assert_ne!(exact, with_precision(Precision::Bf16, run));
}
