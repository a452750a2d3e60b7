//! Trains one judge on the official training images and writes its weights.
//!
//! ```text
//! cargo run -p genlab-metrics --example train_judge -- mnist --data-dir DIR \
//!     --out crates/metrics/judges/mnist-28.safetensors
//! ```

use burn::tensor::Device;
use genlab_data::{LoadOptions, Values, load};
use genlab_metrics::features::judge::{
    JUDGES,
    train::{Recipe, accuracy, train},
};
use std::{env, error::Error, fs, io::Write, path::PathBuf, time::Instant};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let dataset = arguments.next().ok_or(USAGE)?;
    let (mut data_dir, mut out) = (None, None);
    while let Some(flag) = arguments.next() {
        let value = PathBuf::from(arguments.next().ok_or(USAGE)?);
        match flag.as_str() {
            "--data-dir" => data_dir = Some(value),
            "--out" => out = Some(value),
            _ => return Err(USAGE.into()),
        }
    }
    let out = out.ok_or(USAGE)?;
    let spec = JUDGES.iter().find(|j| j.datasets.contains(&dataset.as_str())).ok_or(USAGE)?;
    let data = load(&dataset, &LoadOptions { data_dir, ..LoadOptions::default() })?;
    let device = Device::flex();
    let start = Instant::now();
    let progress = |line: &str| {
        // Standard error is for people; a closed pipe is no reason to stop a training.
        let _ = writeln!(std::io::stderr(), "{line} ({:.0} s)", start.elapsed().as_secs_f64());
    };
    // The judge never chooses anything, so it needs no validation split.
    let bytes = train(
        &spec.architecture,
        &joined(&data.train, &data.validation),
        &Recipe::of(spec.name),
        &device,
        &progress,
    );
    fs::write(&out, &bytes).map_err(|e| format!("cannot write {}: {e}", out.display()))?;
    let accuracy = accuracy(&spec.architecture, &bytes, &data.test, &device)?;
    writeln!(
        std::io::stdout(),
        "{}: test accuracy {:.2} % on {} images, {} bytes, sha256 {}",
        spec.name,
        100.0 * accuracy,
        data.test.len(),
        bytes.len(),
        genlab_core::digest::sha256(&bytes),
    )?;
    Ok(())
}

const USAGE: &str = "usage: train_judge DATASET [--data-dir DIR] --out FILE, \
                     where DATASET is mnist, fashion-mnist or digits8x8";

fn joined(first: &Values, second: &Values) -> Values {
    let bytes = [first, second].map(|images| images.bytes().expect("judges look at images"));
    let labels = first.labels.iter().chain(&second.labels).flatten().copied().collect();
    Values::images(first.shape(), bytes.concat()).with_labels(Some(labels))
}
