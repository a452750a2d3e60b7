//! Signals and time limits: what is trained is saved, children included, and the same command goes on to the same bytes.

#![cfg(unix)]

use crate::support::{
    checkpoint, command, files, has_logged, json, quick, quick_file, run, succeed, until,
};
use std::{
    fs,
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

/// Sends a signal by its name.
fn send(signal: &str, pid: u32) {
    let status = Command::new("kill").args([&format!("-{signal}"), &pid.to_string()]).status();
    assert!(status.unwrap().success());
}

fn start(folder: &Path, args: &[&str]) -> Child {
    command(folder, args).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

/// The status of a process, which must end soon.
fn ended(mut child: Child) -> Option<i32> {
    let begun = Instant::now();
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status.code();
        }
        assert!(begun.elapsed() < Duration::from_secs(10), "it goes on for more than 10 s");
        thread::sleep(Duration::from_millis(5));
    }
}

fn weights(run: &Path) -> Vec<u8> {
    fs::read(checkpoint(run).join("weights.safetensors")).unwrap()
}

const LONG: [&str; 4] = ["--budget-images", "20000", "--set", "evaluation.samples=100"];

#[test]
fn each_signal_saves_and_has_a_status_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let file = quick_file();
    let args = |out| quick(&file, "gan", &[&LONG[..], &["--out", out]].concat());
    succeed(folder.path(), &args("whole"));
    for (signal, status) in [("INT", 130), ("TERM", 143), ("USR1", 75)] {
        let dir = folder.path().join(signal);
        let child = start(folder.path(), &args(signal));
        until("a first line", || has_logged(&dir));
        send(signal, child.id());
        assert_eq!(ended(child), Some(status), "{signal}");
        assert_eq!(json(&dir.join("run.json"))["exit_reason"], "interrupted");
        succeed(folder.path(), &args(signal));
        assert!(weights(&dir) == weights(&folder.path().join("whole")), "{signal}");
    }
}

#[test]
fn a_limit_of_time_ends_training_and_the_same_command_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let file = quick_file();
    let more = ["--budget-images", "2000000", "--out", "a", "--max-time", "1s"];
    let output = run(folder.path(), &quick(&file, "ae", &more));
    assert_eq!(output.status.code(), Some(75), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(checkpoint(&folder.path().join("a")).exists());
    let output = run(folder.path(), &["--model", "ae", "--max-time", "soon"]);
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn what_ends_a_group_ends_its_runs_as_well() {
    let folder = tempfile::tempdir().unwrap();
    let file = quick_file();
    let more = ["--budget-images", "2000000", "--out", "g"];
    for signal in ["TERM", "KILL"] {
        let dirs = ["g/ae-s0", "g/vae-s0"].map(|dir| folder.path().join(dir));
        let more = [&more[..], &["--jobs", "2"]].concat();
        let group = start(folder.path(), &quick(&file, "ae,vae", &more));
        until("first lines", || dirs.iter().all(|dir| has_logged(dir)));
        send(signal, group.id());
        if signal == "TERM" {
            assert_eq!(ended(group), Some(143));
        } else {
            assert_eq!(ended(group), None);
        }
        let stopped = |dir: &PathBuf| json(&dir.join("run.json"))["exit_reason"] == "interrupted";
        until("the ends of the runs", || dirs.iter().all(stopped));
        fs::remove_dir_all(folder.path().join("g")).unwrap();
    }
}

#[test]
fn a_signal_while_it_is_measured_ends_it_and_nothing_is_trained_again() {
    let folder = tempfile::tempdir().unwrap();
    let file = quick_file();
    let more =
        ["--budget-images", "640", "--out", "a", "--set", "evaluation.importance_samples=100000"];
    let args = quick(&file, "vae", &more);
    let dir = folder.path().join("a");
    let child = start(folder.path(), &args);
    let last = dir.join("checkpoints").join(format!("step-{:08}", 20));
    until("the last checkpoint", || last.exists());
    send("INT", child.id());
    assert_eq!(ended(child), Some(130));
    assert!(!dir.join("results.json").exists());
    let log = fs::read(dir.join("metrics.jsonl")).unwrap();
    let child = start(folder.path(), &args);
    thread::sleep(Duration::from_secs(1));
    send("TERM", child.id());
    assert_eq!(ended(child), Some(143));
    assert!(fs::read(dir.join("metrics.jsonl")).unwrap() == log);
}

/// What loses nothing when it ends stops at once, and leaves everything as it was.
#[test]
fn other_commands_end_at_once_and_leave_what_there_was() {
    let folder = tempfile::tempdir().unwrap();
    let file = quick_file();
    succeed(folder.path(), &quick(&file, "ddpm", &["--budget-images", "640", "--out", "a"]));
    let before = files(&folder.path().join("a"));
    // A mirror that never answers, in the place of every one.
    let mirror = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut held = Vec::new();
    let proxy = format!("http://{}", mirror.local_addr().unwrap());
    let sample = ["sample", "a", "--count", "100000", "--out", "many.npz"];
    let evaluate = ["evaluate", "a", "--set", "evaluation.samples=100000"];
    let sweep = ["sweep", "--experiment", &file, "--model", "ae", "--seeds", "0..2"];
    let sweep = [&sweep[..], &["--budget-images", "2000000", "--out", "s"]].concat();
    let logs = |dir: &Path| {
        fs::read_dir(dir).is_ok_and(|runs| runs.flatten().any(|run| has_logged(&run.path())))
    };
    for (signal, status) in [("INT", 130), ("TERM", 143), ("USR1", 75)] {
        for args in [&sample[..], &evaluate, &["fetch", "mnist"], &sweep] {
            let mut command = command(folder.path(), args);
            command.env("XDG_CACHE_HOME", folder.path().join("cache")).env("ALL_PROXY", &proxy);
            let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
            match args[0] {
                "fetch" => held.push(mirror.accept().unwrap()),
                "sweep" => until("a first line", || logs(&folder.path().join("s"))),
                _ => thread::sleep(Duration::from_millis(700)),
            }
            send(signal, child.id());
            assert_eq!(ended(child), Some(status), "{signal} to {args:?}");
            let _ = fs::remove_dir_all(folder.path().join("s"));
        }
    }
    assert!(files(&folder.path().join("a")) == before, "a run was changed");
    assert!(!folder.path().join("many.npz").exists());
}

#[test]
fn what_is_ignored_by_whoever_starts_it_stays_ignored() {
    let folder = tempfile::tempdir().unwrap();
    let file = quick_file();
    let args = quick(&file, "ae", &[&LONG[..], &["--out", "a"]].concat());
    let dir = folder.path().join("a");
    let program = command(folder.path(), &[]).get_program().to_owned();
    let mut shell = Command::new("sh");
    shell.current_dir(folder.path()).args(["-c", "trap '' HUP; exec \"$@\"", "sh"]);
    shell.arg(program).args(args).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = shell.spawn().unwrap();
    until("a first line", || has_logged(&dir));
    send("HUP", child.id());
    assert_eq!(child.wait().unwrap().code(), Some(0));
}
