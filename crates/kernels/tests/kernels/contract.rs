//! What holds for every operation: mixtures of plain and tracked tensors, views, reproducibility,
//! and gradients that finite differences confirm.

use burn::tensor::{Device, Tensor};
use genlab_kernels::{
    Activation, bce_with_logits, conv_transpose2d, conv2d, group_norm, leaky_relu, linear, silu,
    upsample_nearest2x,
};

use crate::support::{close, elements, grad, identical, leaf, random, tracked};

/// A small network through every operation; the loss per image.
fn network(
    x: Tensor<4>,
    w: &[Tensor<4>; 3],
    affine: &[Tensor<1>; 2],
    head: Tensor<2>,
) -> Tensor<1> {
    let [batch, ..] = x.dims();
    let [weight, bias] = affine.clone();
    let y = conv2d(x, w[0].clone(), Some(bias.clone()), [1, 1], [1, 1]);
    let y = group_norm(y, weight, bias, 2, 1e-5, Activation::Silu);
    let y = silu(conv2d(y, w[1].clone(), None, [2, 2], [1, 1]));
    let y = leaky_relu(conv_transpose2d(y, w[2].clone(), None, [2, 2], [1, 1], [0, 0]), 0.1);
    let y: Tensor<2> = upsample_nearest2x(y).reshape([batch as i32, -1]);
    let logits = linear(y, head.clone(), None);
    bce_with_logits(logits.clone(), logits.ones_like() * 0.25)
}

struct Inputs {
    x: Tensor<4>,
    w: [Tensor<4>; 3],
    affine: [Tensor<1>; 2],
    head: Tensor<2>,
}

impl Inputs {
    fn new(device: &Device) -> Self {
        Self {
            x: random(1, [3, 2, 8, 8], device),
            w: [
                random(2, [6, 2, 3, 3], device),
                random(3, [5, 6, 3, 3], device),
                random(4, [5, 3, 4, 4], device),
            ],
            affine: [random(5, [6], device), random(6, [6], device)],
            head: random(7, [3 * 16 * 16, 4], device) * 0.1,
        }
    }

    fn loss(&self) -> Tensor<1> {
        network(self.x.clone(), &self.w, &self.affine, self.head.clone())
    }
}

#[test]
fn plain_and_untracked_and_tracked_inputs_give_the_same_output() {
    let plain = Inputs::new(&Device::flex()).loss();
    let untracked = Inputs::new(&tracked()).loss();
    let mut inputs = Inputs::new(&tracked());
    inputs.x = inputs.x.require_grad();
    identical("untracked", plain.clone(), untracked.inner());
    identical("tracked", plain, inputs.loss().inner());
}

#[test]
fn gradients_through_a_frozen_network_match_those_through_a_live_one() {
    let mut live = Inputs::new(&tracked());
    live.x = live.x.require_grad();
    live.w = live.w.map(Tensor::require_grad);
    live.affine = live.affine.map(Tensor::require_grad);
    let expected = grad(&live.x, &live.loss().sum().backward());
    let mut frozen = Inputs::new(&Device::flex());
    frozen.x = Tensor::from_inner(frozen.x).require_grad();
    let grads = frozen.loss().sum().backward();
    identical("dx", grad(&frozen.x, &grads), expected);
}

#[test]
fn weights_receive_gradients_from_plain_images() {
    let mut all = Inputs::new(&tracked());
    all.x = all.x.require_grad();
    all.w = all.w.map(Tensor::require_grad);
    let grads = all.loss().sum().backward();
    let expected = all.w.each_ref().map(|w| grad(w, &grads));
    let mut some = Inputs::new(&Device::flex());
    some.w = some.w.map(|w| Tensor::from_inner(w).require_grad());
    let grads = some.loss().sum().backward();
    for (w, expected) in some.w.iter().zip(expected) {
        identical("dw", grad(w, &grads), expected);
    }
}

#[test]
fn gradients_agree_with_finite_differences() {
    let mut inputs = Inputs::new(&tracked());
    inputs.x = inputs.x.require_grad();
    inputs.w = inputs.w.map(Tensor::require_grad);
    let grads = inputs.loss().sum().backward();
    let (dx, dw) = (grad(&inputs.x, &grads), grad(&inputs.w[1], &grads));
    let total = |inputs: &Inputs| -> f64 {
        elements(inputs.loss().inner()).into_iter().map(f64::from).sum()
    };
    // Along a random direction the error of a central difference is that of rounding.
    let h = 1e-3;
    let along = |direction: &Tensor<4>, gradient: Tensor<4>| -> f64 {
        elements(direction.clone().inner() * gradient).into_iter().map(f64::from).sum()
    };
    let moved = |x: Tensor<4>, w: Tensor<4>| {
        let mut moved = Inputs::new(&tracked());
        moved.x = moved.x + x;
        moved.w[1] = moved.w[1].clone() + w;
        total(&moved)
    };
    let (zx, zw) = (inputs.x.zeros_like(), inputs.w[1].zeros_like());
    let ux = random(21, inputs.x.dims(), &tracked());
    let uw = random(22, inputs.w[1].dims(), &tracked());
    let slope_x = (moved(ux.clone() * h, zw.clone()) - moved(ux.clone() * -h, zw)) / (2.0 * h);
    let slope_w = (moved(zx.clone(), uw.clone() * h) - moved(zx, uw.clone() * -h)) / (2.0 * h);
    for (slope, exact) in [(slope_x, along(&ux, dx)), (slope_w, along(&uw, dw))] {
        assert!((slope - exact).abs() < 0.02 * exact.abs().max(1.0), "{slope} is not {exact}");
    }
}

#[test]
fn equal_runs_give_equal_bits() {
    let run = || {
        let x = leaf(1, [37, 16, 14, 14]);
        let w = leaf(2, [24, 16, 3, 3]);
        let (weight, bias) = (leaf::<1>(3, [24]), leaf::<1>(4, [24]));
        let y = conv2d(x.clone(), w.clone(), Some(bias.clone()), [1, 1], [1, 1]);
        let y = group_norm(y, weight.clone(), bias.clone(), 8, 1e-5, Activation::Silu);
        let head = leaf(5, [24 * 196, 30]);
        let y = linear(y.reshape([37, 24 * 196]), head.clone(), None);
        let grads = y.clone().square().sum_dim(1).sum_dim(0).reshape([1]).backward();
        let wide = (grad(&w, &grads), grad(&x, &grads));
        let rest = (grad(&weight, &grads), grad(&bias, &grads));
        (wide, rest, grad(&head, &grads), y.inner())
    };
    let (a, b) = (run(), run());
    identical("dw", a.0.0, b.0.0);
    identical("dx", a.0.1, b.0.1);
    identical("dweight", a.1.0, b.1.0);
    identical("dbias", a.1.1, b.1.1);
    identical("dhead", a.2, b.2);
    identical("y", a.3, b.3);
}

#[test]
fn views_work_like_copies() {
    let device = Device::flex();
    let copy = |x: Tensor<4>| {
        let shape = x.dims();
        Tensor::<4>::from_data(x.into_data(), &device).reshape(shape)
    };
    let base: Tensor<4> = random(1, [6, 5, 8, 9], &device);
    let weight: Tensor<4> = random(2, [3, 4, 5, 3], &device).permute([1, 2, 3, 0]);
    let views = [
        base.clone().permute([2, 1, 3, 0]),
        base.clone().slice([1..4, 0..5, 2..7, 3..9]),
        base.clone().slice([0..3, 0..5]),
        base.clone().swap_dims(2, 3),
        base.clone().slice([0..1, 0..5]).expand([4, 5, 8, 9]),
        base.flip([3]),
    ];
    for view in views {
        let [_, channels, ..] = view.dims();
        let dense = copy(view.clone());
        let conv = |x, w| conv2d(x, w, None, [1, 1], [1, 2]);
        identical(
            "conv",
            conv(view.clone(), weight.clone()),
            conv(dense.clone(), copy(weight.clone())),
        );
        let swapped = weight.clone().swap_dims(0, 1);
        let transposed = |x, w| conv_transpose2d(x, w, None, [2, 1], [0, 1], [1, 0]);
        let expected = transposed(dense.clone(), copy(swapped.clone()));
        identical("transposed", transposed(view.clone(), swapped), expected);
        let affine: Tensor<1> = random::<1>(3, [2 * channels], &device).narrow(0, 0, channels);
        let norm = |x| group_norm(x, affine.clone(), affine.clone(), 1, 1e-5, Activation::Silu);
        identical("norm", norm(view.clone()), norm(dense.clone()));
        identical("silu", silu(view.clone()), silu(dense.clone()));
        identical("upsample", upsample_nearest2x(view.clone()), upsample_nearest2x(dense.clone()));
        let rows = |x: Tensor<4>| x.slice([0..1, 0..1]).squeeze_dims::<2>(&[0, 1]);
        let (a, b) = (rows(view), rows(dense));
        identical(
            "bce",
            bce_with_logits(a.clone(), a.clone()),
            bce_with_logits(b.clone(), b.clone()),
        );
        let square = |x: Tensor<2>| linear(x.clone(), x.transpose(), None);
        close("linear", square(a), square(b), 1e-6);
    }
}

#[test]
fn an_expanded_upstream_gradient_is_understood() {
    let x = leaf(1, [2, 3, 6, 6]);
    let w = leaf(2, [4, 3, 3, 3]);
    let y = conv2d(x.clone(), w.clone(), None, [1, 1], [0, 0]);
    let expanded = y.clone().sum().backward();
    let y = conv2d(x.clone(), w.clone(), None, [1, 1], [0, 0]);
    let dense = (y.clone() * y.ones_like()).sum().backward();
    identical("dx", grad(&x, &expanded), grad(&x, &dense));
    identical("dw", grad(&w, &expanded), grad(&w, &dense));
}

#[test]
fn gradient_checkpointing_changes_nothing() {
    let run = |device: &Device| {
        let x = random::<4>(1, [2, 4, 6, 6], device).require_grad();
        let w = random::<4>(2, [4, 4, 3, 3], device).require_grad();
        let affine = random::<1>(3, [4], device);
        let y = conv2d(silu(x.clone()) * 2.0, w.clone(), None, [1, 1], [1, 1]);
        let y = group_norm(y + 1.0, affine.clone(), affine, 2, 1e-5, Activation::Silu);
        let grads = y.square().sum().backward();
        (grad(&x, &grads), grad(&w, &grads))
    };
    let usual = run(&tracked());
    let saving = run(&tracked().gradient_checkpointing());
    identical("dx", usual.0, saving.0);
    identical("dw", usual.1, saving.1);
}
