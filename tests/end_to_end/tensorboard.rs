//! What the real TensorBoard reads back from runs. Set GENLAB_TENSORBOARD_PYTHON to a Python that
//! has the `tensorboard` package; .ci/run does.

use crate::support::{
    MODELS, command, json, log_without_times, quick, quick_file, repository, run, succeed, until,
};
use serde_json::Value;
use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// Its Python; None, and a word about it, where there is none.
fn python() -> Option<PathBuf> {
    let python = std::env::var_os("GENLAB_TENSORBOARD_PYTHON");
    if python.is_none() {
        #[expect(clippy::print_stderr, reason = "a skipped test says so")]
        {
            eprintln!("skipped: GENLAB_TENSORBOARD_PYTHON is not set");
        }
    }
    python.map(PathBuf::from)
}

fn read(python: &Path, args: &[&str], dir: &Path) -> Value {
    let output = Command::new(python)
        .arg(repository("tests/oracles/tensorboard_read.py"))
        .args(args)
        .arg(dir)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn event_files(run: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(run).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> =
        entries.filter(|path| path.to_string_lossy().contains("events.out.tfevents.")).collect();
    files.sort();
    files
}

#[test]
fn tensorboard_reads_every_scalar_and_picture() {
    let Some(python) = python() else { return };
    let folder = tempfile::tempdir().unwrap();
    let file = quick_file();
    succeed(folder.path(), &quick(&file, "vae", &["--out", "run"]));
    let run = folder.path().join("run");
    let read = read(&python, &[], &run);
    assert_eq!(read["damaged_files"], serde_json::json!([]), "{read}");

    // Its reader stops silently at a broken record, so counts and last values must agree.
    let log = log_without_times(&run);
    for (key, tag) in [
        ("train/loss", "train/vae/loss/elbo-bernoulli"),
        ("train/kl", "train/kl"),
        ("train/reconstruction", "train/bernoulli_nll"),
        ("validation/negative_elbo", "validation/vae/negative_elbo/bernoulli"),
    ] {
        let expected: Vec<_> = log.iter().filter(|line| line.get(key).is_some()).collect();
        let scalar = &read["scalars"][tag];
        assert_eq!(scalar["count"], expected.len(), "{tag}: {scalar}");
        let last = expected.last().unwrap();
        assert_eq!(scalar["last_step"], last["step"], "{tag}");
        let (a, b) = (scalar["last_value"].as_f64().unwrap(), last[key].as_f64().unwrap());
        assert!((a - b).abs() <= 1e-6 * b.abs(), "{tag}: {a} and {b}");
        assert_ne!(scalar["description"], "", "{tag}");
    }
    for name in ["samples", "final/grid", "final/reconstructions"] {
        assert!(read["images"].get(name).is_some(), "no picture {name}: {}", read["images"]);
    }
    assert!(read["histograms"].get("codes/mean").is_some());
    let results = json(&run.join("results.json"));
    for metric in results["metrics"].as_array().unwrap() {
        let name = format!("final/{}", metric["name"].as_str().unwrap());
        let mut tags = read["scalars"].as_object().unwrap().keys();
        assert!(tags.any(|tag| *tag == name || tag.starts_with(&format!("{name} ("))), "{name}");
    }
}

#[test]
fn a_group_is_runs_by_their_names_with_a_row_each_and_codes_with_pictures() {
    let Some(python) = python() else { return };
    let folder = tempfile::tempdir().unwrap();
    let file = quick_file();
    let few = ["--budget-images", "640", "--set", "evaluation.samples=100", "--out", "group"];
    succeed(folder.path(), &quick(&file, "all", &few));
    let group = folder.path().join("group");
    let board = read(&python, &["--group"], &group);
    let mut runs = MODELS.map(|model| format!("{model}-s0"));
    runs.sort();
    assert_eq!(board["runs"], serde_json::json!(runs));

    let rows = board["rows"].as_array().unwrap();
    assert_eq!(rows.len(), MODELS.len());
    for row in rows {
        let session = &row["sessions"][0];
        let name = session["name"].as_str().unwrap();
        assert_eq!(session["status"], "STATUS_SUCCESS", "{name}");
        let model = name.strip_suffix("-s0").unwrap();
        assert_eq!(row["hparams"]["model"], model);
        assert_eq!(row["hparams"]["images"], 640.0);
        let results = json(&group.join(name).join("results.json"));
        let metrics = results["metrics"].as_array().unwrap();
        for told in session["metricValues"].as_array().unwrap() {
            let tag = told["name"]["tag"].as_str().unwrap();
            let title = tag.strip_prefix("final/").unwrap();
            let title = title.split(" (").next().unwrap();
            let metric = metrics.iter().find(|metric| metric["name"] == title).unwrap();
            let (a, b) = (told["value"].as_f64().unwrap_or(0.0), metric["value"].as_f64().unwrap());
            assert!((a - b).abs() <= 1e-6 * b.abs(), "{name}, {tag}: {a} and {b}");
        }
        let told: Vec<_> =
            session["metricValues"].as_array().unwrap().iter().map(|v| &v["name"]["tag"]).collect();
        assert!(told.iter().any(|tag| **tag == "final/samples/frechet"), "{name}: {told:?}");
        let has_bound =
            told.iter().any(|tag| tag.as_str().unwrap().starts_with("final/negative_elbo"));
        assert_eq!(has_bound, model == "vae", "{name}: {told:?}");
    }
    let settings = board["settings"].as_array().unwrap();
    assert!(settings[..5].iter().any(|name| name == "model"), "{settings:?}");
    for name in ["beta", "latent_dim", "likelihood", "sampler.steps", "optimizer.learning_rate"] {
        assert!(settings.iter().any(|setting| setting == name), "no {name} in {settings:?}");
    }

    let embeddings = board["embeddings"].as_object().unwrap();
    assert_eq!(embeddings.keys().collect::<Vec<_>>(), ["ae-s0", "sparse-ae-s0", "vae-s0"]);
    for (run, codes) in embeddings {
        let [rows, length] = [0, 1].map(|at| codes["shape"][at].as_u64().unwrap() as usize);
        assert_eq!(codes["floats"], rows * length, "{run}");
        let labels = codes["labels"].as_array().unwrap();
        assert_eq!((&labels[0], labels.len()), (&Value::from("class\tnumber"), rows + 1), "{run}");
        // 360 images of 8x8 in a square of 19 a side.
        assert_eq!((rows, &codes["tile"]), (360, &serde_json::json!([8, 8])), "{run}");
        assert_eq!(codes["sprite"], serde_json::json!([152, 152]), "{run}");
    }
}

/// What of the log does not depend on the clock: every point of every curve, and the steps of the pictures.
fn points(python: &Path, run: &Path) -> Vec<String> {
    let read = read(python, &[], run);
    assert_eq!(read["damaged_files"], serde_json::json!([]), "{}", run.display());
    let mut found = Vec::new();
    for (tag, scalar) in read["scalars"].as_object().unwrap() {
        let timed = tag.contains("cost/");
        for point in scalar["points"].as_array().unwrap() {
            let value = if timed { Value::Null } else { point[1].clone() };
            found.push(format!("{tag} {} {value}", point[0]));
        }
    }
    for kind in ["images", "histograms"] {
        for (tag, entry) in read[kind].as_object().unwrap() {
            found.push(format!("{kind} {tag} {} {}", entry["count"], entry["steps"]));
        }
    }
    assert!(found.len() > 50, "{}", found.len());
    found
}

/// Tells what differs, not all there is.
fn same(found: &[String], expected: &[String]) {
    let without = |all: &[String], others: &[String]| -> Vec<String> {
        all.iter().filter(|point| !others.contains(point)).cloned().collect()
    };
    let (more, missing) = (without(found, expected), without(expected, found));
    assert!(found == expected, "too many: {more:?}; missing: {missing:?}");
}

#[test]
fn after_any_kill_every_point_is_there_once() {
    let Some(python) = python() else { return };
    let folder = tempfile::tempdir().unwrap();
    let file = quick_file();
    let long = ["--budget-images", "20000", "--set", "evaluation.samples=100", "--out"];
    let args = |out| quick(&file, "vae", &[&long[..], &[out]].concat());
    let [whole, dir] = ["whole", "killed"].map(|name| folder.path().join(name));
    succeed(folder.path(), &args("whole"));
    let expected = points(&python, &whole);

    let lines =
        || fs::read_to_string(dir.join("metrics.jsonl")).unwrap_or_default().lines().count();
    let killed_after = |line: usize| {
        let mut child = command(folder.path(), &args("killed"));
        let mut child = child.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        until("some lines", || lines() >= line);
        child.kill().unwrap();
        child.wait().unwrap();
    };
    // Before the first checkpoint, twice: the run begins again.
    killed_after(5);
    // As a kill within a write would leave it.
    let last = event_files(&dir).pop().unwrap();
    let bytes = fs::read(&last).unwrap();
    fs::write(&last, &bytes[..bytes.len() - 7]).unwrap();
    killed_after(5);
    // A stop saves a checkpoint, at its very first step.
    let limited = [&args("killed")[..], &["--max-time", "0s"]].concat();
    assert_eq!(run(folder.path(), &limited).status.code(), Some(75));
    // After the checkpoint: what follows it is taken again.
    killed_after(lines() + 4);
    // A stop at a line that is logged, and a kill after it.
    let stop = || {
        let mut child = command(folder.path(), &args("killed"));
        let mut child = child.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let before = lines();
        until("some lines", || lines() >= before + 3);
        let pid = child.id().to_string();
        assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
        child.wait().unwrap();
    };
    stop();
    killed_after(lines() + 3);
    succeed(folder.path(), &args("killed"));
    same(&points(&python, &dir), &expected);
    assert_eq!(event_files(&dir).len(), 2);

    // A kill after the results were shown and before they were kept.
    fs::remove_file(dir.join("results.json")).unwrap();
    succeed(folder.path(), &args("killed"));
    same(&points(&python, &dir), &expected);
    assert_eq!(event_files(&dir).len(), 2);

    // A kill between a file of a session and the removal of those before it.
    fs::remove_file(dir.join("results.json")).unwrap();
    for file in event_files(&whole) {
        fs::copy(&file, dir.join(file.file_name().unwrap())).unwrap();
    }
    succeed(folder.path(), &args("killed"));
    same(&points(&python, &dir), &expected);
    assert_eq!(event_files(&dir).len(), 2);
}

#[test]
fn a_run_of_before_goes_on_under_its_own_name() {
    let Some(python) = python() else { return };
    let folder = tempfile::tempdir().unwrap();
    let file = quick_file();
    let args = |out| quick(&file, "ae", &["--budget-images", "640", "--out", out]);
    let [whole, dir] = ["whole", "old"].map(|name| folder.path().join(name));
    succeed(folder.path(), &args("whole"));
    let limited = [&args("old")[..], &["--max-time", "0s"]].concat();
    assert_eq!(run(folder.path(), &limited).status.code(), Some(75));
    let old = dir.join("tensorboard");
    fs::create_dir(&old).unwrap();
    for file in event_files(&dir) {
        fs::rename(&file, old.join("events.out.tfevents.1795767000.genlab.1234.000")).unwrap();
    }
    succeed(folder.path(), &args("old"));
    assert!(!old.exists());
    same(&points(&python, &dir), &points(&python, &whole));
    // And is discarded whole.
    fs::create_dir(&old).unwrap();
    fs::write(old.join("events.out.tfevents.1795767000.genlab.1234.000"), "").unwrap();
    fs::write(old.join("events.out.tfevents.1795767000.host.1234"), "mine").unwrap();
    fs::write(dir.join("events.out.tfevents.1795767000.host.1234"), "mine").unwrap();
    succeed(folder.path(), &[&args("old")[..], &["--fresh"]].concat());
    assert_eq!(event_files(&old).len(), 1);
    assert_eq!(event_files(&dir).len(), 3);
}
