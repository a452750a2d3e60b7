//! Every kernel, forward and backward, against burn's own operations.
//!
//! `cargo bench --profile dev --workspace --bench kernels [-- WORD...]`. A ratio is burn's
//! time over the kernel's; `BENCH_MIN=1` prints minima instead of medians, which say more on a busy
//! machine.
#![expect(clippy::print_stdout, reason = "a benchmark's output")]

use burn::tensor::{
    Device, Distribution, Tensor, activation, module,
    module::linear,
    ops::{ConvOptions, ConvTransposeOptions, InterpolateMode, InterpolateOptions},
};
use genlab_benches::harness::{Times, timed, wanted};
use genlab_kernels as k;
use std::{env, time::Instant};

/// Median, or minimum where `BENCH_MIN` is set.
fn typical(times: Vec<f64>) -> f64 {
    Times::new(times).quantile(if env::var_os("BENCH_MIN").is_some() { 0.0 } else { 0.5 })
}

/// Alternates the two, and prints milliseconds, ratios and (for convolutions) GFLOP/s.
fn compare<const D: usize>(
    name: &str,
    flops: f64,
    ours: &dyn Fn() -> Tensor<D>,
    theirs: &dyn Fn() -> Tensor<D>,
) {
    if !wanted(name) {
        return;
    }
    let sample = ours().inner();
    let upstream = Tensor::<D>::random_like(&sample, Distribution::Normal(0.0, 1.0));
    let upstream = Tensor::from_inner(upstream);
    let leaf = Tensor::from_inner(sample).require_grad();
    let pull = |y: Tensor<D>| {
        let y = (y * upstream.clone()).sum();
        timed(|| y.backward()).0
    };
    let mut times = [const { Vec::new() }; 5];
    let begin = Instant::now();
    let mut rounds = 0;
    while rounds < 7 || (rounds < 200 && begin.elapsed().as_secs_f64() < 1.0) {
        let (forward, y) = timed(ours);
        times[0].push(forward);
        times[1].push(pull(y));
        let (forward, y) = timed(theirs);
        times[2].push(forward);
        times[3].push(pull(y));
        // What the harness itself takes in the backward pass.
        times[4].push(pull(leaf.clone()));
        rounds += 1;
    }
    let [f, b, burn_f, burn_b, glue] = times.map(typical);
    let (b, burn_b) = (b - glue, burn_b - glue);
    print!("{name:54} fwd {f:7.3} ({:5.2}x)  bwd {b:7.3} ({:5.2}x)", burn_f / f, burn_b / b);
    if flops > 0.0 {
        print!("  {:4.0} / {:4.0} GFLOP/s", flops / f / 1e6, 2.0 * flops / b / 1e6);
    }
    println!();
}

fn conv(name: &str, x: [usize; 4], w: [usize; 4], stride: usize, padding: usize) {
    let device = Device::flex().autodiff();
    let normal = Distribution::Normal(0.0, 1.0);
    let xs = Tensor::<4>::random(x, normal, &device).require_grad();
    let ws = Tensor::<4>::random(w, normal, &device).require_grad();
    let bs = Tensor::<1>::random([w[0]], normal, &device).require_grad();
    let (s, p) = ([stride; 2], [padding; 2]);
    let options = ConvOptions::new(s, p, [1, 1], 1);
    let out = |d: usize| (x[d] + 2 * padding - w[d]) / stride + 1;
    let flops = 2.0 * (x[0] * out(2) * out(3) * w.iter().product::<usize>()) as f64;
    compare(
        &format!("conv2d {name} {x:?} {w:?} s{stride}"),
        flops,
        &|| k::conv2d(xs.clone(), ws.clone(), Some(bs.clone()), s, p),
        &|| module::conv2d(xs.clone(), ws.clone(), Some(bs.clone()), options.clone()),
    );
}

fn conv_transpose(name: &str, x: [usize; 4], w: [usize; 4], stride: usize, padding: usize) {
    let device = Device::flex().autodiff();
    let normal = Distribution::Normal(0.0, 1.0);
    let xs = Tensor::<4>::random(x, normal, &device).require_grad();
    let ws = Tensor::<4>::random(w, normal, &device).require_grad();
    let bs = Tensor::<1>::random([w[1]], normal, &device).require_grad();
    let (s, p) = ([stride; 2], [padding; 2]);
    let options = ConvTransposeOptions::new(s, p, [0, 0], [1, 1], 1);
    let flops = 2.0 * (x[0] * x[2] * x[3] * w.iter().product::<usize>()) as f64;
    compare(
        &format!("convT {name} {x:?} {w:?} s{stride}"),
        flops,
        &|| k::conv_transpose2d(xs.clone(), ws.clone(), Some(bs.clone()), s, p, [0, 0]),
        &|| {
            let bias = Some(bs.clone());
            module::conv_transpose2d(xs.clone(), ws.clone(), bias, options.clone())
        },
    );
}

fn normal<const D: usize>(shape: [usize; D]) -> Tensor<D> {
    let device = Device::flex().autodiff();
    Tensor::random(shape, Distribution::Normal(0.0, 1.0), &device).require_grad()
}

fn norm_of_burn(x: Tensor<4>, weight: Tensor<1>, bias: Tensor<1>, groups: usize) -> Tensor<4> {
    let [b, c, h, w] = x.dims();
    let grouped = x.reshape([b, groups, c / groups * h * w]);
    let centred = grouped.clone() - grouped.mean_dim(2);
    let variance = centred.clone().square().mean_dim(2);
    let y = (centred / (variance + 1e-5).sqrt()).reshape([b, c, h, w]);
    activation::silu(y * weight.reshape([1, c, 1, 1]) + bias.reshape([1, c, 1, 1]))
}

fn bce_of_burn(l: Tensor<2>, t: Tensor<2>) -> Tensor<1> {
    let softplus = (l.clone().abs().neg().exp() + 1.0).log();
    (l.clone().clamp_min(0.0) - l * t + softplus).sum_dim(1).squeeze_dim::<1>(1)
}

fn pointwise() {
    for shape in [[64, 32, 28, 28], [64, 64, 14, 14]] {
        let (x, w, b) = (normal(shape), normal([shape[1]]), normal([shape[1]]));
        let ours = || k::group_norm(x.clone(), w.clone(), b.clone(), 8, 1e-5, k::Activation::Silu);
        let theirs = || norm_of_burn(x.clone(), w.clone(), b.clone(), 8);
        compare(&format!("group_norm + silu {shape:?}"), 0.0, &ours, &theirs);
    }
    let x = normal([64, 32, 28, 28]);
    compare("silu [64, 32, 28, 28]", 0.0, &|| k::silu(x.clone()), &|| activation::silu(x.clone()));
    compare("leaky_relu [64, 32, 28, 28]", 0.0, &|| k::leaky_relu(x.clone(), 0.2), &|| {
        activation::leaky_relu(x.clone(), 0.2)
    });
    compare("relu [64, 32, 28, 28]", 0.0, &|| k::leaky_relu(x.clone(), 0.0), &|| {
        activation::relu(x.clone())
    });
    let x = normal([128, 400]);
    compare("relu [128, 400]", 0.0, &|| k::leaky_relu(x.clone(), 0.0), &|| {
        activation::relu(x.clone())
    });
    let x = normal([64, 64, 14, 14]);
    let options = InterpolateOptions::new(InterpolateMode::Nearest).with_output_size([28, 28]);
    compare("upsample [64, 64, 14, 14]", 0.0, &|| k::upsample_nearest2x(x.clone()), &|| {
        module::interpolate(x.clone(), options.clone())
    });
    let (l, t) = (normal([128, 784]), normal([128, 784]).inner());
    let t = Tensor::from_inner(t);
    compare("bce [128, 784]", 0.0, &|| k::bce_with_logits(l.clone(), t.clone()), &|| {
        bce_of_burn(l.clone(), t.clone())
    });
}

fn dense() {
    for [rows, inner, cols] in [[32, 784, 400], [128, 784, 400], [128, 400, 784], [128, 400, 20]] {
        let (x, w, b) = (normal([rows, inner]), normal([inner, cols]), normal([cols]));
        compare(
            &format!("linear [{rows}, {inner}] [{inner}, {cols}]"),
            2.0 * (rows * inner * cols) as f64,
            &|| k::linear(x.clone(), w.clone(), Some(b.clone())),
            &|| linear(x.clone(), w.clone(), Some(b.clone())),
        );
    }
}

/// Attention of four heads, and a product of the same tokens and width, whose rate it is held against.
/// The backward pass counts as twice the forward pass, for both; attention's computes scores again.
fn attention(batch: usize, tokens: usize, width: usize) {
    const HEADS: usize = 4;
    let shape = [batch, HEADS, tokens, width / HEADS];
    let [queries, keys, values] = [normal(shape), normal(shape), normal(shape)];
    let scale = (shape[3] as f64).sqrt();
    compare(
        &format!("attention {shape:?}"),
        4.0 * (batch * tokens * tokens * width) as f64,
        &|| k::attention(queries.clone(), keys.clone(), values.clone()),
        &|| {
            let scores = queries.clone().matmul(keys.clone().swap_dims(2, 3)) / scale;
            activation::softmax(scores, 3).matmul(values.clone())
        },
    );
    let (x, w) = (normal([batch * tokens, width]), normal([width, width]));
    compare(
        &format!("product beside attention [{}, {width}] [{width}, {width}]", batch * tokens),
        2.0 * (batch * tokens * width * width) as f64,
        &|| k::linear(x.clone(), w.clone(), None),
        &|| x.clone().matmul(w.clone()),
    );
}

fn normalised<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    let centred = x.clone() - x.mean_dim(D - 1);
    let variance = centred.clone().square().mean_dim(D - 1);
    centred / (variance + 1e-5).sqrt()
}

fn transformer() {
    for width in [64, 128, 256] {
        for tokens in [16, 49, 64, 256] {
            attention(32, tokens, width);
        }
    }
    for shape in [[32, 49, 64], [32, 64, 128], [32, 256, 256]] {
        let [batch, _, width] = shape;
        let (x, w, b) = (normal(shape), normal([width]), normal([width]));
        compare(
            &format!("layer_norm {shape:?}"),
            0.0,
            &|| k::layer_norm(x.clone(), w.clone(), b.clone(), 1e-5),
            &|| module::layer_norm(x.clone(), w.clone(), Some(b.clone()), 1e-5),
        );
        let (scale, shift) = (normal([batch, width]), normal([batch, width]));
        compare(
            &format!("modulated_norm {shape:?}"),
            0.0,
            &|| k::modulated_norm(x.clone(), scale.clone(), shift.clone(), 1e-5),
            &|| {
                let factor = scale.clone().unsqueeze_dim::<3>(1) + 1.0;
                normalised(x.clone()) * factor + shift.clone().unsqueeze_dim(1)
            },
        );
    }
    let x = normal([32, 64, 512]);
    compare("gelu [32, 64, 512]", 0.0, &|| k::gelu(x.clone()), &|| {
        activation::gelu_approximate(x.clone())
    });
}

/// Adam and the moving average, whose buffers must not be shared.
fn updates() {
    let device = Device::flex();
    let at = k::AdamStep { learning_rate: 1e-3, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, step: 10 };
    for len in [784 * 400, 2_000_000] {
        let normal = || Tensor::<1>::random([len], Distribution::Normal(0.0, 1.0), &device);
        let g = normal();
        let mut slot = k::AdamSlot { value: normal(), first: normal(), second: normal().abs() };
        let mut average = normal();
        let mut times = [const { Vec::new() }; 3];
        for _ in 0..30 {
            let (t, next) = timed(|| k::adam_update(slot, g.clone(), None, at));
            slot = next;
            times[0].push(t);
            let (t, next) = timed(|| k::lerp(average, g.clone(), 0.01));
            average = next;
            times[1].push(t);
            let (t, ()) = timed(|| {
                let first = slot.first.clone() * 0.9 + g.clone() * 0.1;
                let second = slot.second.clone() * 0.999 + g.clone().square() * 0.001;
                let step = first / 0.65 / ((second / 0.01).sqrt() + 1e-8) * 1e-3;
                drop(slot.value.clone() - step);
            });
            times[2].push(t);
        }
        let [adam, lerp, burn] = times.map(typical);
        println!(
            "adam [{len}] {adam:.3} ms ({:.2}x of burn's ops), lerp {lerp:.3} ms",
            burn / adam
        );
    }
}

fn main() {
    genlab_kernels::set_up_process();
    conv("ddpm a", [32, 32, 14, 14], [32, 32, 3, 3], 1, 1);
    conv("ddpm b", [32, 64, 7, 7], [64, 64, 3, 3], 1, 1);
    conv("ddpm c", [32, 64, 14, 14], [32, 64, 3, 3], 1, 1);
    conv("ddpm d", [32, 128, 7, 7], [64, 128, 3, 3], 1, 1);
    conv("unet in", [64, 1, 28, 28], [32, 1, 3, 3], 1, 1);
    conv("unet", [64, 32, 28, 28], [32, 32, 3, 3], 1, 1);
    conv("unet skip", [64, 64, 28, 28], [32, 64, 3, 3], 1, 1);
    conv("unet 1x1", [64, 64, 28, 28], [32, 64, 1, 1], 1, 0);
    conv("unet down", [64, 32, 28, 28], [32, 32, 3, 3], 2, 1);
    conv("unet half", [64, 64, 14, 14], [64, 64, 3, 3], 1, 1);
    conv("unet half skip", [64, 128, 14, 14], [64, 128, 3, 3], 1, 1);
    conv("unet quarter", [64, 64, 7, 7], [64, 64, 3, 3], 1, 1);
    conv("unet out", [64, 32, 28, 28], [1, 32, 3, 3], 1, 1);
    conv("dcgan d1", [64, 1, 28, 28], [64, 1, 4, 4], 2, 1);
    conv("dcgan d2", [64, 64, 14, 14], [128, 64, 4, 4], 2, 1);
    conv("dcgan d3", [64, 128, 7, 7], [1, 128, 7, 7], 1, 0);
    conv_transpose("dcgan g1", [64, 64, 1, 1], [64, 128, 7, 7], 1, 0);
    conv_transpose("dcgan g2", [64, 128, 7, 7], [128, 64, 4, 4], 2, 1);
    conv_transpose("dcgan g3", [64, 64, 14, 14], [64, 1, 4, 4], 2, 1);
    pointwise();
    dense();
    transformer();
    updates();
}
