//! Training, resuming, comparing, sampling.

use crate::support::{
    MODELS, checkpoint, command, json, log_without_times, metric, quick, quick_file, run, succeed,
};
use std::{fs, path::Path, process::Command, time::Duration};

#[test]
fn every_model_trains_evaluates_and_reports() {
    let folder = tempfile::tempdir().unwrap();
    let file = quick_file();
    for model in MODELS {
        succeed(folder.path(), &quick(&file, model, &["--out", model]));
        let dir = folder.path().join(model);
        for name in [
            "config.toml",
            "run.json",
            "metrics.jsonl",
            "results.json",
            "report.html",
            "samples/grid.png",
            "samples/samples.npz",
            "samples/baseline.png",
            "samples/neighbours.png",
        ] {
            assert!(dir.join(name).exists(), "{model} left no {name}");
        }
        for metric in json(&dir.join("results.json"))["metrics"].as_array().unwrap() {
            assert!(metric["value"].is_f64() || metric["value"].is_u64(), "{metric}");
        }
        let results = json(&dir.join("results.json"));
        for artefact in results["artefacts"].as_array().unwrap() {
            assert!(dir.join(artefact["file"].as_str().unwrap()).exists(), "{artefact}");
        }
        let title = results["model_title"].as_str().unwrap();
        let report = fs::read_to_string(dir.join("report.html")).unwrap();
        assert!(report.contains(&format!("<h1>{title} on digits8x8</h1>")), "{model}");
        for section in ["Samples", "Nearest training images", "Classes of the samples"] {
            assert!(report.contains(&format!(">{section}</h2>")), "{model}: no {section}");
        }
        assert_eq!(report.contains(">KL per latent dimension</h2>"), model == "vae");
        let frechet = metric(&dir, "samples/frechet").unwrap();
        assert!(frechet > 0.0, "{model}: {frechet}");
        assert_eq!(metric(&dir, "reconstruction/mse").is_some(), !["gan", "ddpm"].contains(&model));
        assert_eq!(metric(&dir, "kl/total").is_some(), model == "vae");
        assert_eq!(metric(&dir, "sparsity/l0").is_some(), model == "sparse-ae");
        assert_eq!(dir.join("prior.json").exists(), ["ae", "sparse-ae"].contains(&model));
        assert_eq!(dir.join("samples/denoising.png").exists(), model == "ddpm");
        let run = json(&dir.join("run.json"));
        assert_eq!(run["exit_reason"], "finished");
        // A GAN of a few seconds has few modes, and its run says so.
        let collapse = |event: &&serde_json::Value| {
            event["text"].as_str().unwrap().starts_with("mode collapse: ")
        };
        let events = run["events"].as_array().unwrap();
        let collapses = events.iter().filter(collapse).count();
        assert!(events.len() == collapses && (model == "gan" || collapses == 0), "{events:?}");
        for time in ["start", "end"] {
            let text = run[time].as_str().unwrap();
            assert!(text.len() == "2026-11-22T06:30:00Z".len() && text.ends_with('Z'), "{text}");
        }
        assert!(run["peak_memory_bytes"].as_u64().is_none_or(|bytes| bytes > 1 << 20));
    }
}

#[test]
fn the_same_seed_gives_the_same_log_and_another_does_not() {
    let folder = tempfile::tempdir().unwrap();
    let file = quick_file();
    for model in MODELS {
        let log = |seed: &str, out: &str| {
            let more = ["--seed", seed, "--out", out, "--budget-images", "1500"];
            succeed(folder.path(), &quick(&file, model, &more));
            log_without_times(&folder.path().join(out))
        };
        let first = log("3", &format!("{model}-a"));
        assert_eq!(first, log("3", &format!("{model}-b")), "{model}");
        assert_ne!(first, log("4", &format!("{model}-c")), "{model}");
    }
}

#[test]
fn mixed_precision_trains_to_nearly_the_same_loss() {
    let folder = tempfile::tempdir().unwrap();
    let file = quick_file();
    let losses = ["f32", "bf16"].map(|precision| {
        let more = ["--precision", precision, "--out", precision, "--budget-images", "1500"];
        succeed(folder.path(), &quick(&file, "vae", &more));
        let run = folder.path().join(precision);
        let config = fs::read_to_string(run.join("config.toml")).unwrap();
        assert!(config.contains(&format!("precision = \"{precision}\"")), "{config}");
        let log = log_without_times(&run);
        log.iter().rev().find_map(|line| line["train/loss"].as_f64()).unwrap()
    });
    assert_ne!(losses[0], losses[1], "nothing was rounded");
    assert!((losses[0] - losses[1]).abs() < 0.02 * losses[0], "{losses:?}");
}

#[test]
fn how_a_run_is_evaluated_never_changes_how_it_trains() {
    let folder = tempfile::tempdir().unwrap();
    let file = quick_file();
    for model in ["vae", "gan", "ddpm"] {
        let log = |out: &str, more: &[&str]| {
            let more = [&["--out", out, "--budget-images", "1500"], more].concat();
            succeed(folder.path(), &quick(&file, model, &more));
            log_without_times(&folder.path().join(out))
        };
        let set = |key: &str| format!("evaluation.{key}");
        let settings = [
            set("samples=100"),
            set("importance_samples=3"),
            set("inverted_images=4"),
            set("binarise=dynamic"),
            set("split=validation"),
        ];
        let more: Vec<&str> = settings.iter().flat_map(|s| ["--set", s.as_str()]).collect();
        let (plain, other) = (format!("{model}-plain"), format!("{model}-other"));
        assert_eq!(log(&plain, &[]), log(&other, &more), "{model}");
        let [plain, other] = [plain, other].map(|out| folder.path().join(out));
        let searched = "reconstruction/mse_inverted";
        assert_eq!(metric(&plain, searched), None);
        assert_eq!(metric(&other, searched).is_some(), model != "vae");
        assert_eq!(metric(&other, "nll/binarised").is_some(), model == "vae");
        assert_eq!(metric(&other, "latent/probe_accuracy").is_some(), model == "vae");
    }
}

/// Interrupts a run once it has logged something. On a busy machine it may have ended before, and is begun anew.
fn interrupt(folder: &Path, args: &[&str], out: &str) {
    let dir = folder.join(out);
    for _ in 0..10 {
        let mut child = command(folder, args).spawn().unwrap();
        let log = dir.join("metrics.jsonl");
        for _ in 0..12_000 {
            if fs::metadata(&log).is_ok_and(|m| m.len() > 0) {
                break;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        let pid = child.id().to_string();
        assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
        let status = child.wait().unwrap().code();
        if status == Some(130) && json(&dir.join("run.json"))["exit_reason"] == "interrupted" {
            return;
        }
        assert!([Some(0), Some(130)].contains(&status), "{status:?}");
        fs::remove_dir_all(&dir).unwrap();
    }
    panic!("the run ended before it was interrupted, ten times");
}

#[test]
fn an_interrupted_run_resumes_to_the_same_numbers() {
    let folder = tempfile::tempdir().unwrap();
    let file = quick_file();
    succeed(folder.path(), &quick(&file, "ddpm", &["--budget-images", "640", "--out", "teacher"]));
    let student = [
        "model.ddpm.base.run=teacher",
        "model.ddpm.objective=progressive",
        "model.ddpm.objective.from=8",
        "model.ddpm.objective.to=2",
        "model.ddpm.sampler.steps=2",
        "model.ddpm.sampler.solver=ddim",
        "model.ddpm.sampler.spacing=roots",
    ];
    for (model, sets) in [
        ("gan", &[][..]),
        ("ddpm", &[]),
        ("ddpm", &["model.ddpm.condition=class"]),
        ("ddpm", &student),
    ] {
        let sets: Vec<&str> = sets.iter().flat_map(|set| ["--set", set]).collect();
        let args = |out| {
            let more = [&sets[..], &["--budget-images", "10000", "--out", out]].concat();
            quick(&file, model, &more)
        };
        interrupt(folder.path(), &args("stopped"), "stopped");
        let dir = folder.path().join("stopped");
        assert!(!dir.join("results.json").exists());
        assert_eq!(json(&dir.join("run.json"))["exit_reason"], "interrupted");
        let (log, kept) = (dir.join("metrics.jsonl"), fs::read(dir.join("metrics.jsonl")).unwrap());
        fs::write(&log, "").unwrap();
        let refused = run(folder.path(), &args("stopped"));
        let sentence = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert!(!refused.status.success() && sentence.contains("has lost lines"), "{sentence}");
        fs::write(&log, kept).unwrap();
        succeed(folder.path(), &args("stopped"));
        let events = json(&dir.join("run.json"))["events"].clone();
        let (step, texts) = (&events[0]["step"], [&events[0]["text"], &events[1]["text"]]);
        assert!(step.as_u64().unwrap() > 0 && *step == events[1]["step"], "{events}");
        assert_eq!(texts, ["interrupted", "resumed"]);
        let report = fs::read_to_string(dir.join("report.html")).unwrap();
        assert!(report.contains("resumed.</li>"));
        succeed(folder.path(), &args("whole"));
        let whole = folder.path().join("whole");
        assert_eq!(log_without_times(&dir), log_without_times(&whole), "{model}");
        for file in ["weights.safetensors", "ema.safetensors", "optimizer.safetensors"] {
            let [one, other] =
                [&dir, &whole].map(|dir| fs::read(checkpoint(dir).join(file)).unwrap());
            assert!(one == other, "{model}: another {file}");
        }
        let frechet = |dir: &Path| metric(dir, "samples/frechet").unwrap();
        assert_eq!(frechet(&dir), frechet(&whole), "{model}");
        for out in ["stopped", "whole"] {
            fs::remove_dir_all(folder.path().join(out)).unwrap();
        }
    }
}

#[test]
fn settings_can_be_chosen_on_the_validation_split() {
    let folder = tempfile::tempdir().unwrap();
    let file = quick_file();
    for split in ["test", "validation"] {
        let set = format!("evaluation.split={split}");
        let more = ["--budget-images", "500", "--set", &set, "--out", split];
        succeed(folder.path(), &quick(&file, "vae", &more));
    }
    let results = json(&folder.path().join("validation/results.json"));
    for metric in results["metrics"].as_array().unwrap() {
        assert_ne!(metric["split"], "test", "{metric}");
    }
    let pictures = results["artefacts"].as_array().unwrap();
    for (name, words) in [
        ("reconstructions", "validation images above"),
        ("interpolation", "the code of one validation image"),
    ] {
        let file = format!("samples/{name}.png");
        let listed = pictures.iter().find(|picture| picture["file"] == file.as_str()).unwrap();
        assert!(listed["caption"].as_str().unwrap().contains(words), "{listed}");
        let bytes = |split: &str| fs::read(folder.path().join(split).join(&file)).unwrap();
        assert_ne!(bytes("test"), bytes("validation"), "{name} shows the same images");
    }
}

#[test]
fn a_run_is_found_again_however_its_settings_are_written() {
    let folder = tempfile::tempdir().unwrap();
    let file = quick_file();
    let common = ["--budget-images", "320", "--set", "evaluation.samples=100"];
    let train = |model: &str, sets: &[&str]| {
        let sets: Vec<&str> = sets.iter().flat_map(|set| ["--set", set]).collect();
        let more = [&common[..], &sets].concat();
        succeed(folder.path(), &quick(&file, model, &more));
    };
    train("vae", &["model.vae.likelihood.kind=gaussian", "model.vae.likelihood.sigma=0.2"]);
    // Parameters before their kind, the kind for short, a whole table at once.
    train("vae", &["model.vae.likelihood.sigma=0.2", "model.vae.likelihood=gaussian"]);
    train("vae", &["model.vae.likelihood={ sigma = 0.2, kind = \"gaussian\" }"]);
    train("gan", &["model.gan.generator.norm_groups=none", "model.gan.ema=off"]);
    train("gan", &["model.gan.ema.kind=off", "model.gan.generator.norm_groups=\"none\""]);
    let runs: Vec<_> = fs::read_dir(folder.path().join("runs")).unwrap().flatten().collect();
    assert_eq!(runs.len(), 2, "{runs:?}");
    // The file of a run is an experiment file that gives the run again.
    for run in runs {
        let config = run.path().join("config.toml").to_string_lossy().into_owned();
        let again = succeed(folder.path(), &["--experiment", &config]);
        assert!(String::from_utf8_lossy(&again.stderr).contains("is finished; --fresh"));
    }
}

#[test]
fn the_same_command_finds_a_finished_run() {
    let folder = tempfile::tempdir().unwrap();
    let file = quick_file();
    let args = quick(&file, "ae", &["--budget-images", "500"]);
    succeed(folder.path(), &args);
    let runs: Vec<_> = fs::read_dir(folder.path().join("runs")).unwrap().collect();
    assert_eq!(runs.len(), 1);
    let again = succeed(folder.path(), &args);
    assert!(String::from_utf8_lossy(&again.stderr).contains("is finished; --fresh"));
    assert!(String::from_utf8_lossy(&again.stdout).contains("reconstruction/mse"));
}

#[test]
fn a_group_trains_each_model_in_its_own_process_and_compares_them() {
    let folder = tempfile::tempdir().unwrap();
    let file = quick_file();
    let more = ["--seeds", "2", "--budget-images", "600", "--out", "group", "--json"];
    let output = succeed(folder.path(), &quick(&file, "ae,vae", &more));
    let group = folder.path().join("group");
    for run in ["ae-s0", "ae-s1", "vae-s0", "vae-s1"] {
        assert!(group.join(run).join("results.json").exists(), "no {run}");
    }
    let printed: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(printed.as_array().unwrap().len(), 4);
    let report = fs::read_to_string(group.join("report.html")).unwrap();
    assert!(report.contains("PCA + Gaussian mixture"));
    assert!(report.contains("AE cannot sample by itself: its samples are AE + "));
    assert!(!report.contains("<script src") && !report.contains("<link"), "not self-contained");

    let output = succeed(folder.path(), &["compare", "group", "--out", "again"]);
    assert!(folder.path().join("again/report.html").exists());
    let table = String::from_utf8(output.stdout).unwrap();
    for run in ["ae-s0", "ae-s1", "vae-s0", "vae-s1"] {
        assert!(table.contains(run), "no {run}:\n{table}");
    }
    let rows = table.lines().filter(|line| line.starts_with(['│', '┌', '╞', '└']));
    assert!(rows.map(|line| line.chars().count()).max().unwrap() <= 80, "{table}");
}

#[test]
fn a_group_says_of_a_seed_that_diverged_that_it_did() {
    let folder = tempfile::tempdir().unwrap();
    let more = [
        "--seeds=4",
        "--out=group",
        "--set=model.vae.optimizer.method=sgd",
        "--set=model.vae.optimizer.learning_rate=0.6",
    ];
    let more = [&["--budget-images", "600"], &more[..]].concat();
    let output = run(folder.path(), &quick(&quick_file(), "vae", &more));
    assert!(!output.status.success(), "no seed diverged");
    let report = fs::read_to_string(folder.path().join("group/report.html")).unwrap();
    assert!(report.contains("(diverged) did not finish"));
}

#[test]
fn all_means_five_models_and_one_report() {
    let folder = tempfile::tempdir().unwrap();
    let file = quick_file();
    succeed(folder.path(), &quick(&file, "all", &["--budget-images", "400", "--out", "all"]));
    let report = fs::read_to_string(folder.path().join("all/report.html")).unwrap();
    for model in MODELS {
        assert!(folder.path().join(format!("all/{model}-s0/report.html")).exists());
    }
    assert!(report.contains("—"), "a missing capability is shown as a dash");
}

#[test]
fn a_finished_run_can_be_sampled_and_evaluated_again() {
    let folder = tempfile::tempdir().unwrap();
    let file = quick_file();
    for model in ["ae", "ddpm"] {
        succeed(folder.path(), &quick(&file, model, &["--budget-images", "600", "--out", model]));
        let count = ["--count", "10", "--seed", "7"];
        for out in ["a.npz", "b.npz", "grid.png"] {
            let mut args = vec!["sample", model, "--out", out];
            args.extend(count);
            succeed(folder.path(), &args);
        }
        let bytes = |name: &str| fs::read(folder.path().join(name)).unwrap();
        assert_eq!(bytes("a.npz"), bytes("b.npz"));
        assert_eq!(&bytes("grid.png")[1..4], b"PNG");

        let output = succeed(folder.path(), &["evaluate", model, "--json"]);
        let again: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        let found = again["metrics"].as_array().unwrap().iter();
        let frechet = found.clone().find(|m| m["name"] == "samples/frechet").unwrap();
        let dir = folder.path().join(model);
        assert_eq!(frechet["value"].as_f64(), metric(&dir, "samples/frechet"));
    }
}

#[test]
fn a_damaged_checkpoint_is_named_and_nothing_is_lost() {
    let folder = tempfile::tempdir().unwrap();
    let file = quick_file();
    succeed(folder.path(), &quick(&file, "ae", &["--budget-images", "500", "--out", "run"]));
    let checkpoints = folder.path().join("run/checkpoints");
    let last = fs::read_dir(&checkpoints).unwrap().next().unwrap().unwrap().path();
    let weights = last.join("weights.safetensors");
    let mut bytes = fs::read(&weights).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&weights, bytes).unwrap();
    let output = run(folder.path(), &["sample", "run"]);
    assert!(!output.status.success());
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(errors.contains("weights.safetensors is damaged"), "{errors}");
    assert!(folder.path().join("run/results.json").exists());
}
