//! What a kill at the wrong moment leaves behind: the same command still ends with the same bytes and a report.

use crate::support::{checkpoint, json, quick, quick_file, run, succeed};
use std::{fs, path::Path};

fn trained(folder: &Path, out: &str) -> Vec<u8> {
    let file = quick_file();
    let output = succeed(folder, &quick(&file, "ae", &["--budget-images", "640", "--out", out]));
    assert!(folder.join(out).join("report.html").exists(), "{output:?}");
    fs::read(checkpoint(&folder.join(out)).join("weights.safetensors")).unwrap()
}

/// Names of everything in a folder, but for the times in those of event files.
fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let name = |entry: std::io::Result<fs::DirEntry>| {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let is_event_file = name.starts_with("events.out.tfevents.");
        if is_event_file { name.replace(|c: char| c.is_ascii_digit(), "0") } else { name }
    };
    let mut names: Vec<String> = entries.map(name).collect();
    names.sort();
    names
}

/// Moves a run as its discarding does.
fn move_aside(dir: &Path, aside: &Path) {
    for entry in fs::read_dir(dir).unwrap() {
        let name = entry.unwrap().file_name();
        if name != ".discarded" && name != ".lock" {
            fs::rename(dir.join(&name), aside.join(&name)).unwrap();
        }
    }
}

#[test]
fn files_in_the_making_are_no_obstacle_and_are_cleared() {
    let folder = tempfile::tempdir().unwrap();
    let whole = trained(folder.path(), "whole");
    let dir = folder.path().join("a");
    for (place, fresh) in [(".genlab-Xy12ab.tmp", true), ("checkpoints/.writing-Xy12ab", false)] {
        let leftover = dir.join(place);
        fs::create_dir_all(leftover.parent().unwrap()).unwrap();
        if fresh {
            fs::write(&leftover, "settings_ver").unwrap();
        } else {
            fs::create_dir_all(&leftover).unwrap();
            fs::write(leftover.join("state.json"), "{").unwrap();
        }
        assert!(trained(folder.path(), "a") == whole);
        assert!(!leftover.exists());
    }
    assert_eq!(names(&dir), names(&folder.path().join("whole")));
}

#[test]
fn a_run_that_is_finished_but_for_its_report_gets_it() {
    let folder = tempfile::tempdir().unwrap();
    trained(folder.path(), "a");
    let dir = folder.path().join("a");
    let page = fs::read(dir.join("report.html")).unwrap();
    let record = fs::read_to_string(dir.join("run.json")).unwrap();
    fs::remove_file(dir.join("report.html")).unwrap();
    fs::write(
        dir.join("run.json"),
        record.replace("\"exit_reason\": \"finished\"", "\"exit_reason\": null"),
    )
    .unwrap();
    trained(folder.path(), "a");
    assert_eq!(json(&dir.join("run.json"))["exit_reason"], "finished");
    assert_eq!(fs::read(dir.join("report.html")).unwrap().len(), page.len());
}

#[test]
fn a_damaged_newest_checkpoint_gives_way_to_the_one_before_it() {
    let folder = tempfile::tempdir().unwrap();
    let whole = trained(folder.path(), "whole");
    let file = quick_file();
    // Two checkpoints: one of the time limit, and one of the end.
    let more = ["--budget-images", "640", "--out", "a", "--max-time", "0s"];
    let output = run(folder.path(), &quick(&file, "ae", &more));
    assert_eq!(output.status.code(), Some(75));
    trained(folder.path(), "a");
    let dir = folder.path().join("a");
    let steps = names(&dir.join("checkpoints"));
    assert_eq!(steps, ["step-00000001", "step-00000020"]);
    let damage = |step: &str| {
        let path = dir.join("checkpoints").join(step).join("weights.safetensors");
        let mut bytes = fs::read(&path).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        fs::write(&path, bytes).unwrap();
    };
    damage("step-00000020");
    fs::remove_file(dir.join("results.json")).unwrap();
    let args = quick(&file, "ae", &["--budget-images", "640", "--out", "a"]);
    let output = succeed(folder.path(), &args);
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        errors.contains("is damaged") && errors.contains("the checkpoint before it"),
        "{errors}"
    );
    assert!(trained(folder.path(), "a") == whole);

    fs::remove_file(dir.join("results.json")).unwrap();
    for step in names(&dir.join("checkpoints")) {
        damage(&step);
    }
    let output = run(folder.path(), &args);
    assert!(!output.status.success());
}

#[test]
fn a_run_is_discarded_only_once_the_new_one_has_a_checkpoint() {
    let folder = tempfile::tempdir().unwrap();
    let whole = trained(folder.path(), "a");
    let dir = folder.path().join("a");
    let before = names(&dir);
    let results = fs::read(dir.join("results.json")).unwrap();
    let aside = dir.join(".discarded");
    let file = quick_file();
    let args = quick(&file, "ae", &["--budget-images", "640", "--out", "a"]);

    // Killed while its files were moved aside: it is brought back.
    fs::create_dir_all(aside.join("samples")).unwrap();
    for name in ["results.json", "samples/samples.npz"] {
        fs::rename(dir.join(name), aside.join(name)).unwrap();
    }
    let output = succeed(folder.path(), &args);
    assert!(String::from_utf8_lossy(&output.stderr).contains("is finished; --fresh"));
    assert_eq!(names(&dir), before);
    assert!(fs::read(dir.join("results.json")).unwrap() == results);

    // Killed after that and before the new one began: it is brought back as well.
    fs::create_dir_all(&aside).unwrap();
    move_aside(&dir, &aside);
    let output = succeed(folder.path(), &args);
    assert!(String::from_utf8_lossy(&output.stderr).contains("is finished; --fresh"));
    assert_eq!(names(&dir), before);

    // Killed when the new one had begun: that goes on, and the old one goes with its first checkpoint.
    fs::create_dir_all(&aside).unwrap();
    move_aside(&dir, &aside);
    fs::copy(aside.join("config.toml"), dir.join("config.toml")).unwrap();
    let output = succeed(folder.path(), &args);
    assert!(!String::from_utf8_lossy(&output.stderr).contains("is finished"));
    assert_eq!(names(&dir), before);
    assert!(trained(folder.path(), "a") == whole);

    fs::write(dir.join("notes.txt"), "mine").unwrap();
    succeed(folder.path(), &[&args[..], &["--fresh"]].concat());
    assert!(trained(folder.path(), "a") == whole && !aside.exists());
    assert_eq!(fs::read(dir.join("notes.txt")).unwrap(), b"mine");
}

#[test]
fn of_a_finished_run_weights_alone_can_be_kept_and_give_the_same_samples_and_numbers() {
    let folder = tempfile::tempdir().unwrap();
    let (file, here) = (quick_file(), folder.path());
    let train = |out: &str, more: &[&str]| {
        succeed(
            here,
            &quick(&file, "gan", &[&["--budget-images", "640", "--out", out], more].concat()),
        );
    };
    let sampled = |out: &str| {
        let picture = format!("{out}.npz");
        succeed(here, &["sample", out, "--count", "8", "--out", &picture]);
        fs::read(here.join(picture)).unwrap()
    };
    train("whole", &[]);
    train("small", &["--keep", "weights"]);
    let last = checkpoint(&here.join("small"));
    assert_eq!(names(&last), ["MANIFEST", "ema.safetensors", "state.json", "weights.safetensors"]);
    assert_eq!(fs::read_dir(here.join("small/checkpoints")).unwrap().count(), 1);
    assert!(sampled("whole") == sampled("small"));
    let numbers = |out: &str| {
        succeed(here, &["evaluate", out]);
        json(&here.join(out).join("results.json"))["metrics"].clone()
    };
    let times = |metrics: serde_json::Value| -> Vec<serde_json::Value> {
        let all = metrics.as_array().unwrap().iter().cloned();
        all.filter(|one| !one["name"].as_str().unwrap().starts_with("cost/")).collect()
    };
    assert_eq!(times(numbers("whole")), times(numbers("small")));
    // One that was finished before loses it by the same command.
    train("whole", &["--keep", "weights"]);
    assert_eq!(names(&checkpoint(&here.join("whole"))), names(&last));
}

#[test]
fn checkpoints_are_saved_as_often_as_is_asked_for_and_change_no_number() {
    let folder = tempfile::tempdir().unwrap();
    let (file, here) = (quick_file(), folder.path());
    let train = |out: &str, more: &[&str]| {
        succeed(
            here,
            &quick(&file, "ae", &[&["--budget-images", "640", "--out", out], more].concat()),
        );
        fs::read(checkpoint(&here.join(out)).join("weights.safetensors")).unwrap()
    };
    let steps = |out: &str| names(&here.join(out).join("checkpoints"));
    let whole = train("whole", &[]);
    let last = steps("whole").pop().unwrap();
    assert_eq!(steps("whole").len(), 1);
    assert!(train("often", &["--save-every", "3"]) == whole);
    // The two newest: that of the end, and the last multiple of three before it.
    let number = |step: &str| step.rsplit('-').next().unwrap().parse::<u64>().unwrap();
    let before = (number(&last) - 1) / 3 * 3;
    assert_eq!(
        steps("often").iter().map(|step| number(step)).collect::<Vec<_>>(),
        [before, number(&last)]
    );
    let output = run(here, &quick(&file, "ae", &["--save-every", "0"]));
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && told.contains("it must be more than 0"), "{told}");
}
