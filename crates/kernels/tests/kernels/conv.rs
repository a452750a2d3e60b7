//! Convolution and transposed convolution.

use burn::tensor::{
    Tensor, module,
    ops::{ConvOptions, ConvTransposeOptions},
};
use genlab_kernels::{conv_transpose2d, conv2d};
use proptest::prelude::*;

use crate::support::{Both, close, leaf};

#[derive(Clone, Copy, Debug)]
struct Case {
    batch: usize,
    x_channels: usize,
    y_channels: usize,
    size: [usize; 2],
    kernel: [usize; 2],
    stride: [usize; 2],
    padding: [usize; 2],
    extra: [usize; 2],
    bias: bool,
    seed: u64,
}

fn cases() -> impl Strategy<Value = Case> {
    let pair = |r: std::ops::Range<usize>| [r.clone(), r];
    (
        (1_usize..6, 1_usize..20, 1_usize..40),
        (pair(1..18), pair(1..6), pair(1..4), pair(0..4), pair(0..3)),
        any::<bool>(),
        0_u64..1000,
    )
        .prop_map(|((batch, x_channels, y_channels), shape, bias, seed)| {
            let (size, kernel, stride, padding, extra) = shape;
            Case { batch, x_channels, y_channels, size, kernel, stride, padding, extra, bias, seed }
        })
}

fn check(case: Case) {
    let Case { batch, x_channels, y_channels, size, kernel, stride, padding, bias, seed, .. } =
        case;
    let x = leaf(seed, [batch, x_channels, size[0], size[1]]);
    let w = leaf(seed + 1, [y_channels, x_channels, kernel[0], kernel[1]]);
    let b = bias.then(|| leaf::<1>(seed + 2, [y_channels]));
    let ours = conv2d(x.clone(), w.clone(), b.clone(), stride, padding);
    let options = ConvOptions::new(stride, padding, [1, 1], 1);
    let theirs = module::conv2d(x.clone(), w.clone(), b.clone(), options);
    compare(case, ours, theirs, &x, &w, b.as_ref());
}

fn check_transposed(case: Case) {
    let Case { batch, x_channels, y_channels, size, kernel, stride, padding, bias, seed, extra } =
        case;
    let extra = [extra[0].min(stride[0] - 1), extra[1].min(stride[1] - 1)];
    let x = leaf(seed, [batch, x_channels, size[0], size[1]]);
    let w = leaf(seed + 1, [x_channels, y_channels, kernel[0], kernel[1]]);
    let b = bias.then(|| leaf::<1>(seed + 2, [y_channels]));
    let ours = conv_transpose2d(x.clone(), w.clone(), b.clone(), stride, padding, extra);
    let options = ConvTransposeOptions::new(stride, padding, extra, [1, 1], 1);
    let theirs = module::conv_transpose2d(x.clone(), w.clone(), b.clone(), options);
    compare(case, ours, theirs, &x, &w, b.as_ref());
}

fn compare(
    case: Case,
    ours: Tensor<4>,
    theirs: Tensor<4>,
    x: &Tensor<4>,
    w: &Tensor<4>,
    b: Option<&Tensor<1>>,
) {
    close(&format!("{case:?} y"), ours.clone().inner(), theirs.clone().inner(), 1e-5);
    let [batch, _, height, width] = theirs.dims();
    let gradients = Both::backward(case.seed + 3, ours, theirs);
    gradients.close(&format!("{case:?} dx"), x, 1e-5);
    gradients.close(&format!("{case:?} dw"), w, 1e-5);
    if let Some(b) = b {
        gradients.close_sums(&format!("{case:?} db"), b, batch * height * width, 1e-5);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn conv2d_agrees_with_burn(case in cases()) {
        let fits = (0..2).all(|d| case.size[d] + 2 * case.padding[d] >= case.kernel[d]);
        prop_assume!(fits);
        check(case);
    }

    #[test]
    fn conv_transpose2d_agrees_with_burn(case in cases()) {
        let full = |d: usize| (case.size[d] - 1) * case.stride[d] + case.kernel[d];
        prop_assume!((0..2).all(|d| full(d) > 2 * case.padding[d]));
        check_transposed(case);
    }
}
