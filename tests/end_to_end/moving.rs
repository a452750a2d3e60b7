//! Clips of moving digits: made by every model, measured, shown.

use crate::support::{MODELS, metric, run, succeed};
use std::fs;

const SMALL: [&str; 4] = ["--budget-images", "320", "--set", "evaluation.samples=60"];

#[test]
fn every_model_makes_clips_whose_movement_is_measured() {
    let folder = tempfile::tempdir().unwrap();
    let all = ["--model", "all", "--dataset", "moving-digits", "--out", "all"];
    succeed(folder.path(), &[&all[..], &SMALL].concat());
    for model in MODELS {
        let dir = folder.path().join(format!("all/{model}-s0"));
        let of = |name: &str| metric(&dir, name).unwrap_or_else(|| panic!("{model}: no {name}"));
        assert!(of("motion/speed_distance") >= 0.0);
        for name in ["motion/lawful", "motion/identity", "samples/precision"] {
            assert!((0.0..=1.0).contains(&of(name)), "{model} {name}");
        }
        let report = fs::read_to_string(dir.join("report.html")).unwrap();
        for words in ["real clips, frames shuffled", "How fast clips move"] {
            assert!(report.contains(words), "{model}: {words}");
        }
        assert!(dir.join("samples/grid.png").exists(), "{model}");
    }
    assert!(folder.path().join("all/report.html").exists());
}

#[test]
fn clips_of_a_run_are_drawn_again_and_read_from_its_archive() {
    let folder = tempfile::tempdir().unwrap();
    let model = ["--model", "vae", "--dataset", "moving-digits", "--out", "vae"];
    let told = ["--set", "model.vae.condition=class"];
    succeed(folder.path(), &[&model[..], &told, &SMALL].concat());
    let dir = folder.path().join("vae");
    assert!(metric(&dir, "samples/class_agreement").is_some());
    succeed(folder.path(), &["sample", "vae", "--count", "2", "--class", "each"]);
    assert!(dir.join("samples/samples-s0-each-class.png").exists());
    let scored = succeed(folder.path(), &["metrics", "vae", "moving-digits:test", "--limit", "60"]);
    assert!(String::from_utf8_lossy(&scored.stdout).contains("60 images each"));

    fs::write(folder.path().join("weights.safetensors"), b"").unwrap();
    let inception = ["--judge", "inception=weights.safetensors", "--judge-sha256"];
    let sum = "0".repeat(64);
    let refused = run(folder.path(), &[&model[..4], &inception, &[sum.as_str()], &SMALL].concat());
    let errors = String::from_utf8_lossy(&refused.stderr);
    assert!(
        errors.contains("grey and RGB images, and those of moving-digits are 8x20x20"),
        "{errors}"
    );
}
