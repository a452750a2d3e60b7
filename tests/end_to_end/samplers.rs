//! What samples score by solver, spacing, network calls, guidance and weights.

use crate::support::{json, metric, quick, quick_file, run, succeed};
use serde_json::Value;
use std::{
    fs,
    path::{Path, PathBuf},
};

/// A finished run of a small `model` in `folder`, with `more` flags.
fn finished(folder: &Path, model: &str, out: &str, more: &[&str]) -> PathBuf {
    let more = [&["--budget-images", "1280", "--out", out], more].concat();
    succeed(folder, &quick(&quick_file(), model, &more));
    folder.join(out)
}

fn rows(run: &Path) -> Vec<Value> {
    let file = json(&run.join("samplers/samplers.json"));
    file["rows"].as_array().unwrap().clone()
}

/// The value of a metric of a row.
fn scored(row: &Value, name: &str) -> f64 {
    let metrics = row["metrics"].as_array().unwrap();
    let found = metrics.iter().find(|metric| metric["name"] == name);
    found.unwrap_or_else(|| panic!("no {name} in {row}"))["value"].as_f64().unwrap()
}

#[test]
fn every_combination_is_scored_once_and_shown_in_the_report() {
    let folder = tempfile::tempdir().unwrap();
    let plain = ["--set", "model.ddpm.sampler.guidance.scale=1"];
    let several = ["--set", "model.ddpm.ema.also=[0.5]"];
    let dir = finished(folder.path(), "ddpm", "run", &[plain, several].concat());
    let results = fs::read(dir.join("results.json")).unwrap();
    let chosen = json(&dir.join("results.json"))["average"]["decay"].as_f64().unwrap();
    let other = if chosen == 0.5 { "0.995" } else { "0.5" };
    let weights = &format!("averaged,raw,{other}");
    let args = ["samplers", "run", "--weights", weights, "--calls", "4,7"];
    let args = [&args[..], &["--spacing", "trailing,karras"]].concat();
    let first = [&args[..], &["--solver", "heun", "--samples", "100"]].concat();
    succeed(folder.path(), &first);
    let before = rows(&dir);
    assert_eq!(before.len(), 3 * 2 * 2);
    for row in &before {
        let (most, calls) = (row["calls"].as_f64(), scored(row, "cost/network_calls_per_sample"));
        let steps = row["steps"].as_f64().unwrap();
        assert_eq!(calls, 2.0 * steps - 1.0, "Heun's last step asks once");
        assert!(calls <= most.unwrap() && calls + 2.0 > most.unwrap(), "{row}");
        assert!(scored(row, "samples/frechet") > 0.0);
    }
    let distances = |weights: &str| -> Vec<f64> {
        let rows = before.iter().filter(|row| row["weights"] == weights);
        rows.map(|row| scored(row, "samples/frechet")).collect()
    };
    let all = ["averaged", "raw", &format!("averaged by {other}")];
    assert_eq!(distances(r"averaged").len(), 4);
    assert!(distances(all[0]) != distances(all[1]) && distances(all[1]) != distances(all[2]));

    let more = [&args[..], &["--solver", "heun,ddim", "--samples", "100"]].concat();
    succeed(folder.path(), &more);
    let after = rows(&dir);
    assert_eq!(after.len(), 2 * before.len());
    assert_eq!(after[..before.len()], before, "times would be others if measured again");
    let csv = fs::read_to_string(dir.join("samplers/samplers.csv")).unwrap();
    assert_eq!(csv.lines().count(), 1 + after.len());
    let columns = csv.lines().next().unwrap().split(',').count();
    assert!(csv.lines().all(|line| line.split(',').count() == columns), "{csv}");
    let report = fs::read_to_string(dir.join("report.html")).unwrap();
    assert!(report.contains(">Quality against network calls</h2>"));
    assert!(report.contains("trailing, weights raw") && report.contains("milliseconds per sample"));
    assert_eq!(fs::read(dir.join("results.json")).unwrap(), results);
}

#[test]
fn of_several_averages_the_one_nearest_the_validation_split_is_used_by_all_that_follows() {
    let folder = tempfile::tempdir().unwrap();
    let several = ["--set", "model.ddpm.ema.also=[0.5,0.1]"];
    let dir = finished(folder.path(), "ddpm", "run", &several);
    let results = json(&dir.join("results.json"));
    let average = &results["average"];
    let distances: Vec<(f64, f64)> = average["candidates"]
        .as_array()
        .unwrap()
        .iter()
        .map(|c| (c["decay"].as_f64().unwrap(), c["distance"].as_f64().unwrap()))
        .collect();
    assert_eq!(distances.iter().map(|(decay, _)| *decay).collect::<Vec<_>>(), [0.995, 0.5, 0.1]);
    let (nearest, _) = *distances.iter().min_by(|(_, a), (_, b)| a.total_cmp(b)).unwrap();
    assert_eq!(average["decay"], nearest);
    assert_ne!(nearest, 0.995, "this test says more where the choice is not that of the settings");
    let note = format!("that of decay {nearest} has samples nearest the validation split");
    assert!(results["notes"].to_string().contains(&note), "{}", results["notes"]);

    // The run, `samplers` and `evaluate` all score that average's samples.
    let (calls, own) = ("cost/network_calls_per_sample", metric(&dir, "samples/frechet").unwrap());
    let calls = metric(&dir, calls).unwrap().to_string();
    let every = ["--weights", "averaged,0.5,0.995,0.1", "--calls", &calls];
    succeed(
        folder.path(),
        &[&["samplers", "run", "--solver", "dpmpp-2m:eta=1"], &every[..]].concat(),
    );
    let rows = rows(&dir);
    assert_eq!(rows.len(), 3, "the chosen one is called averaged");
    assert_eq!(rows[0]["weights"], "averaged");
    assert_eq!(scored(&rows[0], "samples/frechet"), own);
    assert!(rows[1..].iter().all(|row| scored(row, "samples/frechet") != own));
    let again = succeed(folder.path(), &["evaluate", "run", "--json"]);
    let again: Value = serde_json::from_slice(&again.stdout).unwrap();
    assert_eq!(again["average"], *average);
    let frechet = |results: &Value| {
        let metrics = results["metrics"].as_array().unwrap().clone();
        metrics.into_iter().find(|metric| metric["name"] == "samples/frechet").unwrap()
    };
    assert_eq!(frechet(&again)["value"], own);

    // A run that is stopped before its results chooses the same again.
    fs::remove_file(dir.join("results.json")).unwrap();
    finished(folder.path(), "ddpm", "run", &several);
    assert_eq!(json(&dir.join("results.json"))["average"], *average);
}

#[test]
fn the_sampler_of_the_run_scores_what_the_run_scored() {
    let folder = tempfile::tempdir().unwrap();
    let guidance = ["--set", "model.ddpm.sampler.guidance={kind=\"classifier-free\",scale=1}"];
    let told = ["--set", "model.ddpm.condition=class"];
    let dir = finished(folder.path(), "ddpm", "run", &[told, guidance].concat());
    let calls = metric(&dir, "cost/network_calls_per_sample").unwrap();
    let as_many = calls.to_string();
    let args = ["samplers", "run", "--calls", &as_many, "--guidance", "0,1,3"];
    succeed(folder.path(), &[&args[..], &["--solver", "dpmpp-2m:eta=1"]].concat());
    let rows = rows(&dir);
    assert_eq!(rows.len(), 3);
    // A guidance of 1 is plain conditional sampling.
    for name in ["samples/frechet", "samples/coverage", "samples/class_agreement"] {
        assert_eq!(scored(&rows[1], name), metric(&dir, name).unwrap(), "{name}");
    }
    assert_ne!(scored(&rows[1], "samples/frechet"), scored(&rows[0], "samples/frechet"));
    let steps: Vec<f64> = rows.iter().map(|row| row["steps"].as_f64().unwrap()).collect();
    assert_eq!(steps, [calls, calls, (calls / 2.0).floor()], "other guidance calls twice a step");
    let report = fs::read_to_string(dir.join("report.html")).unwrap();
    assert!(report.contains(">Guidance</h2>") && report.contains("class agreement"));
}

#[test]
fn runs_that_are_led_away_from_their_early_weights_are_guided_with_raw_weights_as_well() {
    let folder = tempfile::tempdir().unwrap();
    let auto = ["--set", "model.ddpm.sampler.guidance={kind=\"auto\",interval=\"none\"}"];
    let dir = finished(folder.path(), "ddpm", "run", &auto);
    let args = ["samplers", "run", "--solver", "ddim", "--calls", "8", "--guidance", "1,2"];
    succeed(
        folder.path(),
        &[&args[..], &["--weights", "averaged,raw", "--samples", "100"]].concat(),
    );
    let steps: Vec<Value> = rows(&dir).iter().map(|row| row["steps"].clone()).collect();
    assert_eq!(steps, [8, 4, 8, 4]);
}

#[test]
fn what_cannot_be_followed_is_refused_in_a_sentence() {
    let folder = tempfile::tempdir().unwrap();
    finished(folder.path(), "vae", "vae", &[]);
    let unled = ["--set", "model.ddpm.sampler.guidance={kind=\"classifier-free\",scale=1}"];
    let raw = ["--set", "model.ddpm.ema=off"];
    finished(folder.path(), "ddpm", "plain", &[raw, unled].concat());
    let free = ["--set", "model.ddpm.sampler.guidance=classifier-free"];
    let told = ["--set", "model.ddpm.condition=class"];
    finished(folder.path(), "ddpm", "told", &[told, free].concat());
    for (args, expected) in [
        (&["vae"][..], "vae is a run of vae, whose samples take no steps"),
        (&["nowhere"], "nowhere is not there; give the directory of a run"),
        (&["plain", "--weights", "0.9"], "plain kept no average of its weights"),
        (
            &["plain", "--guidance", "2"],
            "--guidance 2 has no meaning here: the samples of plain cannot be guided",
        ),
        (&["plain", "--solver", "ddmi"], "it should be \"ddim\""),
        (&["plain", "--spacing", "even"], "it should be "),
        (&["plain", "--calls", "0"], "--calls"),
        (
            &["plain", "--samples", "1"],
            "cannot score 1 samples (--samples, at most the size of the split): a Fréchet distance",
        ),
        (&["told", "--calls", "1"], "--calls 1 is too few: one step of"),
        (&["told", "--guidance=-1"], "is not possible; give numbers from 0 to 1000"),
    ] {
        let args = [&["samplers"], args].concat();
        let output = run(folder.path(), &args);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success(), "{args:?} was accepted");
        assert!(!errors.contains("panicked"), "{args:?} panicked:\n{errors}");
        assert!(errors.contains(expected), "{args:?}: expected {expected:?} in:\n{errors}");
    }
    for run in ["vae", "plain", "told"] {
        assert!(!folder.path().join(run).join("samplers").exists(), "{run}");
    }
}
