//! genlab's side of the twin: one model, driven by JSON.
//!
//! `twin MODEL BATCH SEED DEVICE PRECISION` (`flex` or `tch`; `f32` or `bf16`) reads one command per line of standard input and answers each with one
//! line of JSON. `benches/pytorch/twin.py` is the other side.
//!
//! ```text
//! {"export": {"folder": "/tmp/x", "steps": 20, "samples": 8}}   weights, inputs and train.safetensors, train.bytes
//! {"train": {"steps": 20}}                                      scalars of the next 20 steps
//! {"time": {"steps": 100}}                                      milliseconds per step of the next 100
//! {"sample": {"count": 64, "repeats": 10}}                      milliseconds per repeat
//! {"draw": {"count": 8, "file": "/tmp/x/drawn.safetensors"}}    the samples themselves
//! ```

use anyhow::{Context, Result, bail};
use burn::tensor::Device;
use genlab_benches::{
    Subject,
    subject::{self, milliseconds, named},
};
use genlab_core::{
    Seed,
    checkpoint::{self, CheckpointState, write_safetensors},
};
use genlab_data::Values;
use genlab_kernels::set_up_process;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::{
    env, fs,
    io::{self, BufRead, Write},
    path::{Path, PathBuf},
    time::Instant,
};

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Command {
    Export { folder: PathBuf, steps: u64, samples: usize },
    Train { steps: u64 },
    Time { steps: u64 },
    Sample { count: usize, repeats: usize },
    Draw { count: usize, file: PathBuf },
}

fn main() -> Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [model, batch, seed, device, precision] = &arguments[..] else {
        bail!("usage: twin MODEL BATCH SEED DEVICE PRECISION, with commands on standard input");
    };
    let batch = batch.parse().with_context(|| format!("BATCH is a number, not {batch:?}"))?;
    let seed = seed.parse().with_context(|| format!("SEED is a number, not {seed:?}"))?;
    set_up_process();
    let precision = serde_json::from_value(json!(precision))
        .with_context(|| format!("PRECISION is f32 or bf16, not {precision:?}"))?;
    let mut subject = Subject::new(model, batch, Seed(seed), &subject::device(device)?)?;
    subject.train_in(precision);
    for line in io::stdin().lock().lines() {
        let line = line?;
        let command = serde_json::from_str(&line).with_context(|| {
            format!("{line} is not a command; benches/src/bin/twin.rs lists them")
        })?;
        let answer = run(&mut subject, command)?;
        writeln!(io::stdout(), "{answer}")?;
    }
    Ok(())
}

fn run(subject: &mut Subject, command: Command) -> Result<Value> {
    Ok(match command {
        Command::Export { folder, steps, samples } => export(subject, &folder, steps, samples)?,
        Command::Train { steps } => {
            let object = |read: Vec<(&'static str, f64)>| -> Map<String, Value> {
                read.into_iter().map(|(name, value)| (name.to_owned(), json!(value))).collect()
            };
            json!(subject.train(steps).into_iter().map(object).collect::<Vec<_>>())
        }
        Command::Time { steps } => json!(subject.time(steps)),
        Command::Sample { count, repeats } => {
            let frozen = subject.frozen();
            let sampler = frozen.sampler().context("this model does not sample")?;
            let request = subject.request(count);
            let start = Instant::now();
            for _ in 0..repeats {
                sampler.sample(&request).into_data();
            }
            json!(milliseconds(start) / repeats as f64)
        }
        Command::Draw { count, file } => {
            let frozen = subject.frozen();
            let sampler = frozen.sampler().context("this model does not sample")?;
            let images = sampler.sample(&subject.request(count));
            write_safetensors(&file, &[named("images", images)])?;
            Value::Null
        }
    })
}

/// Writes the weights as they stand, the inputs of the first `steps` steps and of the first `samples` samples, and the
/// training split, whose pixels are bytes. Answers with the settings.
fn export(subject: &Subject, folder: &Path, steps: u64, samples: usize) -> Result<Value> {
    let saved = checkpoint::save(folder, subject.model(), CheckpointState::default())?;
    let weights = folder.join("weights.safetensors");
    fs::rename(saved.join("weights.safetensors"), &weights)
        .with_context(|| format!("cannot write {}", weights.display()))?;
    fs::remove_dir_all(&saved).with_context(|| format!("cannot remove {}", saved.display()))?;
    let mut inputs: Vec<_> = (0..steps).flat_map(|step| subject.inputs(step)).collect();
    inputs.extend(subject.sample_inputs(samples));
    write_safetensors(&folder.join("inputs.safetensors"), &inputs)?;

    let dataset = subject::dataset_of(&subject.name)?;
    write_split(&dataset.train, folder)?;
    Ok(json!({
        "config": subject.config,
        "total_images": subject.total_images(),
        "parameters": subject.frozen().num_params(),
        "space": dataset.space,
        "classes": dataset.classes.as_ref().map(Vec::len),
        "words": dataset.words().map(|words| json!({
            "numbers": words.numbers,
            "length": words.length,
        })),
    }))
}

/// Writes `train.bytes`, and the labels `[n]` and captions `[n, T]` that there are as `train.safetensors`.
fn write_split(train: &Values, folder: &Path) -> Result<()> {
    let path = folder.join("train.bytes");
    fs::write(&path, train.bytes().context("its pixels are no bytes")?)
        .with_context(|| format!("cannot write {}", path.display()))?;
    let labels = train.labels.as_ref().map(|labels| {
        let numbers = labels.iter().map(|label| *label as f32).collect();
        ("labels".to_owned(), vec![labels.len()], numbers)
    });
    let captions = train.captions(0..train.len(), &Device::flex());
    let captions = captions.map(|captions| named("captions", captions.float()));
    let known: Vec<_> = labels.into_iter().chain(captions).collect();
    write_safetensors(&folder.join("train.safetensors"), &known)?;
    Ok(())
}
