//! Bad input: one sentence, a failing exit code, no panic, nothing half-written.

use crate::support::{json, quick, quick_file, run, succeed};
use std::{fs, path::Path};

/// Runs with `args`, expects failure, and returns the one sentence.
fn refused(folder: &Path, args: &[&str]) -> String {
    let output = run(folder, args);
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success(), "{args:?} was accepted");
    assert!(!errors.contains("panicked"), "{args:?} panicked:\n{errors}");
    assert!(!folder.join("runs").exists(), "{args:?} left a run behind");
    errors
}

#[test]
fn bad_flags_and_settings_are_refused_in_one_sentence() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("typo.toml"), "[model.vae]\nbeat = 4\n").unwrap();
    fs::write(folder.path().join("broken.toml"), "[model.vae\n").unwrap();
    fs::create_dir_all(folder.path().join("group/vae-s0")).unwrap();
    fs::write(folder.path().join("group/vae-s0/config.toml"), "").unwrap();
    fs::write(folder.path().join("kind.toml"), "[model.vae]\nlatent_dim = \"wide\"\n").unwrap();
    for (args, expected) in [
        (&["--model", "vea"][..], "did you mean \"vae\"?"),
        (&["--model", "vae", "--dataset", "mnist-10"], "mnist-10k"),
        (&["--model", "vae", "--set", "model.vae.beat=4"], "did you mean \"beta\"?"),
        // What is said of a model that is not trained is read all the same.
        (&["--model", "vae", "--set", "model.gan.emma=off"], "did you mean \"ema\"?"),
        (&["--model", "vae", "--set", "model.ddpm.sampler.steps=-4"], "model.ddpm.sampler.steps"),
        (&["--model", "vae", "--set", "evaluation.lpips=alex.safetensors"], "it should be a table"),
        (
            &["--model", "ae", "--set", "model.ae.condition=class"],
            "ae is never told a class; the models that can be are vae, gan, ddpm",
        ),
        (&["--model", "vae", "--set", "model.vae.beta"], "--set key=value"),
        (
            &["--model", "vae", "--set", "model.vae.beta=-1"],
            "model.vae.beta is -1; it must be 0 or greater",
        ),
        (
            &["--model", "vae", "--set", "model.vae.likelihood=poisson"],
            "\"bernoulli\", \"gaussian\", \"gaussian-shared\"",
        ),
        (&["--model", "vae", "--set", "model.vae.latent_dim=0"], "must be at least 1"),
        (&["--model", "vae", "--batch-size", "0"], "batch_size is 0"),
        (&["--model", "vae", "--budget-images", "0"], "budget.images is 0"),
        (&["--model", "vae", "--budget-images=-5"], "--budget-images"),
        (&["--model", "vae", "--precision", "f64"], "it should be \"f32\" or \"bf16\""),
        (&["--model", "vae", "--colour", "blue"], "data.colour is \"blue\" (in --colour)"),
        (&["--model", "vae", "--judge", "solomon"], "give dataset, run=DIR or inception=FILE"),
        (&["--model", "vae", "--judge", "inception="], "give dataset, run=DIR or inception=FILE"),
        (&["--model", "vae", "--judge-sha256", "ab"], "--judge <JUDGE>"),
        (
            &["--model", "vae", "--judge", "run=a", "--judge-sha256", "ab"],
            "the hash of a run is that of the weights that it has",
        ),
        (&["--model", "vae", "--set", "evaluation.judge=run"], "judge.path is empty"),
        (&["--model", "vae", "--set", "evaluation.judge=inception"], "judge.path is empty"),
        (&["--model", "vae", "--set", "evaluation.judge.path=x"], "where kind is \"dataset\""),
        (&["--model", "vae", "--set", "evaluation.lpips.sha256=ab"], "lpips.path is empty"),
        (&["--model", "vae", "--device", "abacus"], "there is no device"),
        (&["--model", "vae", "--image-size", "big"], "give SIDE or HEIGHTxWIDTH"),
        (&["--model", "vae", "--frobnicate"], "--frobnicate"),
        (&["--experiment", "typo.toml"], "model.vae.beat (in typo.toml)"),
        (&["--experiment", "broken.toml"], "broken.toml is not valid TOML"),
        (&["--experiment", "kind.toml"], "it should be a whole number"),
        (&["--experiment", "absent.toml"], "cannot read experiment file absent.toml"),
        (&["--dataset", "mnist-10k"], "no model is given"),
        (&["compare", "nowhere"], "cannot read run nowhere"),
        (&["sample", "nowhere"], "nowhere is not there; give the directory of a run"),
        (&["sample", "group"], "holds several; give one of them, such as group/vae-s0"),
        (&["evaluate", "group"], "holds several; give one of them, such as group/vae-s0"),
        (&["evaluate", "nowhere"], "nowhere is not there; give the directory of a run"),
    ] {
        let errors = refused(folder.path(), args);
        assert!(errors.contains(expected), "{args:?}: expected {expected:?} in:\n{errors}");
    }
}

#[test]
fn a_run_of_other_settings_or_of_another_version_of_them_is_never_taken_for_this_one() {
    let folder = tempfile::tempdir().unwrap();
    let file = quick_file();
    let more = ["--budget-images", "320", "--set", "evaluation.samples=100", "--out", "run"];
    let args = quick(&file, "ae", &more);
    succeed(folder.path(), &args);
    let other = [&args[..], &["--set", "model.ae.latent_dim=9"]].concat();
    assert!(refused(folder.path(), &other).contains("holds a run with other settings"));

    let config = folder.path().join("run/config.toml");
    let text = fs::read_to_string(&config).unwrap();
    for (replacement, expected) in [
        ("", "it has no settings_version"),
        ("settings_version = 9\n", "its settings_version is 9"),
    ] {
        fs::write(&config, text.replace("settings_version = 3\n", replacement)).unwrap();
        for args in [&args[..], &["sample", "run"], &["evaluate", "run"]] {
            let errors = refused(folder.path(), args);
            assert!(errors.contains(expected) && errors.contains("--fresh"), "{errors}");
        }
    }
    fs::write(&config, text).unwrap();
    succeed(folder.path(), &args);
}

#[test]
fn data_that_cannot_be_read_is_refused_in_one_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let bad = folder.path().join("bad");
    fs::create_dir_all(&bad).unwrap();
    fs::write(bad.join("train-images-idx3-ubyte"), b"not images").unwrap();
    fs::create_dir_all(folder.path().join("empty")).unwrap();
    for (args, expected) in [
        (
            &["--model", "ae", "--dataset", "mnist", "--data-dir", "bad"][..],
            "missing from bad: train-labels",
        ),
        (&["--model", "ae", "--dataset", "mnist", "--data-dir", "absent"], "absent"),
        (&["--model", "ae", "--dataset", "folder:absent"], "absent"),
        (&["--model", "all", "--dataset", "folder:empty"], "empty"),
    ] {
        let errors = refused(folder.path(), args);
        assert!(errors.contains(expected), "{args:?}: expected {expected:?} in:\n{errors}");
    }
}

#[test]
fn a_directory_with_other_files_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let precious = folder.path().join("thesis");
    fs::create_dir_all(&precious).unwrap();
    fs::write(precious.join("chapter.tex"), "text").unwrap();
    for more in [&[][..], &["--fresh"]] {
        let mut args = vec!["--model", "ae", "--dataset", "digits8x8", "--out", "thesis"];
        args.extend(more);
        let errors = refused(folder.path(), &args);
        assert!(errors.contains("holds no run"), "{errors}");
    }
    assert_eq!(fs::read_to_string(precious.join("chapter.tex")).unwrap(), "text");
}

#[test]
fn settings_of_another_program_make_no_run_and_its_folder_is_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let site = folder.path().join("site");
    fs::create_dir_all(site.join("checkpoints")).unwrap();
    fs::write(site.join("config.toml"), "baseURL = \"https://example.org\"\n").unwrap();
    fs::write(site.join("report.html"), "<h1>Annual report</h1>").unwrap();
    for more in [&[][..], &["--fresh"]] {
        let args = ["--model", "ae", "--dataset", "digits8x8", "--out", "site"];
        let errors = refused(folder.path(), &[&args, more].concat());
        assert!(errors.contains("site"), "{errors}");
    }
    let errors =
        refused(folder.path(), &["--model", "ae,vae", "--dataset", "digits8x8", "--out", "site"]);
    assert!(errors.contains("report.html is not genlab's"), "{errors}");
    let mut names: Vec<_> =
        fs::read_dir(&site).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["checkpoints", "config.toml", "report.html"]);
}

#[test]
fn what_others_put_into_a_run_stays_when_it_is_trained_anew() {
    let folder = tempfile::tempdir().unwrap();
    let file = quick_file();
    let args = quick(&file, "ae", &["--budget-images", "600", "--out", "run"]);
    succeed(folder.path(), &args);
    let run = folder.path().join("run");
    let notes = [run.join("notes.md"), run.join("samples/mine.png"), run.join("checkpoints/why")];
    for note in &notes {
        fs::write(note, "mine").unwrap();
    }
    let errors = refused(folder.path(), &["compare", "run", "--out", "run"]);
    assert!(errors.contains("is a run, whose report would be lost"), "{errors}");
    let table = folder.path().join("other/comparison.csv");
    fs::create_dir(table.parent().unwrap()).unwrap();
    fs::write(&table, "name,age\n").unwrap();
    let errors = refused(folder.path(), &["compare", "run", "--out", "other"]);
    assert!(errors.contains("comparison.csv is not genlab's; choose another --out"), "{errors}");
    assert_eq!(fs::read_to_string(&table).unwrap(), "name,age\n");
    succeed(folder.path(), &[&args[..], &["--fresh"]].concat());
    for note in &notes {
        assert_eq!(fs::read_to_string(note).unwrap(), "mine", "{}", note.display());
    }
    assert!(run.join("report.html").exists());
}

#[test]
fn weights_that_the_last_step_broke_are_no_finished_run() {
    let folder = tempfile::tempdir().unwrap();
    let file = quick_file();
    let rate =
        ["--set", "model.ae.optimizer.learning_rate=1e38", "--set", "model.ae.optimizer.warmup=0"];
    let more = [&rate[..], &["--budget-images", "32", "--batch-size", "32", "--out", "a"]].concat();
    let output = run(folder.path(), &quick(&file, "ae", &more));
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && errors.contains("ae diverged: "), "{errors}");
    assert_eq!(json(&folder.path().join("a/results.json"))["status"], "diverged");
}

#[test]
fn a_picture_that_nobody_can_look_at_is_refused_before_it_is_made() {
    let folder = tempfile::tempdir().unwrap();
    let file = quick_file();
    succeed(folder.path(), &quick(&file, "gan", &["--budget-images", "32", "--out", "a"]));
    let output = run(folder.path(), &["sample", "a", "--count", "1000000", "--out", "x.png"]);
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        errors.contains("give fewer, or --out FILE.npz") && !output.status.success(),
        "{errors}"
    );
    assert!(!folder.path().join("x.png").exists());
}
