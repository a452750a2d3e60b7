//! Run directories made of invented numbers, for tests and for looking at reports.

mod digits;

use genlab_report::{Picture, png};
use serde_json::{Value, json};
use std::fmt::Write;
use std::path::{Path, PathBuf};

pub(crate) use digits::{Noise, digits};

/// One invented run.
#[derive(Clone, Debug)]
pub(crate) struct Fake {
    pub(crate) model: &'static str,
    pub(crate) seed: u64,
    pub(crate) status: &'static str,
    pub(crate) dataset: &'static str,
    pub(crate) judge: &'static str,
    pub(crate) images: u64,
    pub(crate) notes: Vec<String>,
    /// (name, value); the unit and direction come from the registry.
    pub(crate) metrics: Vec<(&'static str, f64)>,
}

impl Fake {
    /// A finished run without any metric.
    pub(crate) fn new(model: &'static str, seed: u64) -> Self {
        let (metrics, notes) = (Vec::new(), Vec::new());
        let (status, dataset, judge) = ("finished", "mnist-10k", "5f0c91d2e7aa44b3");
        Self { model, seed, status, dataset, judge, images: 100_000, notes, metrics }
    }

    /// With one more metric.
    pub(crate) fn with(mut self, name: &'static str, value: f64) -> Self {
        self.metrics.push((name, value));
        self
    }

    /// Writes `results.json`, `config.toml` and `run.json` into a folder of `parent`.
    pub(crate) fn write(&self, parent: &Path) -> PathBuf {
        let dir = parent.join(format!("{}-{}-s{}", self.model, self.dataset, self.seed));
        std::fs::create_dir_all(dir.join("samples")).expect("the folder takes folders");
        save(&dir.join("results.json"), &self.results().to_string());
        save(&dir.join("config.toml"), &self.config());
        save(&dir.join("run.json"), &self.provenance().to_string());
        dir
    }

    fn results(&self) -> Value {
        let metrics: Vec<Value> =
            self.metrics.iter().map(|(name, value)| metric(name, *value)).collect();
        let reference = |name: &str, title: &str, frechet: f64, coverage: f64| {
            let metrics =
                [metric("samples/frechet", frechet), metric("samples/coverage", coverage)];
            json!({"name": name, "title": title, "metrics": metrics})
        };
        json!({
            "schema_version": 1, "model": self.model, "dataset": self.dataset, "seed": self.seed,
            "status": self.status, "judge": {"name": "mnist-28", "sha256": self.judge},
            "metrics": metrics, "notes": self.notes,
            "references": [
                reference("noise", "Noise", 412.3, 0.0),
                reference("real", "Real images", 1.92, 0.957),
                reference("gaussian", "One Gaussian", 96.4, 0.21),
                reference("pca-mixture", "PCA + Gaussian mixture (50)", 24.8, 0.713),
            ],
        })
    }

    fn config(&self) -> String {
        format!(
            "seed = {}\ndataset = \"{}\"\n\n[budget]\nimages = {}\n\n[train]\n\
             batch = 32\nlearning_rate = 0.001\n\n[model.{}]\nlatent = 20\nhidden = [512, 256]\n",
            self.seed, self.dataset, self.images, self.model
        )
    }

    fn provenance(&self) -> Value {
        json!({
            "schema_version": 1,
            "argv": ["bench-runner", "--model", self.model, "--seed", self.seed.to_string()],
            "git": {"hash": "0123456789abcdef0123456789abcdef01234567", "dirty": false},
            "cargo_lock_sha256": "9a3f".repeat(16),
            "dataset": {"name": self.dataset, "sha256": "c0ffee12".repeat(8), "licence": "CC BY-SA 3.0"},
            "backend": "flex", "device": "cpu", "threads": 2, "seeds": [self.seed],
            "start": "2026-03-01T10:00:00Z", "end": "2026-03-01T10:03:24Z",
            "exit_reason": "budget reached", "peak_memory_bytes": 734_003_200,
        })
    }
}

fn metric(name: &str, value: f64) -> Value {
    let (unit, better) = genlab_metrics::CATALOGUE
        .get(name)
        .map_or(("accuracy", Some(genlab_results::Direction::Higher)), |kind| {
            (kind.unit, kind.better)
        });
    let mut metric = json!({
        "name": name, "split": "test", "value": value, "n": 2000, "unit": unit, "better": better,
    });
    if name.starts_with("reconstruction") {
        metric["ci95"] = json!([value * 0.985, value * 1.015]);
    }
    if name.starts_with("cost") {
        metric["n"] = json!(0);
        metric["split"] = json!("train");
    }
    metric
}

/// Writes `metrics.jsonl`: `steps` lines, each scalar falling from its start to its end with noise.
/// Names that start with `validation/` are on every twentieth line.
pub(crate) fn write_curves(
    dir: &Path,
    images: u64,
    steps: u64,
    scalars: &[(&str, f64, f64)],
    noise: &mut Noise,
) {
    let mut text = String::new();
    for step in 1..=steps {
        let seen = images * step / steps;
        let share = step as f64 / steps as f64;
        let mut line = json!({
            "step": step, "images": seen, "seconds": share * 204.0, "images_per_second": 490.0,
        });
        for (name, start, end) in scalars {
            let validation = name.starts_with("validation/");
            if validation && !step.is_multiple_of(20) {
                continue;
            }
            let spread = if validation { 0.002 } else { 0.03 } * end.abs();
            let value = end + (start - end) * (-share * 14.0).exp() + spread * noise.normal();
            line[*name] = json!(value - (share - 0.5) * end * 0.05);
        }
        writeln!(text, "{line}").expect("a string takes any text");
    }
    save(&dir.join("metrics.jsonl"), &text);
}

/// Writes the pictures of `samples/`; `blur` is how bad the model is, 0 to 1.
pub(crate) fn write_pictures(
    dir: &Path,
    blur: f64,
    encodes: bool,
    denoises: bool,
    noise: &mut Noise,
) {
    let samples = dir.join("samples");
    let save = |name: &str, images: &Picture, columns| {
        png::save_grid(samples.join(name), images, columns).expect("the folder takes files");
    };
    save("grid.png", &digits(100, blur, noise), 10);
    save("baseline.png", &digits(100, 0.6, &mut Noise::new(77)), 10);
    save("neighbours.png", &digits(40, blur, &mut Noise::new(9)), 10);
    if encodes {
        let (truth, copy) =
            (digits(20, 0.05, &mut Noise::new(5)), digits(20, blur, &mut Noise::new(5)));
        let mut pairs = Vec::new();
        for rows in truth.pixels.chunks(10 * 784).zip(copy.pixels.chunks(10 * 784)) {
            pairs.extend_from_slice(rows.0);
            pairs.extend_from_slice(rows.1);
        }
        save("reconstructions.png", &stack(40, pairs), 10);
        save("interpolation.png", &digits(30, blur, noise), 10);
    }
    if denoises {
        let mut pixels = Vec::new();
        for row in 0..4 {
            for column in 0..12 {
                let blur = 1.5 * (1.0 - f64::from(column) / 11.0);
                pixels.extend(digits(1, blur, &mut Noise::new(row + 40)).pixels);
            }
        }
        save("denoising.png", &stack(48, pixels), 12);
    }
}

fn save(path: &Path, text: &str) {
    std::fs::write(path, text).expect("the folder takes files");
}

fn stack(count: usize, pixels: Vec<u8>) -> Picture {
    Picture::new(count, 1, 28, 28, pixels).expect("the pixels fill the shape")
}
