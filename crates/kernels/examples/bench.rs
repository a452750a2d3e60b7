//! Times every kernel, forward and backward, against burn's own operations.
//!
//! `cargo run -p genlab-kernels --example bench [-- word]`: only the lines that contain `word`.
#![expect(clippy::print_stdout, reason = "a benchmark's output")]

use std::time::Instant;

use burn::tensor::{
    Device, Distribution, Tensor, activation, module,
    ops::{ConvOptions, ConvTransposeOptions},
};
use genlab_kernels as k;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

fn minimum(times: Vec<f64>) -> f64 {
    times.into_iter().fold(f64::INFINITY, f64::min)
}

fn milliseconds<R>(work: impl FnOnce() -> R) -> (f64, R) {
    let start = Instant::now();
    let result = work();
    (start.elapsed().as_secs_f64() * 1e3, result)
}

/// Alternates the two, and prints medians in milliseconds, ratios and (for convolutions) GFLOP/s.
/// `BENCH_MIN=1` prints minima instead, which say more on a busy machine.
fn compare<const D: usize>(
    name: &str,
    flops: f64,
    ours: &dyn Fn() -> Tensor<D>,
    theirs: &dyn Fn() -> Tensor<D>,
) {
    if !std::env::args().nth(1).is_none_or(|word| name.contains(&word)) {
        return;
    }
    let sample = ours().inner();
    let upstream = Tensor::<D>::random_like(&sample, Distribution::Normal(0.0, 1.0));
    let upstream = Tensor::from_inner(upstream);
    let leaf = Tensor::from_inner(sample).require_grad();
    let pull = |y: Tensor<D>| {
        let y = (y * upstream.clone()).sum();
        milliseconds(|| y.backward()).0
    };
    let mut times = [const { Vec::new() }; 5];
    let begin = Instant::now();
    let mut rounds = 0;
    while rounds < 7 || (rounds < 200 && begin.elapsed().as_secs_f64() < 1.0) {
        let (forward, y) = milliseconds(ours);
        times[0].push(forward);
        times[1].push(pull(y));
        let (forward, y) = milliseconds(theirs);
        times[2].push(forward);
        times[3].push(pull(y));
        // What the harness itself takes in the backward pass.
        times[4].push(pull(leaf.clone()));
        rounds += 1;
    }
    let pick = if std::env::var_os("BENCH_MIN").is_some() { minimum } else { median };
    let [f, b, burn_f, burn_b, glue] = times.map(pick);
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

fn main() {
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
    let _ = activation::silu::<1>;
}
