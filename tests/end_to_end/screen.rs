//! `watch` and `--tui`: on a terminal that Python makes, beside runs that train elsewhere, and where there is no terminal.

#![cfg(unix)]

use crate::support::{
    checkpoint, command, files, has_logged, json, log_without_times, quick, quick_file, repository,
    run, succeed, until,
};
use serde_json::Value;
use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
};

const FEW: [&str; 4] = ["--budget-images", "3200", "--set", "evaluation.samples=100"];
/// Long enough to be stopped, with a first line soon.
const LONG: [&str; 4] = ["--budget-images", "2000000", "--set", "evaluation.log_lines=2000"];

/// How a command ended that had a terminal of 100 columns and 30 lines, on which keys were typed; None where there is no Python,
/// which makes the terminal.
fn on_a_terminal(folder: &Path, keys: &[&str], args: &[&str]) -> Option<Value> {
    let binary = command(folder, &[]);
    let mut python = Command::new("python3");
    python.current_dir(folder).arg(repository("tests/end_to_end/screen.py")).args(["100", "30"]);
    python.args(keys).arg("--").arg(binary.get_program()).args(args);
    for (name, value) in binary.get_envs().filter_map(|(name, value)| Some((name, value?))) {
        python.env(name, value);
    }
    let Ok(output) = python.stderr(Stdio::inherit()).output() else {
        #[expect(clippy::print_stderr, reason = "a skipped test says so")]
        {
            eprintln!("skipped: there is no python3");
        }
        return None;
    };
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(told["restored"], true, "{args:?} left the terminal otherwise: {told}");
    Some(told)
}

#[test]
fn once_prints_a_frame_of_a_run_or_of_several_and_writes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let file = quick_file();
    succeed(folder.path(), &quick(&file, "ae,vae", &[&FEW[..], &["--out", "g"]].concat()));
    let before = files(folder.path());
    for (place, parts) in [
        ("g/vae-s0", &["vae   finished   digits8x8", "step 100 of 100", "samples/", "q quit"][..]),
        ("g", &["▸ ", "  100 %   finished   samples/frechet", "vae-s0", "ae-s0", "↑↓ run"][..]),
    ] {
        let output = succeed(folder.path(), &["watch", place, "--once"]);
        let text = String::from_utf8(output.stdout).unwrap();
        for part in parts {
            assert!(text.contains(part), "{place}: no {part:?} in\n{text}");
        }
        assert!(text.lines().count() <= 24 && text.lines().all(|l| l.chars().count() <= 80));
        assert!(text.chars().any(|c| ('\u{2801}'..='\u{28ff}').contains(&c)), "{text}");
        assert!(text.chars().any(|c| "░▒▓█".contains(c)), "no samples in\n{text}");
    }
    assert!(files(folder.path()) == before, "watching changed a file");
}

#[test]
fn without_a_terminal_or_a_run_one_sentence_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let file = quick_file();
    let train = quick(&file, "ae", &["--tui", "--out", "a"]);
    for (args, expected) in [
        (
            &["watch"][..],
            "watch draws on a terminal, and standard output or standard error is none",
        ),
        (&train, "--tui draws on a terminal, and standard output or standard error is none"),
        (&["watch", "nowhere", "--once"], "nowhere is not a folder; runs are in ./runs"),
    ] {
        let output = run(folder.path(), args);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{args:?}: {errors}");
        assert!(errors.contains(expected) && errors.lines().count() == 1, "{args:?}: {errors}");
    }
    assert!(!folder.path().join("a").exists());
    for (args, expected) in [
        (&["watch", "--once"][..], "no runs yet in runs;"),
        (&["watch", ".", "--once"], "no runs yet in .;"),
    ] {
        let told = String::from_utf8(succeed(folder.path(), args).stdout).unwrap();
        assert!(told.starts_with(expected) && told.lines().count() == 1, "{args:?}: {told}");
    }
}

#[test]
fn a_run_with_a_screen_is_the_run_without_one() {
    let folder = tempfile::tempdir().unwrap();
    let file = quick_file();
    succeed(folder.path(), &quick(&file, "vae", &[&FEW[..], &["--out", "plain"]].concat()));
    let args = quick(&file, "vae", &[&FEW[..], &["--out", "shown", "--tui"]].concat());
    let Some(told) = on_a_terminal(folder.path(), &[], &args) else { return };
    assert_eq!((&told["status"], &told["screens"]), (&0.into(), &1.into()), "{told}");
    let after = told["after"].as_str().unwrap();
    assert!(after.contains("vae: evaluating") && after.contains("samples/frechet"), "{after}");
    let [plain, shown] = ["plain", "shown"].map(|run| folder.path().join(run));
    assert_eq!(log_without_times(&plain), log_without_times(&shown));
    for name in ["weights.safetensors", "optimizer.safetensors"] {
        let bytes = |run: &Path| fs::read(checkpoint(run).join(name)).unwrap();
        assert!(bytes(&plain) == bytes(&shown), "{name}");
    }
    let bytes = |run: &Path| fs::read(run.join("samples/samples.npz")).unwrap();
    assert!(bytes(&plain) == bytes(&shown));
}

#[test]
fn keys_and_signals_end_training_with_a_screen_as_without_one() {
    let folder = tempfile::tempdir().unwrap();
    let file = quick_file();
    for (out, does, status) in [("a", "x", 130), ("b", "\u{3}", 130), ("c", "SIGTERM", 143)] {
        let args = quick(&file, "gan", &[&LONG[..], &["--out", out, "--tui"]].concat());
        let key = format!("{out}/metrics.jsonl={does}");
        let Some(told) = on_a_terminal(folder.path(), &[&key], &args) else { return };
        assert_eq!(told["status"], status, "{told}");
        let after = told["after"].as_str().unwrap();
        assert!(after.contains("stopped and saved in"), "{after}");
        let dir = folder.path().join(out);
        assert_eq!(json(&dir.join("run.json"))["exit_reason"], "interrupted");
        assert!(checkpoint(&dir).exists());
    }
}

#[test]
fn a_screen_that_is_left_leaves_training_to_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let file = quick_file();
    let more = ["--budget-images", "20000", "--set", "evaluation.samples=100", "--tui"];
    let args = quick(&file, "gan", &[&more[..], &["--out", "a"]].concat());
    let keys = ["a/metrics.jsonl=s", "a/checkpoints/step-*/state.json=g", "a/metrics.jsonl=q"];
    let Some(told) = on_a_terminal(folder.path(), &keys, &args) else { return };
    assert_eq!((&told["status"], &told["screens"]), (&0.into(), &1.into()), "{told}");
    assert!(told["after"].as_str().unwrap().contains("gan: step "), "{told}");
    assert!(folder.path().join("a/report.html").exists());
}

#[test]
fn runs_of_a_group_are_shown_and_stopped_together() {
    let folder = tempfile::tempdir().unwrap();
    let file = quick_file();
    let args =
        quick(&file, "ae,vae", &[&LONG[..], &["--jobs", "2", "--out", "g", "--tui"]].concat());
    let keys = ["g/ae-s0/metrics.jsonl=\t", "g/vae-s0/metrics.jsonl=x"];
    let Some(told) = on_a_terminal(folder.path(), &keys, &args) else { return };
    assert_eq!(told["status"], 130, "{told}");
    for run in ["g/ae-s0", "g/vae-s0"] {
        let record = json(&folder.path().join(run).join("run.json"));
        assert_eq!(record["exit_reason"], "interrupted", "{run}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_run_of_another_process_is_watched_saved_and_stopped_from_outside() {
    let folder = tempfile::tempdir().unwrap();
    let file = quick_file();
    let args = quick(&file, "gan", &[&LONG[..], &["--out", "a"]].concat());
    let mut child =
        command(folder.path(), &args).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let dir = folder.path().join("a");
    until("a first line", || has_logged(&dir));
    let keys =
        ["a/metrics.jsonl=s", "a/checkpoints/step-*/MANIFEST=x", "a/checkpoints/step-*/MANIFEST=q"];
    let told = on_a_terminal(folder.path(), &keys, &["watch", "a"]);
    if told.is_none() {
        child.kill().unwrap();
    }
    let status = child.wait().unwrap().code();
    let Some(told) = told else { return };
    assert_eq!((&told["status"], &told["braille"]), (&0.into(), &true.into()), "{told}");
    assert_eq!(status, Some(143));
    assert_eq!(json(&dir.join("run.json"))["exit_reason"], "interrupted");
    assert!(fs::read_dir(dir.join("checkpoints")).unwrap().count() >= 2, "one was asked for");
}

#[test]
fn a_signal_gives_the_terminal_back() {
    let folder = tempfile::tempdir().unwrap();
    let file = quick_file();
    succeed(folder.path(), &quick(&file, "ae", &[&FEW[..], &["--out", "a"]].concat()));
    for (does, status) in [("SIGTERM", 143), ("\u{3}", 130), ("q", 0)] {
        let key = format!("a/report.html={does}");
        let Some(told) = on_a_terminal(folder.path(), &[&key], &["watch", "a"]) else { return };
        assert_eq!(told["status"], status, "{told}");
    }
}
