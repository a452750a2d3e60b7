//! Many runs with one command.

use crate::support::{command, json, log_without_times, metric, quick_file, run, succeed};
use serde_json::Value;
use std::{fs, path::Path, process::Command};

/// The sweep of two models, one with two values of a setting.
fn sweep<'a>(experiment: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let args = ["sweep", "--experiment", experiment, "--model", "ae,vae", "--set"];
    [&args[..], &["model.vae.beta=0.5,2"], more].concat()
}

fn plan(folder: &Path, args: &[&str]) -> Vec<Value> {
    let printed = succeed(folder, &[args, &["--dry-run"]].concat()).stdout;
    let lines = String::from_utf8(printed).unwrap();
    lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn two_jobs_find_what_one_finds_and_what_is_finished_is_not_run_again() {
    let (folder, quick) = (tempfile::tempdir().unwrap(), quick_file());
    let folder = folder.path();
    let args = |more: &[&'static str]| sweep(&quick, more);
    let planned = plan(folder, &args(&["--seeds", "2", "--out", "two"]));
    assert_eq!(planned.len(), 6);
    assert!(fs::read_dir(folder).unwrap().next().is_none(), "a plan writes nothing");

    succeed(folder, &args(&["--seeds", "1", "--out", "one"]));
    let output = succeed(folder, &args(&["--seeds", "2", "--jobs", "2", "--out", "two"]));
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(told.contains("vae beta=0.5") && told.contains("2/2"), "{told}");
    let name = |line: &Value| line["run"].as_str().unwrap().to_owned();
    for line in planned.iter().filter(|line| line["seed"] == 0) {
        let [one, two] = ["one", "two"].map(|out| folder.join(out).join(name(line)));
        assert_eq!(log_without_times(&one), log_without_times(&two));
        assert_eq!(metric(&one, "samples/frechet"), metric(&two, "samples/frechet"));
    }

    // One more seed of the first, and only that is trained.
    let before = fs::read(folder.join("one").join(name(&planned[0])).join("run.json")).unwrap();
    let output = succeed(folder, &args(&["--seeds", "0,1", "--out", "one"]));
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(told.contains("6 runs, 3 finished before"), "{told}");
    let after = fs::read(folder.join("one").join(name(&planned[0])).join("run.json")).unwrap();
    assert_eq!(before, after);
    let homes = fs::read_dir(folder.join("one")).unwrap().map(|entry| entry.unwrap().path());
    let homes = homes.filter(|path| path.join("plan.jsonl").exists());
    for home in homes {
        let files = fs::read_dir(&home).unwrap().map(|file| file.unwrap().file_name());
        let mut files: Vec<String> = files.map(|name| name.into_string().unwrap()).collect();
        files.sort();
        let comparison = ["comparison.csv", "comparison.json", "comparison.md", "comparison.tex"];
        let others = ["curves.csv", "figures", "plan.jsonl", "report.html"];
        assert_eq!(files, [&comparison[..], &others].concat(), "no settings and logs are left");
    }
}

#[test]
fn a_run_by_its_number_is_that_of_the_whole_and_the_status_counts_it() {
    let (folder, quick) = (tempfile::tempdir().unwrap(), quick_file());
    let folder = folder.path();
    let args = |more: &[&'static str]| sweep(&quick, &[more, &["--out", "runs"]].concat());
    succeed(folder, &args(&["--index", "2"]));
    let planned = plan(folder, &args(&[]));
    let dir = folder.join("runs").join(planned[2]["run"].as_str().unwrap());
    assert_eq!(json(&dir.join("results.json"))["status"], "finished");
    let told = succeed(folder, &args(&["--status"])).stdout;
    let told = String::from_utf8_lossy(&told).into_owned();
    assert!(told.contains("1 of 3 runs finished"), "{told}");
    let output = run(folder, &args(&["--index", "3"]));
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(told.contains("--index 3 names no run: the plan has those from 0 to 2"), "{told}");
}

#[test]
fn a_run_that_fails_is_named_and_the_others_are_compared() {
    let (folder, quick) = (tempfile::tempdir().unwrap(), quick_file());
    let folder = folder.path();
    // A rate at which the weights overflow.
    let rate = ["--set", "model.ae.optimizer.learning_rate=0.001,1e30"];
    let args = ["sweep", "--experiment", &quick, "--model", "ae", "--out", "runs"];
    let output = run(folder, &[&args[..], &rate].concat());
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success());
    assert!(
        told.contains("failed: error: ae diverged") && told.contains("did not finish"),
        "{told}"
    );
    assert!(told.contains("report: "), "{told}");
}

#[test]
fn results_that_nobody_reads_are_no_fault_and_those_that_cannot_be_written_are_one_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let args = ["sweep", "--model", "vae", "--seeds", "2000", "--dry-run"];
    let mut head = command(folder.path(), &args);
    let child = head.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
    let mut child = child.spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success() && told.is_empty(), "{told}");
    if Path::new("/dev/full").exists() {
        let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let output = command(folder.path(), &args).stdout(full).output().unwrap();
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success());
        assert!(
            told.starts_with("error: cannot print the results: ") && told.lines().count() == 1,
            "{told}"
        );
    }
}

#[test]
fn a_job_for_slurm_has_a_task_for_each_run_and_hands_signals_on() {
    let (folder, quick) = (tempfile::tempdir().unwrap(), quick_file());
    let folder = folder.path();
    let more = ["slurm", "--out", "my runs", "--jobs", "3", "--sbatch=--time=10:00"];
    let args: Vec<&str> = [&sweep(&quick, &[])[..], &more].concat();
    let printed = succeed(folder, &[&args[..], &["--dry-run"]].concat()).stdout;
    let script = String::from_utf8(printed).unwrap();
    for line in [
        "#SBATCH --array=0-2%3\n",
        "#SBATCH --requeue\n",
        "#SBATCH --signal=B:USR1@120\n",
        "#SBATCH --open-mode=append\n",
        "#SBATCH --time=10:00\n",
        " --out 'my runs'/\"$run\" --device auto &\n",
    ] {
        assert!(script.contains(line), "{line}\n{script}");
    }
    assert_eq!(script.matches("\n  vae-digits8x8-s0-").count(), 2, "{script}");
    assert!(fs::read_dir(folder).unwrap().next().is_none(), "a plan writes nothing");
    let checked = Command::new("bash").args(["-n", "-c", &script]).status().unwrap();
    assert!(checked.success());

    // Where there is no Slurm the job is written all the same.
    let output = command(folder, &args).env("PATH", "").output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && errors.contains("there is no sbatch here"), "{errors}");
    let home = fs::read_dir(folder.join("my runs")).unwrap().next().unwrap().unwrap().path();
    assert!(home.join("job.sh").exists() && home.join("plan.jsonl").exists());
}

#[test]
fn a_search_by_halving_trains_the_best_alone_to_the_end_and_never_looks_at_the_test_split() {
    let (folder, quick) = (tempfile::tempdir().unwrap(), quick_file());
    let folder = folder.path();
    let args = |more: &[&'static str]| {
        let range = ["--model", "vae", "--set", "model.vae.beta=0.5..50", "--trials", "4"];
        [&["sweep", "--experiment", &quick][..], &range, more].concat()
    };
    let told = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let planned = plan(folder, &args(&["--halving", "--out", "runs"]));
    assert_eq!(planned.len(), 4);
    let output = succeed(folder, &args(&["--halving", "--out", "runs"]));
    let (printed, progress) = (told(&output.stdout), told(&output.stderr));
    assert!(printed.contains("best on validation: vae model.vae.beta="), "{printed}");
    assert!(
        progress.contains(": 2 of 4 go on") && progress.contains(": 1 of 2 go on"),
        "{progress}"
    );
    let runs: Vec<_> = fs::read_dir(folder.join("runs"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.join("results.json").exists())
        .collect();
    assert_eq!(runs.len(), 4 + 2 + 1);
    for run in &runs {
        let results = json(&run.join("results.json"));
        let splits = results["metrics"].as_array().unwrap().iter().map(|one| &one["split"]);
        assert!(splits.clone().all(|split| split != "test"), "{}", run.display());
        assert!(splits.clone().any(|split| split == "validation"));
    }
    // What is done is done.
    let again = succeed(folder, &args(&["--halving", "--out", "runs"]));
    assert_eq!(told(&again.stdout), printed);
    let refused = |more: &[&'static str]| told(&run(folder, &args(more)).stderr);
    assert!(refused(&["--set", "evaluation.split=test"]).contains("leave it out"));
    assert!(refused(&["--by", "kl"]).contains("is no metric; there are "));
    let grid = ["sweep", "--model", "vae", "--set", "model.vae.beta=1..2"];
    assert!(told(&run(folder, &grid).stderr).contains("is a range; say with --trials N"));
}
