//! Whatever a file holds, reading it ends in data or in one sentence: every format of genlab's own, changed a hundred times a
//! little, never ends in a panic and never takes long.
//!
//! `GENLAB_MUTATIONS=1000 cargo test --workspace --bin bench-runner mutations` changes each a thousand times
//! (CONTRIBUTING.md); `GENLAB_MUTATIONS_SEED` chooses other changes.

mod mutate;

use crate::{
    cli::{Cli, SaveEvery},
    config::{self, RunConfig},
    run::{
        Ended, Existing,
        directory::{self, RunDir},
        execute, load_or_remember,
        stations::Stations,
    },
    terminal,
};
use burn::tensor::Device;
use clap::Parser;
use genlab_core::{
    ImageShape, InitContext, NoRuns, Seed, Space, Start, Words, checkpoint, digest::sha256,
};
use genlab_data::{LoadOptions, Values, load, npz_bytes, read_npz, read_npz_values};
use genlab_metrics::{CATALOGUE, Judge, generators::latent::Prior};
use genlab_report::run::{write_comparison, write_run_report};
use mutate::{Dice, bytes, value};
use serde_json::Value;
use std::{
    fs,
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    sync::{Arc, OnceLock},
    time::{Duration, Instant},
};
use tempfile::TempDir;

/// How often a format is changed where nobody says otherwise.
const QUICK: usize = 100;
/// One change at most, in a test build on a machine that does other things.
const LONGEST: Duration = Duration::from_secs(20);

fn setting(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// Changes a format again and again, and hands what comes of it to its reader.
fn hold(format: &str, mut change: impl FnMut(&mut Dice) -> Vec<u8>, read: impl Fn(&[u8])) {
    let count = setting("GENLAB_MUTATIONS").map_or(QUICK, |count| count as usize);
    let base = setting("GENLAB_MUTATIONS_SEED").unwrap_or(0) << 32;
    for number in 0..count as u64 {
        let changed = change(&mut Dice::new(base | number));
        let begun = Instant::now();
        let ended = catch_unwind(AssertUnwindSafe(|| read(&changed)));
        let shown = || String::from_utf8_lossy(&changed[..changed.len().min(2000)]).into_owned();
        assert!(ended.is_ok(), "change {number} of {format} panics:\n{}", shown());
        let took = begun.elapsed();
        assert!(took < LONGEST, "change {number} of {format} takes {took:?}:\n{}", shown());
    }
}

/// Text as its value or as its bytes changed, in turn.
fn of_text<'a>(
    sound: &'a Value,
    write: impl Fn(&Value) -> Option<Vec<u8>> + 'a,
) -> impl FnMut(&mut Dice) -> Vec<u8> + 'a {
    let plain = write(sound).expect("what is sound can be written");
    move |dice| match dice.below(4) {
        0 => bytes(dice, &plain),
        _ => write(&value(dice, sound)).unwrap_or_else(|| bytes(dice, &plain)),
    }
}

fn as_json(value: &Value) -> Option<Vec<u8>> {
    serde_json::to_vec(value).ok()
}

fn as_toml(value: &Value) -> Option<Vec<u8>> {
    Some(toml::to_string(value).ok()?.into_bytes())
}

/// A finished run of the autoencoder, which has every file that a run can have but what only images of a guided model have.
fn finished() -> &'static (TempDir, RunDir) {
    static RUN: OnceLock<(TempDir, RunDir)> = OnceLock::new();
    RUN.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let quick = concat!(env!("CARGO_MANIFEST_DIR"), "/../../experiments/digits8x8/quick.toml");
        let line = ["bench-runner", "--experiment", quick, "--model", "ae"];
        let small = ["--budget-images", "640", "--set", "evaluation.samples=100"];
        let cli = Cli::try_parse_from([&line[..], &small].concat()).unwrap();
        let configs = config::resolve(&cli.run.settings, None, 1).unwrap();
        let dir = RunDir::new(folder.path().join("run"));
        let ended =
            execute(&configs[0], &dir, "flex", Existing::Keep, SaveEvery::default()).unwrap();
        assert!(matches!(ended, Ended::Finished), "{ended:?}");
        (folder, dir)
    })
}

/// A copy of that run, whose files can be changed.
fn copied() -> (TempDir, RunDir) {
    fn copy(from: &Path, to: &Path) {
        fs::create_dir_all(to).unwrap();
        for entry in fs::read_dir(from).unwrap() {
            let path = entry.unwrap().path();
            let target = to.join(path.file_name().unwrap());
            if path.is_dir() {
                copy(&path, &target);
            } else {
                fs::copy(&path, target).unwrap();
            }
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let dir = RunDir::new(folder.path().join("run"));
    copy(finished().1.path(), dir.path());
    (folder, dir)
}

fn json_of(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

/// Whether every whole number is one of a network that is made in no time.
fn is_small(value: &Value) -> bool {
    match value {
        Value::Number(number) => number.as_f64().is_some_and(|x| x.abs() <= 512.0),
        Value::Array(items) => items.len() <= 8 && items.iter().all(is_small),
        Value::Object(table) => table.values().all(is_small),
        _ => true,
    }
}

/// What every command does with settings that it has read; small networks are made.
fn used(config: RunConfig) {
    let again = RunConfig::from_toml(&config.to_toml()).expect("what is kept can be read again");
    assert_eq!((again.hash(), again.run_name()), (config.hash(), config.run_name()));
    let Stations { training, data, .. } = Stations::of(config);
    let plan = &training.plan;
    assert!(plan.total_steps() > 0 && plan.log_every > 0);
    drop((data.place(), data.at("elsewhere".into())));
    if !is_small(&training.model.settings()) {
        return;
    }
    for space in [Space::images(ImageShape::new(1, 8, 8)), Space::points(2, 0.0, 1.0)] {
        let context = InitContext {
            space,
            classes: Some(10),
            past: None,
            words: Some(Words { numbers: 25, length: 10 }),
            total_images: plan.total_images,
            device: Device::flex(),
            seed: Seed(0),
            runs: Arc::new(NoRuns),
            start: Start::Restored,
        };
        // It fits such values or it says why not.
        drop(training.model.init(&context));
    }
}

#[test]
fn config_toml() {
    for model in ["ae", "sparse-ae", "vae", "gan", "ddpm", "classifier", "vit", "clip", "captioner"]
    {
        let sound = RunConfig::defaults(model, Some("digits8x8")).unwrap().to_toml();
        let sound = serde_json::to_value(sound.parse::<toml::Table>().unwrap()).unwrap();
        hold(&format!("config.toml of {model}"), of_text(&sound, as_toml), |text| {
            if let Ok(config) = RunConfig::from_toml(&String::from_utf8_lossy(text)) {
                used(config);
            }
        });
    }
}

#[test]
fn run_json() {
    let (_folder, dir) = copied();
    let sound = json_of(&dir.record());
    // Where its data are gone, a run is what its record says.
    let config = directory::read_config(dir.path()).unwrap();
    let mut data = Stations::of(config).data;
    data.dataset = "folder:nowhere".into();
    hold("run.json", of_text(&sound, as_json), |text| {
        fs::write(dir.record(), text).unwrap();
        if let Ok((dataset, _)) = load_or_remember(dir.path(), &data) {
            assert!(dataset.space.shape.pixels() > 0);
        }
        drop(write_run_report(dir.path(), &CATALOGUE));
    });
}

#[test]
fn results_json() {
    let (folder, dir) = copied();
    let sound = json_of(&dir.results());
    let out = folder.path().join("comparison");
    hold("results.json", of_text(&sound, as_json), |text| {
        fs::write(dir.results(), text).unwrap();
        drop(write_run_report(dir.path(), &CATALOGUE));
        let runs: [PathBuf; 2] = [dir.path().to_owned(), finished().1.path().to_owned()];
        drop(write_comparison(&out, "changed", &runs, &CATALOGUE));
        if let Ok(Some(results)) = dir.read_results() {
            drop(terminal::results_table(&[("changed".into(), results)]));
        }
        let config = directory::read_config(dir.path()).unwrap();
        if let Ok(stations) = Stations::of(config).with_chosen_average(dir.path()) {
            drop(stations.training.model.decays());
        }
    });
}

#[test]
fn prior_json() {
    let sound = json_of(&finished().1.prior());
    hold("prior.json", of_text(&sound, as_json), |text| {
        if let Ok(prior) = Prior::from_json(text) {
            let drawn = prior.sample(Seed(0), 0..5);
            assert_eq!((drawn.len(), drawn.dim), (5, prior.latent_dim()));
            assert!(!prior.title().is_empty());
        }
    });
}

/// The newest checkpoint of a run.
fn checkpoint_of(dir: &RunDir) -> PathBuf {
    checkpoint::list(&dir.checkpoints()).pop().unwrap()
}

/// Reads the last checkpoint of a run into a model of its settings.
fn restored(dir: &RunDir) {
    let config = directory::read_config(dir.path()).unwrap();
    let training = Stations::of(config).training;
    let data = load("digits8x8", &LoadOptions::default()).unwrap();
    drop(crate::run::training::finished(dir.path(), &training, &data, &Device::flex()));
}

#[test]
fn the_manifest_of_a_checkpoint() {
    let (_folder, dir) = copied();
    let manifest = checkpoint_of(&dir).join("MANIFEST");
    let sound = fs::read(&manifest).unwrap();
    hold(
        "MANIFEST",
        |dice| bytes(dice, &sound),
        |text| {
            fs::write(&manifest, text).unwrap();
            restored(&dir);
        },
    );
}

/// Changes one file of a checkpoint, whose manifest knows of it.
fn hold_listed(name: &str, change: impl FnMut(&mut Dice) -> Vec<u8>) {
    let (_folder, dir) = copied();
    let folder = checkpoint_of(&dir);
    let manifest = fs::read_to_string(folder.join("MANIFEST")).unwrap();
    hold(name, change, |text| {
        fs::write(folder.join(name), text).unwrap();
        let lines = manifest.lines().map(|line| {
            let own = line.ends_with(&format!("  {name}"));
            if own { format!("{}  {name}", sha256(text)) } else { line.to_owned() }
        });
        fs::write(folder.join("MANIFEST"), lines.collect::<Vec<_>>().join("\n")).unwrap();
        restored(&dir);
    });
}

#[test]
fn the_state_of_a_checkpoint() {
    let sound = json_of(&checkpoint_of(&finished().1).join("state.json"));
    hold_listed("state.json", of_text(&sound, as_json));
}

/// A safetensors file with its header changed as JSON, or any of its bytes.
fn of_safetensors(sound: &[u8]) -> impl FnMut(&mut Dice) -> Vec<u8> {
    let (length, rest) = sound.split_at(8);
    let length = u64::from_le_bytes(length.try_into().unwrap()) as usize;
    let header: Value = serde_json::from_slice(&rest[..length]).unwrap();
    let (values, sound) = (rest[length..].to_vec(), sound.to_vec());
    move |dice| {
        if dice.below(2) == 0 {
            return bytes(dice, &sound);
        }
        let header = serde_json::to_vec(&value(dice, &header)).unwrap();
        [&(header.len() as u64).to_le_bytes(), &header[..], &values].concat()
    }
}

#[test]
fn safetensors_of_weights() {
    let sound = fs::read(checkpoint_of(&finished().1).join("weights.safetensors")).unwrap();
    hold_listed("weights.safetensors", of_safetensors(&sound));
}

/// A judge that is trained on few images of stripes.
fn judge() -> Vec<u8> {
    let digits = load("digits8x8", &LoadOptions::default()).unwrap();
    let few: Vec<usize> = (0..120).collect();
    let (train, test) = (digits.train.select(&few), digits.test.select(&few[..20]));
    let data = genlab_data::Dataset { train, test, ..digits };
    let cache = tempfile::tempdir().unwrap();
    Judge::trained_on(&data, Some(cache.path()), &Device::flex(), &|_| ()).unwrap();
    let entry = fs::read_dir(cache.path().join("judges")).unwrap().next().unwrap().unwrap();
    fs::read(entry.path()).unwrap()
}

#[test]
fn the_description_of_a_judge() {
    let sound = judge();
    let (length, rest) = sound.split_at(8);
    let length = u64::from_le_bytes(length.try_into().unwrap()) as usize;
    let header: Value = serde_json::from_slice(&rest[..length]).unwrap();
    let said = header["__metadata__"]["genlab.judge"].as_str().unwrap();
    let said: Value = serde_json::from_str(said).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("judge.safetensors");
    let mut broken = of_safetensors(&sound);
    let change = |dice: &mut Dice| {
        if dice.below(4) == 0 {
            return broken(dice);
        }
        let mut header = header.clone();
        header["__metadata__"]["genlab.judge"] = value(dice, &said).to_string().into();
        let header = serde_json::to_vec(&header).unwrap();
        [&(header.len() as u64).to_le_bytes(), &header[..], &rest[length..]].concat()
    };
    hold("a judge", change, |file| {
        fs::write(&path, file).unwrap();
        let Ok(judge) = Judge::from_file(&path, &Device::flex()) else { return };
        let Some(shape) = judge.shape().filter(|shape| shape.pixels() <= 4096) else { return };
        let images = Values::images(shape, vec![90; 2 * shape.pixels()]);
        let reading = judge.read(&images.tensor(0..2, &Device::flex()));
        assert_eq!((reading.features.len(), reading.features.dim), (2, judge.features()));
    });
}

#[test]
fn npz() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("changed.npz");
    let pixels = (0..4 * 3 * 35).map(|i| (i * 37 % 251) as u8).collect();
    let images = Values::images(ImageShape::new(3, 5, 7), pixels);
    let points = Space::points(3, 0.0, 1.0);
    let reals = Values::floats(points, (0..30).map(|i| i as f32 * 0.5).collect());
    for values in [images, reals] {
        let sound = npz_bytes(&values.with_labels(None)).unwrap();
        let fixture =
            concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/oracles/fixtures/npz/f8-fortran.npz");
        let stored = fs::read(fixture).unwrap();
        let change = |dice: &mut Dice| match dice.below(2) {
            0 => bytes(dice, &sound),
            _ => bytes(dice, &stored),
        };
        hold("npz", change, |file| {
            fs::write(&path, file).unwrap();
            if let Ok(images) = read_npz(&path) {
                assert_eq!(images.numbers.len(), images.len() * images.shape().pixels());
            }
            drop(read_npz_values(&path, points));
        });
    }
}

#[test]
fn idx() {
    let folder = tempfile::tempdir().unwrap();
    let array = |dims: &[u32], values: Vec<u8>| {
        let mut file = vec![0, 0, 8, dims.len() as u8];
        file.extend(dims.iter().flat_map(|dim| dim.to_be_bytes()));
        file.extend(values);
        file
    };
    let images = |n: u32| array(&[n, 3, 4], (0..n * 12).map(|i| (i % 251) as u8).collect());
    let labels = |n: u32| array(&[n], (0..n).map(|i| (i % 10) as u8).collect());
    let sound = [
        ("train-images-idx3-ubyte", images(30)),
        ("train-labels-idx1-ubyte", labels(30)),
        ("t10k-images-idx3-ubyte", images(10)),
        ("t10k-labels-idx1-ubyte", labels(10)),
    ];
    for (changed, file) in &sound {
        for (name, file) in &sound {
            fs::write(folder.path().join(name), file).unwrap();
        }
        let options =
            || LoadOptions { data_dir: Some(folder.path().to_owned()), ..LoadOptions::default() };
        hold(
            changed,
            |dice| bytes(dice, file),
            |file| {
                fs::write(folder.path().join(changed), file).unwrap();
                if let Ok(dataset) = load("mnist", &options()) {
                    assert!(dataset.name.starts_with("idx:") && !dataset.train.is_empty());
                }
            },
        );
    }
}
