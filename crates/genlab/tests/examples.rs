//! The examples do what they say.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

/// The program of an example, which `cargo test --workspace` builds beside this one.
fn example(name: &str) -> PathBuf {
    let this = std::env::current_exe().expect("this program has a path");
    let folder = this.parent().and_then(Path::parent).expect("it lies in target/debug/deps");
    let program =
        folder.join("examples").join(name).with_extension(std::env::consts::EXE_EXTENSION);
    assert!(program.is_file(), "{name} is not built; run cargo test --workspace, without --test");
    program
}

fn printed(name: &str, args: &[&str]) -> String {
    let output = Command::new(example(name)).args(args).output().expect("it starts");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{name} failed:\n{errors}");
    String::from_utf8(output.stdout).expect("text")
}

/// The first number after `name`.
fn number(line: &str, name: &str) -> f64 {
    let rest = line.split_once(name).unwrap_or_else(|| panic!("no {name} in {line}")).1;
    let number = |c: char| c.is_ascii_digit() || matches!(c, '.' | '-');
    let rest = &rest[rest.find(number).expect("a number")..];
    let end = rest.find(|c| !number(c)).unwrap_or(rest.len());
    rest[..end].parse().expect("a number")
}

#[test]
fn training_lowers_the_loss() {
    for name in ["train", "own_model"] {
        let text = printed(name, &[]);
        let losses: Vec<f64> = text
            .lines()
            .filter(|line| line.contains("\"loss\""))
            .map(|line| number(line, "\"loss\""))
            .collect();
        assert!(losses.len() >= 20, "{name}: {text}");
        assert!(
            losses[losses.len() - 1] < 0.95 * losses[0]
                || losses[0] > 0.0 && losses[losses.len() - 1] < 0.0,
            "{name}: {losses:?}"
        );
    }
}

#[test]
fn samples_become_a_picture() {
    let dir = tempfile::tempdir().expect("a folder");
    let file = dir.path().join("digits.png");
    printed("sample", &[file.to_str().expect("text")]);
    let bytes = std::fs::read(&file).expect("a picture");
    assert!(bytes.starts_with(b"\x89PNG"), "no PNG file");
}

#[test]
fn a_measure_of_ones_own_stands_beside_the_others() {
    let text = printed("own_metric", &[]);
    let ink = number(&text, "samples/ink =");
    assert!((0.7..1.3).contains(&ink), "{text}");
    assert!(number(&text, "samples/frechet =") > 0.0, "{text}");
    let own = printed("own_model", &[]);
    assert!(number(&own, "samples/frechet =") > number(&text, "samples/frechet ="), "{own}{text}");
}
