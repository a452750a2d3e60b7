//! Every metric that costs something, at the sizes that evaluation uses and at 10,000 features.
//!
//! `cargo bench --profile dev --workspace --bench metrics [-- WORD...]`

use burn::tensor::Device;
use genlab_benches::{harness::case, subject::mnist};
use genlab_core::{Phase, Seed};
use genlab_metrics::{
    Judge,
    measures::{
        pairs::{mse::mse, ssim::ssim},
        sets::{
            frechet::frechet_distance,
            kernel::{Kernel, Subsets, kernel_distance},
            neighbours::maths::neighbourhoods,
        },
    },
    numerics::matrix::Rows,
};

const COUNT: usize = 10_000;
const FEATURES: usize = 128;
/// Neighbours of precision and recall.
const NEAREST: usize = 3;

/// Normal features; `step` tells sets apart.
fn features(step: u64) -> Rows {
    let rows = 0..COUNT as u64;
    let x = Seed(0).during(Phase::Evaluate).normal(
        "bench",
        step,
        rows,
        [COUNT, FEATURES],
        &Device::flex(),
    );
    let values = x.into_data().try_into_vec::<f32>().expect("drawn as f32");
    Rows::from_f32(FEATURES, &values)
}

fn main() {
    genlab_kernels::set_up_process();
    let (left, right) = (features(0), features(1));
    let on = format!("{COUNT} x {FEATURES}");
    case(&format!("moments {on}"), None, || left.moments());
    case(&format!("frechet {on}"), None, || frechet_distance(&left, &right));
    let subsets = Subsets::default();
    case(&format!("kernel distance {on}"), None, || {
        kernel_distance(&left, &right, Kernel::Cubic, subsets, Seed(0))
    });
    case(&format!("precision, recall, density, coverage {on}"), None, || {
        neighbourhoods(&left, &right, NEAREST)
    });

    let device = Device::flex();
    let dataset = mnist().expect("mnist-10k is compiled in");
    let test = &dataset.test;
    let images = test.tensor(0..test.len(), &device);
    let pixels = images.clone().into_data().try_into_vec::<f32>().expect("floats");
    let others: Vec<f32> = pixels.iter().map(|v| v * 0.9).collect();
    let count = Some((test.len() as f64, "images"));
    case("mse", count, || mse(&pixels, &others, dataset.space.shape));
    case("ssim", count, || ssim(&pixels, &others, dataset.space.shape));
    let judge =
        Judge::for_dataset("mnist-10k", dataset.space.shape, &device).expect("it has a judge");
    case("judge", count, || judge.read(&images));
}
