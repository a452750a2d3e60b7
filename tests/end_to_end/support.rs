//! Running the binary and reading what it leaves behind.

use serde_json::Value;
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
    thread,
    time::{Duration, Instant, SystemTime},
};

pub(crate) const MODELS: [&str; 5] = ["ae", "sparse-ae", "vae", "gan", "ddpm"];

/// A file of this repository.
pub(crate) fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path)
}

/// The binary, started in `folder`. Judges that tests train are kept with the build, not with the
/// user's.
pub(crate) fn command(folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bench-runner"));
    command.current_dir(folder).args(args).env("RUST_BACKTRACE", "0");
    command.env("XDG_CACHE_HOME", Path::new(env!("CARGO_TARGET_TMPDIR")).join("cache"));
    command
}

/// Runs the binary in `folder` to its end.
pub(crate) fn run(folder: &Path, args: &[&str]) -> Output {
    command(folder, args).output().unwrap()
}

/// Runs the binary and expects success.
pub(crate) fn succeed(folder: &Path, args: &[&str]) -> Output {
    let output = run(folder, args);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "bench-runner {args:?} failed:\n{errors}");
    output
}

/// The arguments of a run of a few seconds with small networks.
pub(crate) fn quick<'a>(experiment: &'a str, model: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let mut args = vec!["--experiment", experiment, "--model", model];
    args.extend(more);
    args
}

/// The experiment file of such runs.
pub(crate) fn quick_file() -> String {
    repository("experiments/digits8x8/quick.toml").to_string_lossy().into_owned()
}

pub(crate) fn json(path: &Path) -> Value {
    let text = fs::read_to_string(path)
        .unwrap_or_else(|error| panic!("cannot read {}: {error}", path.display()));
    serde_json::from_str(&text).unwrap()
}

/// The value of a metric in results.json.
pub(crate) fn metric(run: &Path, name: &str) -> Option<f64> {
    let results = json(&run.join("results.json"));
    let metrics = results["metrics"].as_array().unwrap();
    let found = metrics.iter().find(|m| m["name"] == name)?;
    found["value"].as_f64()
}

/// metrics.jsonl without the two keys that hold times.
pub(crate) fn log_without_times(run: &Path) -> Vec<Value> {
    let text = fs::read_to_string(run.join("metrics.jsonl")).unwrap();
    text.lines()
        .map(|line| {
            let mut value: Value = serde_json::from_str(line).unwrap();
            let object = value.as_object_mut().unwrap();
            assert!(object.remove("seconds").is_some());
            assert!(object.remove("images_per_second").is_some());
            value
        })
        .collect()
}

/// The folder of the last checkpoint of a run.
pub(crate) fn checkpoint(run: &Path) -> PathBuf {
    let entries = fs::read_dir(run.join("checkpoints")).unwrap();
    entries.map(|entry| entry.unwrap().path()).max().unwrap()
}

/// Waits until something holds.
pub(crate) fn until(what: &str, holds: impl Fn() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < Duration::from_mins(1), "{what} did not come to be");
        thread::sleep(Duration::from_millis(5));
    }
}

/// Whether a run has logged a line.
pub(crate) fn has_logged(run: &Path) -> bool {
    fs::metadata(run.join("metrics.jsonl")).is_ok_and(|file| file.len() > 0)
}

/// Every file of a folder with its length and time.
pub(crate) fn files(folder: &Path) -> BTreeMap<String, (u64, SystemTime)> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let data = entry.metadata().unwrap();
        if data.is_dir() {
            found.extend(files(&entry.path()));
        }
        let path = entry.path().display().to_string();
        found.insert(path, (data.len(), data.modified().unwrap()));
    }
    found
}
