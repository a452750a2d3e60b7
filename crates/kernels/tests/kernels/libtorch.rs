//! On libtorch: values and gradients against the CPU backend's.
#![expect(deprecated, reason = "burn-tch is deprecated upstream but still in 0.22")]

use burn::tensor::{Device, Tensor};
use genlab_kernels::{
    Activation, AdamSlot, AdamStep, adam_update, bce_with_logits, conv_transpose2d, conv2d,
    group_norm, lerp, linear, silu,
};

use crate::support::{close, random};

/// y and the gradients of x, weight and bias, moved to the CPU, of `sum(y * upstream)`.
struct Outcome {
    y: Tensor<4>,
    dx: Tensor<4>,
    dw: Option<Tensor<4>>,
    db: Option<Tensor<1>>,
}

/// Runs `op` on `device`, with or without a gradient of the weight.
fn outcome(
    device: &Device,
    [x, w]: [[usize; 4]; 2],
    train_weight: Weight,
    op: impl Fn(Tensor<4>, Tensor<4>, Tensor<1>) -> Tensor<4>,
) -> Outcome {
    let tracked = device.clone().autodiff();
    let x = random(1, x, &tracked).require_grad();
    let weight = random(2, w, &tracked);
    let bias = random(3, [w[0].max(w[1])], &tracked);
    let (weight, bias) = match train_weight {
        Weight::Trained => (weight.require_grad(), bias.require_grad()),
        Weight::Frozen => (weight.inner(), bias.inner()),
    };
    let y = op(x.clone(), weight.clone(), bias.clone());
    let upstream = random(4, y.dims(), &tracked);
    let grads = (y.clone() * upstream).sum().backward();
    let cpu = Device::flex();
    let trained = train_weight == Weight::Trained;
    Outcome {
        y: y.inner().to_device(&cpu),
        dx: x.grad(&grads).expect("x is a leaf").to_device(&cpu),
        dw: trained.then(|| weight.grad(&grads)).flatten().map(|dw| dw.to_device(&cpu)),
        db: trained.then(|| bias.grad(&grads)).flatten().map(|db| db.to_device(&cpu)),
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Weight {
    Trained,
    Frozen,
}

#[track_caller]
fn same(
    what: &str,
    shapes: [[usize; 4]; 2],
    op: impl Fn(Tensor<4>, Tensor<4>, Tensor<1>) -> Tensor<4>,
) {
    for weight in [Weight::Trained, Weight::Frozen] {
        let what = |part: &str| format!("{what}, {weight:?}: {part}");
        let ours = outcome(&Device::libtorch(), shapes, weight, &op);
        let theirs = outcome(&Device::flex(), shapes, weight, &op);
        close(&what("y"), ours.y, theirs.y, 1e-5);
        close(&what("dx"), ours.dx, theirs.dx, 1e-5);
        match (ours.dw.zip(theirs.dw), ours.db.zip(theirs.db)) {
            (Some((dw, expected_dw)), Some((db, expected_db))) => {
                close(&what("dw"), dw, expected_dw, 1e-5);
                close(&what("db"), db, expected_db, 1e-5);
            }
            _ => assert_eq!(weight, Weight::Frozen, "gradients of a trained weight"),
        }
    }
}

#[test]
fn libtorch_convolves_and_differentiates_as_the_cpu_does() {
    for (size, kernel, stride, padding) in [
        ([8, 8], [3, 3], [1, 1], [1, 1]),
        ([7, 9], [4, 4], [2, 2], [1, 1]),
        ([5, 6], [1, 1], [1, 1], [0, 0]),
        ([6, 5], [2, 5], [2, 1], [0, 2]),
    ] {
        let shapes = [[3, 5, size[0], size[1]], [6, 5, kernel[0], kernel[1]]];
        same(&format!("conv2d {shapes:?}"), shapes, |x, w, b| {
            conv2d(x, w, Some(b), stride, padding)
        });
    }
}

#[test]
fn libtorch_convolves_transposed_and_differentiates_as_the_cpu_does() {
    for (kernel, stride, padding, extra) in [
        ([4, 4], [2, 2], [1, 1], [0, 0]),
        ([3, 3], [2, 1], [1, 0], [1, 0]),
        ([3, 2], [1, 1], [0, 1], [0, 0]),
    ] {
        let shapes = [[2, 5, 4, 5], [5, 6, kernel[0], kernel[1]]];
        same(&format!("conv_transpose2d {shapes:?}"), shapes, |x, w, b| {
            conv_transpose2d(x, w, Some(b), stride, padding, extra)
        });
    }
}

#[test]
fn libtorch_normalises_groups_and_differentiates_as_the_cpu_does() {
    for activation in [Activation::Identity, Activation::Silu] {
        // The scale is a convolution's weight, so that the one harness serves.
        same(&format!("{activation:?}"), [[3, 8, 4, 5], [8, 1, 1, 1]], |x, w, b| {
            group_norm(x, w.reshape([8]) + 1.5, b, 4, 1e-5, activation)
        });
    }
}

#[test]
fn an_input_used_twice_on_libtorch_gets_both_gradients() {
    same("silu(conv(x)) + x", [[2, 4, 5, 5], [4, 4, 3, 3]], |x, w, b| {
        silu(conv2d(x.clone(), w, Some(b), [1, 1], [1, 1])) + x
    });
}

#[test]
fn libtorch_connects_fully_and_scores_pixels_as_the_cpu_does() {
    same("bce(linear(x))", [[3, 4, 2, 2], [16, 5, 1, 1]], |x, w, b| {
        let targets = random(5, [3, 5], &x.device()).abs();
        let logits = linear(x.reshape([3, 16]), w.reshape([16, 5]), Some(b.slice([0..5])));
        bce_with_logits(logits * 3.0, targets).reshape([3, 1, 1, 1])
    });
}

#[test]
fn libtorch_updates_as_the_cpu_does_and_leaves_copies_alone() {
    let run = |device: &Device| {
        let tensor = |seed| random(seed, [5, 7], device);
        let first = tensor(1);
        let mut slot = AdamSlot { value: first.clone(), first: tensor(2), second: tensor(3).abs() };
        for step in 1..=3 {
            let (beta1, beta2, learning_rate, epsilon) = (0.9, 0.999, 0.01, 1e-8);
            let at = AdamStep { learning_rate, beta1, beta2, epsilon, step };
            slot = adam_update(slot, tensor(3 + step), None, at);
        }
        let average = lerp(first.clone(), slot.value.clone(), 0.3);
        let cpu = Device::flex();
        [first, slot.value, slot.first, slot.second, average].map(|x| x.to_device(&cpu))
    };
    let (ours, theirs) = (run(&Device::libtorch()), run(&Device::flex()));
    let names = ["the copy", "value", "first moment", "second moment", "average"];
    for (name, (ours, theirs)) in names.into_iter().zip(ours.into_iter().zip(theirs)) {
        close(name, ours, theirs, 1e-6);
    }
}
