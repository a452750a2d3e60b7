//! Fabricates runs of images, of points and of series, and writes their reports, to be looked at in a browser:
//! `cargo run -p genlab-report --example demo_report -- DIR`, then open `DIR/*/report.html`.

#[path = "../tests/fabricate/mod.rs"]
mod fabricate;

use fabricate::{
    Fake, Noise, add_figures, catalogue, fan, figure, hostile, log_samples, modes, pictures, ring,
    words, write_curves,
};
use genlab_report::run::{write_comparison, write_run_report};
use genlab_results::{Axes, Event, Figure, OpenedRecord, Plot};
use std::path::{Path, PathBuf};

/// How a model's invented numbers look.
struct Look {
    model: &'static str,
    blur: f64,
    /// Fréchet distance and coverage; none for a model that does not sample.
    samples: Option<(f64, f64)>,
    /// Reconstruction MSE; none for a model that does not encode.
    mse: Option<f64>,
    params: f64,
    seconds: f64,
    calls: f64,
    curves: &'static [(&'static str, f64, f64)],
}

const LOOKS: [Look; 5] = [
    Look {
        model: "ae",
        blur: 0.25,
        samples: None,
        mse: Some(0.0129),
        params: 1_068_848.0,
        seconds: 31.0,
        calls: 1.0,
        curves: &[
            ("train/loss", 542.0, 78.0),
            ("validation/loss", 300.0, 81.0),
            ("train/reconstruction", 542.0, 78.0),
            ("validation/reconstruction", 300.0, 81.0),
        ],
    },
    Look {
        model: "sparse-ae",
        blur: 0.3,
        samples: None,
        mse: Some(0.0141),
        params: 1_068_848.0,
        seconds: 33.0,
        calls: 1.0,
        curves: &[
            ("train/loss", 542.0, 84.0),
            ("validation/loss", 300.0, 86.0),
            ("train/reconstruction", 542.0, 82.0),
            ("validation/reconstruction", 300.0, 85.0),
            ("train/active_fraction", 0.5, 0.04),
        ],
    },
    Look {
        model: "vae",
        blur: 0.55,
        samples: Some((31.7, 0.61)),
        mse: Some(0.0163),
        params: 1_089_348.0,
        seconds: 36.0,
        calls: 1.0,
        curves: &[
            ("train/loss", 541.0, 109.0),
            ("validation/loss", 300.0, 112.3),
            ("train/reconstruction", 541.0, 83.0),
            ("validation/reconstruction", 300.0, 86.0),
            ("train/kl", 0.02, 26.2),
            ("validation/kl", 2.0, 25.9),
            ("learning_rate", 0.001, 0.0001),
        ],
    },
    Look {
        model: "gan",
        blur: 0.45,
        samples: Some((27.9, 0.52)),
        mse: None,
        params: 1_133_569.0,
        seconds: 232.0,
        calls: 1.0,
        curves: &[
            ("train/generator_loss", 0.7, 1.9),
            ("train/critic_loss", 1.39, 0.9),
            ("train/real_accuracy", 0.5, 0.81),
            ("train/fake_accuracy", 0.5, 0.78),
        ],
    },
    Look {
        model: "ddpm",
        blur: 0.2,
        samples: Some((12.4, 0.84)),
        mse: None,
        params: 1_102_017.0,
        seconds: 4212.0,
        calls: 1000.0,
        curves: &[("train/loss", 1.02, 0.031), ("validation/loss", 0.4, 0.0325)],
    },
];

fn main() {
    let dir = PathBuf::from(std::env::args().nth(1).expect("usage: demo_report DIR"));
    for (group, seeds) in [("one-seed", 1), ("three-seeds", 3)] {
        let out = dir.join(group);
        let mut runs = Vec::new();
        for look in &LOOKS {
            for seed in 0..seeds {
                runs.push(fabricate_run(&out, look, seed));
            }
        }
        for run in &runs {
            write_run_report(run, &catalogue()).expect("a fabricated run has a report");
        }
        let title = "Five models on mnist-10k";
        write_comparison(&out, title, &runs, &catalogue()).expect("the runs compare");
    }
    other_data(&dir.join("other-data"));
    many(&dir.join("many"));
    mixed(&dir.join("mixed"));
    of_others(&dir.join("hostile"));
}

/// 41 settings of two models, three seeds of each.
fn many(out: &Path) {
    let mut runs = Vec::new();
    for index in 0..41 {
        let look = Look {
            samples: Some((20.0 + 1.3 * (f64::from(index) - 17.0).abs(), 0.6)),
            ..LOOKS[2 + index as usize % 2]
        };
        runs.extend((0..3).map(|seed| fabricate_width(out, &look, seed, 2 + 4 * index)));
    }
    write_comparison(out, "41 settings", &runs, &catalogue()).expect("the runs compare");
}

fn fabricate_run(out: &Path, look: &Look, seed: u64) -> PathBuf {
    fabricate_width(out, look, seed, 20)
}

fn fabricate_width(out: &Path, look: &Look, seed: u64, latent: u32) -> PathBuf {
    let mut noise = Noise::new(seed + 10);
    let mut jitter = |value: f64| value * (1.0 + 0.02 * noise.normal());
    let mut fake = Fake::new(look.model, seed);
    fake.latent = latent;
    if let Some((frechet, coverage)) = look.samples {
        fake = fake
            .with("samples/frechet", jitter(frechet))
            .with("samples/coverage", jitter(coverage));
        fake = fake.with("samples/precision", jitter(0.72)).with("samples/recall", jitter(0.61));
    }
    if let Some(mse) = look.mse {
        fake =
            fake.with("reconstruction/mse", jitter(mse)).with("reconstruction/ssim", jitter(0.82));
        fake = fake.with("latent/probe_accuracy", jitter(0.93));
    }
    if look.model == "vae" {
        fake = fake.with("negative_elbo", jitter(109.4)).with("kl/total", jitter(26.2));
        fake = fake.with("kl/active_units", 17.0);
        fake.notes.push("The KL weight is 1 from the first step on; no warm-up.".into());
    }
    fake = fake
        .with("cost/params", look.params)
        .with("cost/train_seconds", jitter(look.seconds))
        .with("cost/images_per_second", jitter(100_000.0 / look.seconds))
        .with("cost/peak_memory_bytes", jitter(412e6));
    if look.samples.is_some() {
        fake = fake.with("cost/network_calls_per_sample", look.calls);
        fake = fake.with("cost/seconds_per_sample", jitter(2e-4 * look.calls));
    }
    if look.model == "ddpm" {
        fake.events = vec![Event::new(1200, "interrupted")];
        fake.events.push(Event::new(1200, "resumed after an interruption"));
    }
    let dir = fake.write(out);
    add_figures(&dir, plots(look, &mut noise));
    write_curves(&dir, 100_000, 600, look.curves, &mut noise);
    if look.samples.is_some() {
        log_samples(&dir, look.blur);
    }
    let encodes = look.mse.is_some();
    add_figures(&dir, pictures(look.blur, encodes, look.model == "ddpm", &mut noise));
    dir
}

/// Figures that are data; only some models have them.
fn plots(look: &Look, noise: &mut Noise) -> Vec<Figure> {
    let mut all = Vec::new();
    if look.samples.is_some() {
        let shares =
            (0..10).map(|_| 0.1 + 0.03 * noise.normal().clamp(-3.0, 3.0)).collect::<Vec<f64>>();
        let (x_label, guide) =
            ("class, as the judge reads it".into(), (0.1, "an even spread".into()));
        let caption = "Share of samples that the judge puts into each class.";
        let bars = Plot::Bars { values: shares, x_label, guide: Some(guide) };
        all.push(figure("classes", "Classes of the samples", caption, bars));
    }
    if look.model == "vae" {
        let kl =
            (0..20_i32).map(|i| 3.2 * (-f64::from(i) / 7.0).exp() * f64::from(i < 17)).collect();
        let x_label = "latent dimension, largest first".into();
        let bars = Plot::Bars { values: kl, x_label, guide: None };
        all.push(figure("kl", "KL per latent dimension", "In nats per image.", bars));
    }
    if look.mse.is_some() {
        all.extend([codes(noise), spectrum(), confusion(noise)]);
    }
    all
}

/// Codes of three classes in a plane.
fn codes(noise: &mut Noise) -> Figure {
    let cloud = |class: usize, noise: &mut Noise| {
        let centre = [(-2.0, 0.0), (1.0, 1.8), (1.5, -1.5)][class];
        let mut point = || (centre.0 + 0.7 * noise.normal(), centre.1 + 0.7 * noise.normal());
        (format!("class {class}"), (0..120).map(|_| point()).collect())
    };
    let series = (0..3).map(|class| cloud(class, noise)).collect();
    let (x_label, y_label) = ("first component".into(), "second component".into());
    let plot = Plot::Scatter { series, density: None, x_label, y_label };
    figure("codes", "Codes in a plane", "A point per test image, by its class.", plot)
}

/// Two curves that are not a training log.
fn spectrum() -> Figure {
    let curve = |name: &str, slope: f64| {
        let points = (1..=14).map(|i| (f64::from(i), 10.0 * f64::from(i).powf(-slope))).collect();
        (name.to_owned(), points)
    };
    let series = vec![curve("samples", 1.6), curve("test images", 1.2)];
    let (x_label, y_label) = ("frequency".into(), "power".into());
    let plot = Plot::Lines { series, bands: vec![], x_label, y_label, axes: Axes::Linear };
    figure("spectrum", "Spectrum", "Radially averaged power of the pixels.", plot)
}

/// What a classifier takes for what.
fn confusion(noise: &mut Noise) -> Figure {
    let cell = |at: usize, noise: &mut Noise| {
        if at / 10 == at % 10 { 0.9 } else { 0.02 * noise.unit() }
    };
    let values = (0..100).map(|at| cell(at, noise)).collect();
    let plot = Plot::HeatMap { columns: 10, values, label: "share of a class's images".into() };
    figure("confusion", "Confusion of a probe", "Rows are classes, columns guesses.", plot)
}

/// Runs on a ring of Gaussians, with what only data that are no images have. One was trained further,
/// and one is class-conditional.
fn other_data(out: &Path) {
    let mut runs = Vec::new();
    for (model, error, classes) in [("vae", 0.9, 1), ("gan", 0.5, 1), ("ddpm", 0.1, 8)] {
        let mut fake = Fake::new(model, 0).with("samples/coverage", 1.0 - 0.3 * error);
        (fake.dataset, fake.kind) = ("ring-8", "points");
        if model == "ddpm" {
            let path = "runs/ring-8/ddpm-s0".to_owned();
            let sha256 = "5b1e90c2".repeat(8);
            let model = model.to_owned();
            fake.opened.push(OpenedRecord { path, model, sha256, ..OpenedRecord::default() });
        }
        let run = fake.write(out);
        let mut noise = Noise::new(6);
        write_curves(&run, 100_000, 300, &[("train/loss", 3.0, 1.0 + error)], &mut noise);
        let mut figures = vec![ring(2000, classes, error, &mut noise), fan(error)];
        figures.extend([modes(error, &mut noise), settings(error)]);
        add_figures(&run, figures);
        write_run_report(&run, &catalogue()).expect("a fabricated run has a report");
        runs.push(run);
    }
    let title = "Three models on a ring of Gaussians";
    write_comparison(out, title, &runs, &catalogue()).expect("the runs compare");
}

/// A table with as many columns as the page is wide, and words in some.
fn settings(error: f64) -> Figure {
    let texts = |cells: [&str; 6]| cells.map(str::to_owned).to_vec();
    let columns =
        texts(["Guidance scale", "class accuracy", "coverage", "time", "calls", "what is seen"]);
    let accuracy = format!("{:.2} ± 0.02", 1.0 - 0.2 * error);
    let rows = vec![
        texts(["0", &accuracy, "0.91", "1.2 ms", "50", "every class, as in the data"]),
        texts(["1.5", "0.99 ± 0.01", "0.83", "2.4 ms", "100", "narrower than the data"]),
        texts(["4, beyond what was trained", "—", "0.41", "2.4 ms", "100", "one point per class"]),
    ];
    let caption = "The same noise by every guidance scale.";
    figure("guidance", "Guidance", caption, Plot::Table { columns, rows })
}

/// Runs that must not be compared: another judge, another budget, a diverged one, an unfinished one.
fn mixed(out: &Path) {
    let base = |model, seed| Fake::new(model, seed).with("samples/frechet", 30.0 + seed as f64);
    let mut gan = base("gan", 1);
    gan.judge = "aaaabbbbccccdddd";
    let mut ddpm = base("ddpm", 2);
    ddpm.images = 600_000;
    let mut diverged = base("vae", 3).with("reconstruction/mse", 0.02);
    diverged.status = "diverged";
    diverged.notes.push("<script>alert('a note is only text')</script>".into());
    let vae = base("vae", 4).with("reconstruction/mse", 0.016);
    let mut runs: Vec<PathBuf> =
        [gan, ddpm, diverged, vae].iter().map(|fake| fake.write(out)).collect();
    for run in &runs {
        write_run_report(run, &catalogue()).expect("a fabricated run has a report");
    }
    runs.push(out.join("ae-not-finished"));
    let title = "Runs that do not match";
    write_comparison(out, title, &runs, &catalogue()).expect("the runs compare");
}

/// Runs with names that would be obeyed, if names could be.
fn of_others(out: &Path) {
    let mut runs = Vec::new();
    for (number, words) in (0..).zip(words()) {
        std::fs::create_dir_all(out).expect("the folder takes folders");
        let run = hostile(&words, &out.join(format!("run-{number}")));
        write_run_report(&run, &catalogue()).expect("a fabricated run has a report");
        runs.push(run);
    }
    write_comparison(out, &words().concat(), &runs, &catalogue()).expect("the runs compare");
}
