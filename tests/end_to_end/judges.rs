//! Runs before several judges.

use crate::support::{json, metric, quick, quick_file, run, succeed};
use serde_json::Value;
use std::{fs, path::Path, process::Output};

/// Runs of a few seconds, scored by as many samples as a distance takes.
const SMALL: [&str; 4] = ["--budget-images", "640", "--set", "evaluation.samples=100"];

fn train(folder: &Path, models: &str, out: &str) {
    let args = [&SMALL[..], &["--out", out]].concat();
    succeed(folder, &quick(&quick_file(), models, &args));
}

fn refusal(folder: &Path, args: &[&str]) -> String {
    let output = run(folder, args);
    assert!(!output.status.success(), "{args:?} was accepted");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// What is printed, in a single line: sentences are wrapped.
fn printed(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stdout);
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn a_comparison_says_how_much_its_order_depends_on_the_judge() {
    let folder = tempfile::tempdir().unwrap();
    train(folder.path(), "ae,vae,gan", "group");
    let compare = ["compare", "group", "--judge", "random", "--out", "judged"];
    let table = printed(&succeed(folder.path(), &compare));
    let judged = folder.path().join("judged");
    let read = |name: &str| fs::read_to_string(judged.join(name)).unwrap();
    let (report, markdown, csv) =
        (read("report.html"), read("comparison.md"), read("comparison.csv"));
    for text in [&table, &report, &markdown] {
        assert!(text.contains("Fréchet distance by judge"), "{text}");
        assert!(text.contains("tau-b between judges"), "{text}");
    }
    assert!(report.contains("id=\"judges\""));

    let comparison = json(&judged.join("comparison.json"));
    let panel = &comparison["panel"];
    let names: Vec<&Value> =
        panel["judges"].as_array().unwrap().iter().map(|judge| &judge["name"]).collect();
    assert_eq!(names, ["digits-8", "random"]);
    let runs = panel["runs"].as_array().unwrap();
    assert_eq!(runs.len(), 3);
    for judged in runs {
        let name = judged["run"].as_str().unwrap();
        let [own, random] = [0_usize, 1].map(|judge| &judged["places"][judge]["metric"]);
        // What is kept is what was scored.
        let scored = metric(&folder.path().join("group").join(name), "samples/frechet").unwrap();
        let again = own["value"].as_f64().unwrap();
        assert!((again - scored).abs() < 1e-6 * scored, "{name}: {again} for {scored}");
        assert_eq!((&own["n"], &own["split"]), (&100.into(), &"test".into()));
        assert!(random["value"].as_f64().unwrap() > 0.0);
        assert_eq!(csv.lines().filter(|line| line.starts_with(&format!("{name},run,"))).count(), 2);
    }
    for judge in [0_usize, 1] {
        let rank = |run: &Value| run["places"][judge]["rank"].as_f64().unwrap();
        assert_eq!(runs.iter().map(rank).sum::<f64>(), 6.0, "places 1, 2 and 3");
    }
    let agreement = &panel["agreements"][0];
    let tau = agreement["tau_b"].as_f64().unwrap();
    assert!((-1.0..=1.0).contains(&tau), "{tau}");
    assert_eq!((&agreement["judges"], &agreement["runs"]), (&serde_json::json!([0, 1]), &3.into()));
    if tau == 1.0 {
        assert!(table.contains("Both judges put the 3 runs in the same order."), "{table}");
    }

    let plain = succeed(folder.path(), &["compare", "group", "--out", "plain"]);
    assert!(json(&folder.path().join("plain/comparison.json")).get("panel").is_none());
    assert!(!printed(&plain).contains("by judge"));

    // A copy of a run is no fourth one.
    fs::create_dir_all(folder.path().join("copy/samples")).unwrap();
    for file in ["config.toml", "run.json", "results.json", "samples/samples.npz"] {
        let from = folder.path().join("group/gan-s0").join(file);
        fs::copy(from, folder.path().join("copy").join(file)).unwrap();
    }
    let copied = ["compare", "group", "copy", "--judge", "random", "--out", "copied"];
    let table = printed(&succeed(folder.path(), &copied));
    assert!(table.contains("its samples are those of gan-s0, which count once"), "{table}");
    let comparison = json(&folder.path().join("copied/comparison.json"));
    assert_eq!(comparison["panel"]["runs"].as_array().unwrap().len(), 3);

    // A run without its samples is left out, and two runs are too few for a tau.
    fs::remove_file(folder.path().join("group/vae-s0/samples/samples.npz")).unwrap();
    let table = printed(&succeed(folder.path(), &compare));
    assert!(table.contains("vae-s0 is left out of the tables of several judges"), "{table}");
    assert!(table.contains("it needs at least 3 runs"), "{table}");
    let comparison = json(&judged.join("comparison.json"));
    assert!(comparison["warnings"].to_string().contains("it needs at least 3 runs"));
    assert_eq!(comparison["panel"]["runs"].as_array().unwrap().len(), 2);
}

#[test]
fn finished_runs_judge_beside_the_others_and_what_no_judge_can_look_at_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    train(folder.path(), "classifier", "cnn");
    train(folder.path(), "vae", "vae");
    let points = ["--model", "vae", "--dataset", "ring-8", "--out", "points"];
    succeed(folder.path(), &[&points[..], &SMALL].concat());
    let judges = ["--judge", "run=cnn", "--judge", "dataset", "--judge", "random"];
    let compare = [&["compare", "vae", "cnn", "--out", "judged"], &judges[..]].concat();
    let table = printed(&succeed(folder.path(), &compare));
    assert!(
        table.contains("cnn is left out") && table.contains("no samples with scores"),
        "{table}"
    );
    let comparison = json(&folder.path().join("judged/comparison.json"));
    let judges = comparison["panel"]["judges"].as_array().unwrap();
    let names: Vec<&Value> = judges.iter().map(|judge| &judge["name"]).collect();
    assert_eq!(names, ["digits-8", "cnn", "random"], "the dataset's own judge is one of them");

    for (args, expected) in [
        (
            &["points", "--judge", "random"][..],
            "ring-8 holds points, which are scored in their own",
        ),
        (&["vae", "--judge", "solomon"], "give random, dataset, run=DIR or inception=FILE"),
        (&["vae", "--judge", "run=vae"], "run vae cannot judge: its model is vae"),
        (&["vae", "--judge", "run=nowhere"], "judge run=nowhere is not there"),
        (&["vae", "--judge", "random", "--judge-sha256", "ab"], "and no judge is one"),
    ] {
        let sentence = refusal(folder.path(), &[&["compare", "--out", "never"], args].concat());
        assert!(sentence.contains(expected), "{sentence}");
        assert!(!folder.path().join("never").exists(), "{args:?} left something behind");
    }

    // Runs of different data stand side by side with a warning, and no judge looks at both.
    let mixed = ["compare", "vae", "points", "--out", "mixed"];
    let refused = refusal(folder.path(), &[&mixed[..], &["--judge", "random"]].concat());
    assert!(
        refused.contains("points was measured on the test split of ring-8 (SHA-256 "),
        "{refused}"
    );
    assert!(!folder.path().join("mixed").exists());
    let table = printed(&succeed(folder.path(), &mixed));
    assert!(table.contains("different data sets"), "{table}");
    let comparison = json(&folder.path().join("mixed/comparison.json"));
    assert!(comparison.get("panel").is_none());
    assert!(comparison["warnings"].to_string().contains("different data"), "{comparison}");
}
