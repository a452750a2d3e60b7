//! Run directories made of invented numbers, for tests and for looking at reports.

mod catalogue;
mod digits;
mod hostile;
mod plane;

use genlab_report::{
    png,
    tensorboard::{EventWriter, SAMPLES},
};
use genlab_results::{
    Commit, DataRecord, Direction, Event, Figure, ImageStrip, JudgeInfo, Metric, OpenedRecord,
    Plot, Reference, Results, Role, RunDir, RunRecord, SCHEMA_VERSION, Scope,
};
use serde_json::json;
use std::fmt::Write;
use std::path::{Path, PathBuf};

pub(crate) use catalogue::catalogue;
pub(crate) use digits::{Noise, digits};
pub(crate) use hostile::{hostile, words};
pub(crate) use plane::{fan, modes, ring};

/// One invented run.
#[derive(Clone, Debug)]
pub(crate) struct Fake {
    pub(crate) model: &'static str,
    pub(crate) seed: u64,
    pub(crate) status: &'static str,
    pub(crate) dataset: &'static str,
    /// What the data are: `images`, `points`, `series`.
    pub(crate) kind: &'static str,
    pub(crate) judge: &'static str,
    pub(crate) images: u64,
    pub(crate) notes: Vec<String>,
    /// What happened on the way.
    pub(crate) events: Vec<Event>,
    /// What the run was built on.
    pub(crate) opened: Vec<OpenedRecord>,
    /// (name, value); the unit and direction come from the catalogue.
    pub(crate) metrics: Vec<(&'static str, f64)>,
    /// The model's width.
    pub(crate) latent: u32,
}

impl Fake {
    /// A finished run without any metric.
    pub(crate) fn new(model: &'static str, seed: u64) -> Self {
        Self {
            model,
            seed,
            status: "finished",
            dataset: "mnist-10k",
            kind: "images",
            judge: "5f0c91d2e7aa44b3",
            images: 100_000,
            notes: Vec::new(),
            events: Vec::new(),
            opened: Vec::new(),
            metrics: Vec::new(),
            latent: 20,
        }
    }

    /// With one more metric.
    pub(crate) fn with(mut self, name: &'static str, value: f64) -> Self {
        self.metrics.push((name, value));
        self
    }

    /// Writes `results.json`, `config.toml` and `run.json` into a folder of `parent`.
    pub(crate) fn write(&self, parent: &Path) -> PathBuf {
        let width = if self.latent == 20 { String::new() } else { format!("-{}", self.latent) };
        let folder = parent.join(format!("{}-{}{width}-s{}", self.model, self.dataset, self.seed));
        let dir = RunDir::new(&folder);
        std::fs::create_dir_all(dir.samples()).expect("the folder takes folders");
        dir.write_results(&self.results()).expect("the folder takes files");
        dir.write_record(&self.record()).expect("the folder takes files");
        save(&dir.config(), &self.config());
        folder
    }

    fn results(&self) -> Results {
        let reference = |name: &str, title: &str, role, frechet, coverage| {
            let metrics =
                vec![metric("samples/frechet", frechet), metric("samples/coverage", coverage)];
            Reference { name: name.into(), title: title.into(), role, metrics }
        };
        let (name, sha256) = ("mnist-28".to_owned(), self.judge.to_owned());
        Results {
            model_title: title(self.model),
            judge: Some(JudgeInfo { name, sha256, accuracy: None }),
            metrics: self.metrics.iter().map(|(name, value)| metric(name, *value)).collect(),
            notes: self.notes.clone(),
            references: vec![
                reference("noise", "Noise", Role::Noise, 412.3, 0.0),
                reference("gaussian", "One Gaussian", Role::Baseline, 96.4, 0.21),
                reference("real", &format!("Real {}", self.kind), Role::Real, 1.92, 0.957),
                reference("mixture", "PCA + Gaussian mixture (50)", Role::Baseline, 24.8, 0.713),
            ],
            ..Results::new(self.model, self.dataset, self.seed, self.status)
        }
    }

    fn config(&self) -> String {
        format!(
            "seed = {}\ndataset = \"{}\"\n\n[budget]\nimages = {}\n\n[train]\n\
             batch = 32\nlearning_rate = 0.001\n\n[model.{}]\nlatent = {}\nhidden = [512, 256]\n",
            self.seed, self.dataset, self.images, self.model, self.latent
        )
    }

    fn record(&self) -> RunRecord {
        let argv = ["bench-runner", "--model", self.model, "--seed", &self.seed.to_string()];
        RunRecord {
            schema_version: SCHEMA_VERSION,
            genlab_version: "0.1.0".into(),
            argv: argv.map(str::to_owned).to_vec(),
            git: Some(Commit {
                hash: "0123456789abcdef0123456789abcdef01234567".into(),
                dirty: false,
            }),
            cargo_lock_sha256: "9a3f".repeat(16),
            dataset: DataRecord {
                name: self.dataset.into(),
                kind: self.kind.into(),
                sha256: "c0ffee12".repeat(8),
                licence: "CC BY-SA 3.0".into(),
                train: 8000,
                validation: 500,
                test: 2000,
                ..DataRecord::default()
            },
            opened: self.opened.clone(),
            backend: "flex".into(),
            device: "cpu".into(),
            threads: 2,
            seeds: vec![self.seed],
            start: "2026-03-01T10:00:00Z".into(),
            end: Some("2026-03-01T10:03:24Z".into()),
            exit_reason: Some(self.status.into()),
            peak_memory_bytes: Some(734_003_200),
            events: self.events.clone(),
        }
    }
}

/// "Sparse AE" of `sparse-ae`.
fn title(model: &str) -> String {
    match model.strip_prefix("sparse-") {
        Some(rest) => format!("Sparse {}", rest.to_uppercase()),
        None => model.to_uppercase(),
    }
}

fn metric(name: &str, value: f64) -> Metric {
    let catalogue = catalogue();
    let entry = catalogue.get(name);
    let cost = name.starts_with("cost");
    Metric {
        name: name.into(),
        split: if cost { "train" } else { "test" }.into(),
        value,
        n: if cost { 0 } else { 2000 },
        unit: entry.map_or("accuracy", |entry| entry.unit).into(),
        qualifier: None,
        better: entry.map_or(Some(Direction::Higher), |entry| entry.better),
        ci95: ["reconstruction", "captions"]
            .iter()
            .any(|kind| name.starts_with(kind))
            .then_some([value * 0.985, value * 1.015]),
        real: None,
        noise: None,
    }
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

/// A figure of a section, without a title of its own.
pub(crate) fn figure(name: &str, section: &str, caption: &str, plot: Plot) -> Figure {
    Figure {
        name: name.into(),
        section: section.into(),
        title: String::new(),
        caption: caption.into(),
        scope: Scope::Run,
        plot,
    }
}

/// Adds figures to a run: images as files of `samples/` in the manifest, data to the results.
pub(crate) fn add_figures(dir: &Path, figures: Vec<Figure>) {
    let dir = RunDir::new(dir);
    let mut results = dir.read_results().expect("they were written").expect("just now");
    for figure in figures {
        if let Plot::Strip(strip) = &figure.plot {
            let file = format!("samples/{}.png", figure.name);
            png::save_grid(dir.path().join(&file), strip).expect("the folder takes files");
            results.artefacts.push(figure.artefact(file));
        } else {
            results.figures.push(figure);
        }
    }
    dir.write_results(&results).expect("the folder takes files");
}

/// Logs pictures as training does, from noise to samples that are as bad as `blur` says.
pub(crate) fn log_samples(dir: &Path, blur: f64) {
    let mut writer = EventWriter::create(dir).expect("the folder takes files");
    for moment in 1..=8_u32 {
        let noise = blur + 2.0 * (-f64::from(moment)).exp();
        let samples = digits(16, 4, noise, &mut Noise::new(3));
        let png = png::encode_grid(&samples).expect("whole images");
        writer.image(SAMPLES, u64::from(moment) * 400, &png).expect("the folder takes files");
    }
}

/// Pictures of a run; `blur` is how bad the model is, 0 to 1.
pub(crate) fn pictures(blur: f64, encodes: bool, denoises: bool, noise: &mut Noise) -> Vec<Figure> {
    let strip = |name: &str, section: &str, caption: &str, images: ImageStrip| {
        figure(name, section, caption, Plot::Strip(images))
    };
    let first = "Not picked: the first samples of the run's seed.";
    let pairs = "Rows come in pairs: samples above, the training image nearest to each below.";
    let mut all = vec![
        strip("grid", "Samples", first, digits(100, 10, blur, noise)),
        Figure {
            title: "PCA + Gaussian mixture".into(),
            scope: Scope::Shared,
            ..strip(
                "baseline",
                "Samples",
                "a baseline without any network",
                digits(64, 8, 0.6, &mut Noise::new(77)),
            )
        },
        strip(
            "neighbours",
            "Nearest training images",
            pairs,
            digits(40, 10, blur, &mut Noise::new(9)),
        ),
    ];
    if encodes {
        let (truth, copy) =
            (digits(20, 10, 0.05, &mut Noise::new(5)), digits(20, 10, blur, &mut Noise::new(5)));
        let mut pixels = Vec::new();
        for rows in truth.pixels.chunks(10 * 784).zip(copy.pixels.chunks(10 * 784)) {
            pixels.extend_from_slice(rows.0);
            pixels.extend_from_slice(rows.1);
        }
        let caption = "Rows come in pairs: test images above, their reconstructions below.";
        let pairs = ImageStrip { pixels, ..truth };
        all.push(strip("reconstructions", "Originals and reconstructions", caption, pairs));
        let caption = "Each row walks from one code to another and is decoded on the way.";
        all.push(strip("interpolation", "Interpolation", caption, digits(30, 10, blur, noise)));
    }
    if denoises {
        let mut pixels = Vec::new();
        for row in 0..4 {
            for column in 0..12 {
                let blur = 1.5 * (1.0 - f64::from(column) / 11.0);
                pixels.extend(digits(1, 1, blur, &mut Noise::new(row + 40)).pixels);
            }
        }
        let frames = ImageStrip { channels: 1, height: 28, width: 28, pixels, columns: 12 };
        let caption = "Each row is one sample; time runs from left to right.";
        all.push(strip("denoising", "Denoising", caption, frames));
    }
    all
}

fn save(path: &Path, text: &str) {
    std::fs::write(path, text).expect("the folder takes files");
}
