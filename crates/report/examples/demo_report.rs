//! Fabricates runs of five models and writes their reports, to be looked at in a browser:
//! `cargo run -p genlab-report --example demo_report -- DIR`, then open `DIR/*/report.html`.

#[path = "../tests/fabricate/mod.rs"]
mod fabricate;

use fabricate::{Fake, Noise, write_curves, write_pictures};
use genlab_report::run::{write_comparison, write_run_report};
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
            write_run_report(run).expect("a fabricated run has a report");
        }
        write_comparison(&out, "Five models on mnist-10k", &runs).expect("the runs compare");
    }
    mixed(&dir.join("mixed"));
}

fn fabricate_run(out: &Path, look: &Look, seed: u64) -> PathBuf {
    let mut noise = Noise::new(seed + 10);
    let mut jitter = |value: f64| value * (1.0 + 0.02 * noise.normal());
    let mut fake = Fake::new(look.model, seed);
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
    let dir = fake.write(out);
    extend_results(&dir, look, &mut noise);
    write_curves(&dir, 100_000, 600, look.curves, &mut noise);
    write_pictures(&dir, look.blur, look.mse.is_some(), look.model == "ddpm", &mut noise);
    dir
}

/// Adds what only some models have.
fn extend_results(dir: &Path, look: &Look, noise: &mut Noise) {
    let path = dir.join("results.json");
    let text = std::fs::read_to_string(&path).expect("results were just written");
    let mut results: serde_json::Value = serde_json::from_str(&text).expect("results are JSON");
    if look.samples.is_some() {
        let shares: Vec<f64> =
            (0..10).map(|_| 0.1 + 0.03 * noise.normal().clamp(-3.0, 3.0)).collect();
        results["class_histogram"] = shares.into();
    }
    if look.model == "vae" {
        let kl: Vec<f64> =
            (0..20_i32).map(|i| 3.2 * (-f64::from(i) / 7.0).exp() * f64::from(i < 17)).collect();
        results["kl_per_dimension"] = kl.into();
    }
    std::fs::write(&path, results.to_string()).expect("the folder takes files");
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
        write_run_report(run).expect("a fabricated run has a report");
    }
    runs.push(out.join("ae-not-finished"));
    write_comparison(out, "Runs that do not match", &runs).expect("the runs compare");
}
