//! How long scoring takes: the distances on 10,000 x 128 features, then 10,000 samples beside
//! 10,000 real images with everything that an evaluation does to them.
//!
//! ```text
//! cargo run -p genlab-metrics --example speed [all]      # with "all" the reference rows as well
//! ```

use burn::tensor::Device;
use genlab_core::{Phase, Seed};
use genlab_data::{LoadOptions, Values, load};
use genlab_metrics::{
    Evaluator, Judge, Settings,
    measures::sets::{
        frechet::frechet_distance,
        kernel::{Kernel, Subsets, kernel_distance},
        memorisation::maths::{Relation, nearest},
        neighbours::maths::neighbourhoods,
        pair::{ImageSet, Pair, ScoreSettings},
        score,
    },
    numerics::matrix::Rows,
};
use rand::RngExt;
use std::{
    env,
    error::Error,
    io::{Write, stdout},
    time::Instant,
};

const COUNT: usize = 10_000;
const FEATURES: usize = 128;

fn main() -> Result<(), Box<dyn Error>> {
    let seed = Seed(0);
    let normals = |step| {
        let mut rng = seed.during(Phase::Evaluate).row("speed", step, 0);
        let draws = (0..COUNT * FEATURES).map(|_| rng.sample(rand_distr::StandardNormal));
        Rows::new(FEATURES, draws.collect())
    };
    let (x, y) = (normals(0), normals(1));
    timed("Frechet distance, 10,000 x 128", || frechet_distance(&x, &y))??;
    timed("kernel distance, 10,000 x 128", || {
        kernel_distance(&x, &y, Kernel::Cubic, Subsets::default(), seed)
    })?;
    timed("precision to coverage, 10,000 x 128", || neighbourhoods(&x, &y, 5))?;

    let mut data = load("mnist-10k", &LoadOptions::default())?;
    let device = Device::flex();
    // The embedded test split has 2,000 images; all 10,000 training images stand in for a test
    // split of the official size.
    let pixels =
        [&data.train, &data.validation].map(|split| split.bytes().unwrap_or_default()).concat();
    data.test = Values::images(data.space.shape, pixels);
    let judge = || Judge::for_dataset(&data.name, data.space.shape, &device);
    let settings = ScoreSettings { seed, split: "test", frechet_infinity: false };
    let samples = &data.test;
    timed("all sample metrics, 10,000 beside 10,000", || {
        let judge = judge();
        let read = || ImageSet::new(samples.clone(), judge.as_ref(), &device);
        score(&Pair::new(&read(), &read(), settings))
    })?;
    timed("nearest of 9,000 training images for 10,000 samples", || {
        nearest(samples, &data.train, Relation::HeldOut)
    })?;
    if env::args().nth(1).is_some_and(|word| word == "all") {
        let settings = Settings { samples: COUNT, ..Settings::default() };
        let evaluator = Evaluator::new(&data, judge(), &device, seed, settings);
        timed("five reference rows of 10,000 images", || evaluator.references().len())?;
    }
    Ok(())
}

/// Says how long `work` takes.
fn timed<T>(what: &str, work: impl FnOnce() -> T) -> Result<T, std::io::Error> {
    let start = Instant::now();
    let found = work();
    writeln!(stdout(), "{what}: {:.2} s", start.elapsed().as_secs_f64())?;
    Ok(found)
}
