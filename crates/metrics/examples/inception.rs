//! Whether a file of Inception's weights loads, what it makes of test images, and how fast.
//!
//! ```text
//! cargo run -p genlab-metrics --example inception -- inception.safetensors HEX [IMAGES]
//! ```

use burn::tensor::Device;
use genlab_data::{LoadOptions, load};
use genlab_metrics::{Judge, PinnedFile};
use std::{
    env,
    error::Error,
    io::{Write, stdout},
    time::Instant,
};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let usage = "usage: inception FILE SHA256 [IMAGES]";
    let path = arguments.next().ok_or(usage)?.into();
    let sha256 = arguments.next().ok_or(usage)?;
    let count = arguments.next().map_or(Ok(64), |n| n.parse())?;
    let device = Device::flex();
    let judge = Judge::inception(&PinnedFile { path, sha256 }, &device)?;
    let images = load("mnist-10k", &LoadOptions::default())?.test.take(count);
    let start = Instant::now();
    let features = judge.read(&images.tensor(0..images.len(), &device)).features;
    let seconds = start.elapsed().as_secs_f64();
    let mean = features.values.iter().sum::<f64>() / features.values.len() as f64;
    writeln!(
        stdout(),
        "{}: {} images of mnist-10k, mean feature {mean:.6}, {:.0} s per 1,000 images",
        judge.name,
        features.len(),
        1000.0 * seconds / features.len() as f64,
    )?;
    Ok(())
}
