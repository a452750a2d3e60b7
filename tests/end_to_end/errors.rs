//! Bad input: one sentence, a failing exit code, no panic, nothing half-written.

use crate::support::run;
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
    fs::write(folder.path().join("kind.toml"), "[model.vae]\nlatent = \"wide\"\n").unwrap();
    for (args, expected) in [
        (&["--model", "vea"][..], "did you mean \"vae\"?"),
        (&["--model", "vae", "--dataset", "mnist-10"], "mnist-10k"),
        (&["--model", "vae", "--set", "model.vae.beat=4"], "did you mean \"beta\"?"),
        (&["--model", "vae", "--set", "model.vae.beta"], "--set key=value"),
        (&["--model", "vae", "--set", "model.vae.beta=-1"], "must be a number from 0"),
        (
            &["--model", "vae", "--set", "model.vae.likelihood=poisson"],
            "\"bernoulli\" or \"gaussian\"",
        ),
        (&["--model", "vae", "--set", "model.vae.latent=0"], "must be at least 1"),
        (&["--model", "vae", "--batch-size", "0"], "batch_size is 0"),
        (&["--model", "vae", "--budget-images", "0"], "budget.images is 0"),
        (&["--model", "vae", "--budget-images=-5"], "--budget-images"),
        (&["--model", "vae", "--judge", "solomon"], "write dataset, or inception=FILE"),
        (&["--model", "vae", "--judge", "inception="], "write dataset, or inception=FILE"),
        (&["--model", "vae", "--judge-sha256", "ab"], "--judge <JUDGE>"),
        (&["--model", "vae", "--set", "evaluation.judge.name=inception"], "judge.path is empty"),
        (&["--model", "vae", "--set", "evaluation.judge.path=x"], "needs no file"),
        (&["--model", "vae", "--device", "abacus"], "there is no device"),
        (&["--model", "vae", "--image-size", "big"], "give SIDE or HEIGHTxWIDTH"),
        (&["--model", "vae", "--frobnicate"], "--frobnicate"),
        (&["--experiment", "typo.toml"], "model.vae.beat (in typo.toml)"),
        (&["--experiment", "broken.toml"], "broken.toml is not valid TOML"),
        (&["--experiment", "kind.toml"], "it should be a whole number"),
        (&["--experiment", "absent.toml"], "cannot read experiment file absent.toml"),
        (&["--dataset", "mnist-10k"], "no model is given"),
        (&["compare", "nowhere"], "cannot read run nowhere"),
        (&["sample", "nowhere"], "is no run directory"),
        (&["evaluate", "nowhere"], "is no run directory"),
    ] {
        let errors = refused(folder.path(), args);
        assert!(errors.contains(expected), "{args:?}: expected {expected:?} in:\n{errors}");
    }
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
