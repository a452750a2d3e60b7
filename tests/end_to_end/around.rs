//! The commands that look around: what is here, what can be set, what would be done.

use crate::support::{quick, quick_file, run, succeed};
use serde_json::Value;
use std::{fs, path::Path, process::Output};

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn err(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// What a call prints that is expected to succeed.
fn printed(folder: &Path, args: &[&str]) -> String {
    out(&succeed(folder, args))
}

#[test]
fn the_program_alone_says_what_to_try() {
    let folder = tempfile::tempdir().unwrap();
    let text = printed(folder.path(), &[]);
    assert!(text.contains("bench-runner --model vae\n"), "{text}");
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
}

#[test]
fn a_plan_is_printed_and_nothing_is_made() {
    let folder = tempfile::tempdir().unwrap();
    let file = quick_file();
    let text = printed(folder.path(), &quick(&file, "ae,vae", &["--dry-run", "--out", "g"]));
    assert!(text.contains("g/ae-s0") && text.contains("g/vae-s0"), "{text}");
    assert!(text.contains(" new "), "{text}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn quiet_runs_print_results_alone_and_are_listed() {
    let folder = tempfile::tempdir().unwrap();
    let file = quick_file();
    let more = ["--budget-images", "640", "--out", "r/a", "--quiet"];
    let output = succeed(folder.path(), &[&["train"][..], &quick(&file, "ae", &more)].concat());
    assert_eq!(err(&output), "");
    assert!(out(&output).contains("reconstruction/mse"), "{}", out(&output));

    let list = printed(folder.path(), &["list", "r"]);
    assert!(
        list.contains(" a ") && list.contains("finished") && list.contains("frechet"),
        "{list}"
    );
    let list: Value =
        serde_json::from_str(&printed(folder.path(), &["list", "r", "--json"])).unwrap();
    assert_eq!(list[0]["model"], "ae");
    assert_eq!(list[0]["state"], "finished");
    assert!(list[0]["leading"]["value"].is_number(), "{list}");
    let plan = printed(folder.path(), &quick(&file, "ae", &[&more[..], &["--dry-run"]].concat()));
    assert!(plan.contains("finished"), "{plan}");

    fs::write(folder.path().join("r/a/results.json"), "{").unwrap();
    let list = printed(folder.path(), &["list", "r"]);
    assert!(list.contains("damaged: "), "{list}");
    let before = tempfile::tempdir().unwrap();
    for (args, words) in [
        (&["list"][..], "no runs yet in runs; bench-runner --model vae makes one in ./runs"),
        (&["list", "."], "no runs yet in .; "),
        (&["list", "--json"], "[]"),
    ] {
        let list = printed(before.path(), args);
        assert!(list.starts_with(words), "{args:?}: {list}");
    }
    for (there, words) in [("nowhere", "is not a folder"), (".git", "is not a folder")] {
        let output = run(folder.path(), &["list", there]);
        assert!(!output.status.success() && err(&output).contains(words), "{}", err(&output));
    }
}

#[test]
fn settings_are_printed_with_what_they_mean() {
    let folder = tempfile::tempdir().unwrap();
    let text = printed(folder.path(), &["config", "model.vae.beta"]);
    assert!(text.starts_with("model.vae.beta = 1.0\n    Weight of the KL"), "{text}");
    let output = run(folder.path(), &["--model", "vae", "--set", "beta=4"]);
    assert_eq!(
        err(&output),
        "error: unknown setting beta (in --set); did you mean model.vae.beta?\n"
    );
    let output = run(folder.path(), &["--model", "vae", "--set", "vae.latent_dim=2"]);
    assert!(err(&output).ends_with("did you mean model.vae.latent_dim?\n"), "{}", err(&output));
}

#[test]
fn data_are_fetched_and_the_machine_is_checked() {
    let folder = tempfile::tempdir().unwrap();
    let text = printed(folder.path(), &["fetch", "digits8x8"]);
    assert!(text.starts_with("digits8x8: images of 1x8x8, 10 classes\n"), "{text}");
    assert!(text.contains("1294 to train on, 143 to validate by, 360 to test by"), "{text}");
    assert!(printed(folder.path(), &["fetch", "ring-8"]).contains("points of 2 numbers"));
    let text = printed(folder.path(), &["doctor"]);
    assert!(text.contains("ok data       digits8x8, judge digits-8\n"), "{text}");
    assert!(text.ends_with("All is well. Try: bench-runner --model vae\n"), "{text}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn shells_and_manuals_are_served() {
    let folder = tempfile::tempdir().unwrap();
    for shell in ["bash", "zsh", "fish"] {
        let script = printed(folder.path(), &["completions", shell]);
        assert!(script.contains("budget-images") && script.contains("samplers"), "{shell}");
    }
    let page = printed(folder.path(), &["man"]);
    assert!(page.contains(".TH bench-runner 1"), "{page}");
}
