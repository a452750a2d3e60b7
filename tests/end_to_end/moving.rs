//! Clips of moving digits: made, measured, shown.

use crate::support::{json, metric, run, succeed};
use genlab_data::{moving, read_npz};
use genlab_report::png;
use genlab_results::ImageStrip;
use std::{fs, path::Path};

const SMALL: [&str; 4] = ["--budget-images", "320", "--set", "evaluation.samples=60"];

/// What real clips and what noise score in a metric, where that is said.
fn bounds(run: &Path, name: &str) -> [Option<f64>; 2] {
    let results = json(&run.join("results.json"));
    let metrics = results["metrics"].as_array().unwrap();
    let metric = metrics.iter().find(|metric| metric["name"] == name).unwrap();
    ["floor", "ceiling"].map(|bound| metric[bound].as_f64())
}

/// A picture of clips in a run directory: each is as wide as its frames with a line between each two.
fn clips(run: &Path, name: &str) -> ImageStrip {
    let strip = png::read_grid(&fs::read(run.join("samples").join(name)).unwrap()).unwrap();
    let width = moving::FRAMES * (moving::SHAPE.width + 1) - 1;
    assert_eq!((strip.height, strip.width), (moving::SHAPE.height, width), "{name}");
    strip
}

#[test]
fn models_make_clips_whose_movement_is_measured() {
    let folder = tempfile::tempdir().unwrap();
    let all = ["--model", "ae,gan,ddpm", "--dataset", "moving-digits", "--out", "all"];
    // A critic that goes on learning costs more than all the rest.
    let game = ["--set", "evaluation.best_response_steps=20"];
    succeed(folder.path(), &[&all[..], &game, &SMALL].concat());
    for model in ["ae", "gan", "ddpm"] {
        let dir = folder.path().join(format!("all/{model}-s0"));
        let of = |name: &str| metric(&dir, name).unwrap_or_else(|| panic!("{model}: no {name}"));
        // Nobody learns from 320 clips how digits move, and real clips are measured beside.
        let [real, noise] = bounds(&dir, "motion/speed_distance").map(Option::unwrap);
        assert!(real < 0.3 && real < noise, "{model}: {real} {noise}");
        assert!(of("motion/speed_distance") > real, "{model}");
        let [real, noise] = bounds(&dir, "motion/lawful").map(Option::unwrap);
        assert!(real > 0.95 && noise < 0.5, "{model}: {real} {noise}");
        assert!(of("motion/lawful") < 0.9, "{model}");
        let [real, noise] = bounds(&dir, "motion/identity");
        assert!(real.is_some_and(|share| share > 0.95) && noise.is_none(), "{model}");
        for name in ["motion/identity", "samples/precision"] {
            assert!((0.0..=1.0).contains(&of(name)), "{model} {name}");
        }
        let report = fs::read_to_string(dir.join("report.html")).unwrap();
        for words in ["real clips, frames shuffled", "How fast clips move"] {
            assert!(report.contains(words), "{model}: {words}");
        }
        assert_eq!(clips(&dir, "grid.png").count(), 12, "{model}");
        let samples = read_npz(&dir.join("samples/samples.npz")).unwrap();
        assert_eq!((samples.shape(), samples.len()), (moving::SHAPE, 60), "{model}");
    }
    assert!(folder.path().join("all/report.html").exists());
}

#[test]
fn a_transformer_reads_clips_and_what_it_attends_to_is_drawn_beside_them() {
    let folder = tempfile::tempdir().unwrap();
    let model = ["--model", "vit", "--dataset", "moving-digits", "--out", "vit"];
    let small = ["--budget-images", "320", "--set", "model.vit.network.transformer.depth=1"];
    succeed(folder.path(), &[&model[..], &small].concat());
    let dir = folder.path().join("vit");
    let nats = metric(&dir, "classify/cross_entropy").unwrap();
    assert!((1.0..2.6).contains(&nats), "little more than a guess, ln 10: {nats}");
    assert!((0.0..=1.0).contains(&metric(&dir, "classify/accuracy").unwrap()));
    let attended = clips(&dir, "attended.png");
    assert_eq!((attended.columns, attended.count()), (2, 24), "a clip and its weights in a row");
}

#[test]
fn clips_and_their_classes_are_in_one_space() {
    let folder = tempfile::tempdir().unwrap();
    let (dir, class) = crate::scenes::clip_of_classes(folder.path(), "moving-digits");
    // Chance is 0.1.
    assert!(class > 0.12, "{class}");
    let aligned = clips(&dir, "aligned.png");
    assert_eq!((aligned.columns, aligned.count()), (1, 8));
}

#[test]
fn clips_of_a_run_are_drawn_again_and_read_from_its_archive() {
    let folder = tempfile::tempdir().unwrap();
    let model = ["--model", "vae", "--dataset", "moving-digits", "--out", "vae"];
    let told = ["--set", "model.vae.condition=class"];
    succeed(folder.path(), &[&model[..], &told, &SMALL].concat());
    let dir = folder.path().join("vae");
    for name in ["samples/class_agreement", "motion/speed_distance", "motion/lawful"] {
        assert!(metric(&dir, name).is_some(), "{name}");
    }
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
