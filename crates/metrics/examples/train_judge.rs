//! Trains one judge on the official training images and writes its weights.
//!
//! ```text
//! cargo run -p genlab-metrics --example train_judge -- mnist --data-dir DIR \
//!     --out crates/metrics/judges/mnist-28.safetensors
//! ```

use burn::tensor::Device;
use genlab_data::{LoadOptions, Values, load};
use genlab_metrics::features::judge::{
    JUDGES, Judge, JudgeSpec, scenes,
    train::{Recipe, accuracy, train},
};
use std::{collections::HashSet, env, error::Error, fs, io::Write, path::PathBuf, time::Instant};

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
    let device = Device::flex();
    let start = Instant::now();
    let progress = |line: &str| {
        // Standard error is for people; a closed pipe is no reason to stop a training.
        let _ = writeln!(std::io::stderr(), "{line} ({:.0} s)", start.elapsed().as_secs_f64());
    };
    let options = LoadOptions { data_dir, ..LoadOptions::default() };
    let (bytes, accuracy, tested) = match spec.name {
        "scenes-32" => of_scenes(spec, &options, &device, &progress)?,
        _ => labelled(spec, &dataset, &options, &device, &progress)?,
    };
    fs::write(&out, &bytes).map_err(|e| format!("cannot write {}: {e}", out.display()))?;
    writeln!(
        std::io::stdout(),
        "{}: test accuracy {:.2} % on {} images, {} bytes, sha256 {}",
        spec.name,
        100.0 * accuracy,
        tested,
        bytes.len(),
        genlab_core::digest::sha256(&bytes),
    )?;
    Ok(())
}

const USAGE: &str = "usage: train_judge DATASET [--data-dir DIR] --out FILE, \
                     where DATASET is mnist, fashion-mnist, digits8x8 or, with DIR that of mnist, scenes-32";

/// Weights, accuracy and the number of images that it was measured on.
type Trained = (Vec<u8>, f64, usize);

fn labelled(
    spec: &JudgeSpec,
    dataset: &str,
    options: &LoadOptions,
    device: &Device,
    progress: &dyn Fn(&str),
) -> Result<Trained, Box<dyn Error>> {
    let data = load(dataset, options)?;
    // The judge never chooses anything, so it needs no validation split.
    let images = joined(&data.train, &data.validation);
    let bytes = train(&spec.architecture, &images, &Recipe::of(spec.name), device, progress);
    let accuracy = accuracy(&spec.architecture, &bytes, &data.test, device)?;
    Ok((bytes, accuracy, data.test.len()))
}

/// Pictures that the judge of scenes learns from.
const SCENES: usize = 240_000;

/// The judge of scenes learns from scenes of digits that no scene of the dataset shows: MNIST's training images but for those of
/// mnist-10k.
fn of_scenes(
    spec: &JudgeSpec,
    options: &LoadOptions,
    device: &Device,
    progress: &dyn Fn(&str),
) -> Result<Trained, Box<dyn Error>> {
    let (all, own) = (load("mnist", options)?, load("mnist-10k", &LoadOptions::default())?);
    let shown: HashSet<&[u8]> = [&own.train, &own.validation]
        .into_iter()
        .flat_map(|values| (0..values.len()).map(|row| values.image(row)))
        .collect();
    let digits = joined(&all.train, &all.validation);
    let others: Vec<usize> =
        (0..digits.len()).filter(|row| !shown.contains(digits.image(*row))).collect();
    let pictures = genlab_data::scenes::of_digits(spec.name, digits.select(&others), SCENES);
    let pictures = pictures.ok_or("no such scenes")?;
    let bytes =
        scenes::train(&spec.architecture, &pictures, &Recipe::of(spec.name), device, progress);
    let judge = Judge::scenes(spec.name, &spec.architecture, &bytes, device)?;
    let test = load(spec.name, &LoadOptions::default())?.test;
    let read = judge.answers(&test.tensor(0..test.len(), device)).ok_or("a judge of scenes")?;
    Ok((bytes, scenes::share_right(&read, &test), test.len()))
}

fn joined(first: &Values, second: &Values) -> Values {
    let bytes = [first, second].map(|images| images.bytes().expect("judges look at images"));
    let labels = first.labels.iter().chain(&second.labels).flatten().copied().collect();
    Values::images(first.shape(), bytes.concat()).with_labels(Some(labels))
}
