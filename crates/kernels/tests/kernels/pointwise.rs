//! Activations, normalisation, loss and upsampling.

use burn::tensor::{
    Tensor, activation, module,
    ops::{InterpolateMode, InterpolateOptions},
};
use genlab_kernels::{
    Activation, bce_with_logits, group_norm, leaky_relu, sigmoid, silu, upsample_nearest2x,
};
use proptest::prelude::*;

use crate::support::{Both, close, elements, grad, leaf, tracked, wide_leaf};

/// Group normalisation of burn's operations.
fn reference_norm(
    x: Tensor<4>,
    weight: Tensor<1>,
    bias: Tensor<1>,
    groups: usize,
    activation: Activation,
) -> Tensor<4> {
    let [b, c, h, w] = x.dims();
    let grouped = x.reshape([b, groups, c / groups * h * w]);
    let centred = grouped.clone() - grouped.mean_dim(2);
    let variance = centred.clone().square().mean_dim(2);
    let normal = (centred / (variance + 1e-5).sqrt()).reshape([b, c, h, w]);
    let y = normal * weight.reshape([1, c, 1, 1]) + bias.reshape([1, c, 1, 1]);
    match activation {
        Activation::Identity => y,
        Activation::Silu => activation::silu(y),
    }
}

/// The loss of burn's operations.
fn reference_bce(logits: Tensor<2>, targets: Tensor<2>) -> Tensor<1> {
    let softplus = (logits.clone().abs().neg().exp() + 1.0).log();
    (logits.clone().clamp_min(0.0) - logits * targets + softplus).sum_dim(1).squeeze_dim::<1>(1)
}

/// Compares outputs, and the gradients of `inputs` under a random upstream gradient.
fn compare<const D: usize, const E: usize>(
    what: &str,
    ours: Tensor<D>,
    theirs: Tensor<D>,
    inputs: &[Tensor<E>],
) {
    close(what, ours.clone().inner(), theirs.clone().inner(), 1e-5);
    let gradients = Both::backward(9, ours, theirs);
    for (i, x) in inputs.iter().enumerate() {
        gradients.close(&format!("{what}: gradient {i}"), x, 2e-5);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn group_norm_agrees_with_burn(
        batch in 1_usize..5,
        groups in 1_usize..5,
        share in 1_usize..6,
        size in [1_usize..12, 2..12],
        fused in any::<bool>(),
        seed in 0_u64..1000,
    ) {
        let channels = groups * share;
        let x = leaf(seed, [batch, channels, size[0], size[1]]);
        let weight = leaf::<1>(seed + 1, [channels]);
        let bias = leaf::<1>(seed + 2, [channels]);
        let activation = if fused { Activation::Silu } else { Activation::Identity };
        let ours = group_norm(x.clone(), weight.clone(), bias.clone(), groups, 1e-5, activation);
        let theirs = reference_norm(x.clone(), weight.clone(), bias.clone(), groups, activation);
        let what = format!("{batch} {groups} {share} {size:?} {activation:?}");
        close(&what, ours.clone().inner(), theirs.clone().inner(), 2e-5);
        let gradients = Both::backward(seed + 3, ours, theirs);
        // Two pixels per group leave differences of nearly equal numbers: hence the tolerance.
        gradients.close(&what, &x, 1e-3);
        gradients.close(&what, &weight, 5e-5);
        gradients.close(&what, &bias, 5e-5);
    }

    #[test]
    fn activations_agree_with_burn(rows in 1_usize..70, cols in 1_usize..600, seed in 0_u64..99) {
        let x = wide_leaf(seed, [rows, cols], 8.0);
        let theirs = activation::sigmoid(x.clone());
        compare("sigmoid", sigmoid(x.clone()), theirs, std::slice::from_ref(&x));
        compare("silu", silu(x.clone()), activation::silu(x.clone()), std::slice::from_ref(&x));
        let theirs = activation::leaky_relu(x.clone(), 0.2);
        compare("leaky_relu", leaky_relu(x.clone(), 0.2), theirs, std::slice::from_ref(&x));
        compare("relu", leaky_relu(x.clone(), 0.0), activation::relu(x.clone()), &[x]);
    }

    #[test]
    fn bce_agrees_with_burn(batch in 1_usize..40, pixels in 1_usize..900, seed in 0_u64..99) {
        let logits = wide_leaf(seed, [batch, pixels], 10.0);
        let targets = leaf(seed + 1, [batch, pixels]);
        let ours = bce_with_logits(logits.clone(), targets.clone());
        let theirs = reference_bce(logits.clone(), targets.clone());
        compare("bce", ours, theirs, &[logits, targets]);
    }

    #[test]
    fn upsampling_agrees_with_burn(
        shape in [1_usize..5, 1..5, 1..15, 1..15],
        seed in 0_u64..99,
    ) {
        let x = leaf(seed, shape);
        let options = InterpolateOptions::new(InterpolateMode::Nearest)
            .with_output_size([2 * shape[2], 2 * shape[3]]);
        let theirs = module::interpolate(x.clone(), options);
        compare("upsample", upsample_nearest2x(x.clone()), theirs, &[x]);
    }
}

#[test]
fn extreme_logits_have_finite_losses_and_gradients() {
    let values = [-1e30_f32, -1e4, -100.0, -0.0, 0.0, 100.0, 1e4, 1e30];
    let x = Tensor::<2>::from_floats([values, values], &tracked()).require_grad();
    let targets = Tensor::<2>::from_floats([[0.0; 8], [1.0; 8]], &tracked());
    let loss = bce_with_logits(x.clone(), targets);
    let y = silu(x.clone()).sum() * 1e-30;
    let grads = (loss.clone().sum() * 1e-30 + y).backward();
    for value in elements(loss.inner()).into_iter().chain(elements(grad(&x, &grads))) {
        assert!(value.is_finite(), "{value}");
    }
}

#[test]
fn the_loss_of_zero_logits_is_ln_two_per_pixel() {
    let zeros = Tensor::<2>::zeros([3, 784], &tracked());
    for loss in elements(bce_with_logits(zeros.clone(), zeros).inner()) {
        assert!((loss - 784.0 * std::f32::consts::LN_2).abs() < 1e-3, "{loss}");
    }
}

#[test]
fn a_constant_image_normalises_to_the_bias() {
    let x = Tensor::<4>::full([2, 8, 5, 5], 1e6, &tracked());
    let (weight, bias) = (leaf::<1>(1, [8]), leaf::<1>(2, [8]));
    let y = group_norm(x, weight, bias.clone(), 4, 1e-5, Activation::Identity);
    let expected = bias.reshape([1, 8, 1, 1]).expand([2, 8, 5, 5]);
    close("constant", y.inner(), expected.inner(), 1e-6);
}
