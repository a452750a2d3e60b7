//! Looking changes nothing: how often a run is logged, validated and previewed, and how it is
//! evaluated, leaves no trace in its training.

use crate::support::{MODELS, log_without_times, quick, quick_file, succeed};
use serde_json::{Map, Value};
use std::{collections::BTreeMap, fs, path::Path};

/// The files of the last checkpoint that hold what training computes: weights, moving averages,
/// optimizer moments.
fn trained(run: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut steps: Vec<_> = fs::read_dir(run.join("checkpoints")).unwrap().flatten().collect();
    steps.sort_by_key(fs::DirEntry::file_name);
    let files = fs::read_dir(steps.pop().unwrap().path()).unwrap().flatten();
    let kept = files.filter(|file| file.path().extension().is_some_and(|e| e == "safetensors"));
    kept.map(|file| (file.file_name().into_string().unwrap(), fs::read(file.path()).unwrap()))
        .collect()
}

/// The lines of a log without what was seen on the validation split.
fn training_lines(run: &Path) -> Vec<Map<String, Value>> {
    let lines = log_without_times(run).into_iter().map(|line| {
        let line = line.as_object().unwrap().clone();
        line.into_iter().filter(|(name, _)| !name.starts_with("validation/")).collect()
    });
    lines.collect()
}

#[test]
fn logging_validation_and_evaluation_leave_training_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let file = quick_file();
    for model in MODELS {
        let train = |out: &str, looks: &[&str]| {
            let mut more = vec!["--budget-images", "1280", "--out", out];
            more.extend(looks.iter().flat_map(|look| ["--set", look]));
            succeed(folder.path(), &quick(&file, model, &more));
            folder.path().join(out)
        };
        // 40 steps: a line, and a validation and a preview every so many of them, or hardly any.
        let often = train(&format!("{model}-often"), &["evaluation.log_lines=40"]);
        let less = ["evaluation.log_lines=40", "evaluation.validation_images=3"];
        let other = train(&format!("{model}-other"), &less);
        let seldom = train(
            &format!("{model}-seldom"),
            &["evaluation.log_lines=1", "evaluation.samples=70", "evaluation.split=validation"],
        );
        let weights = trained(&often);
        assert!(!weights.is_empty(), "{model} left no weights");
        assert!(weights == trained(&other), "{model}: validation changed the weights");
        assert!(weights == trained(&seldom), "{model}: looking changed the weights");

        let lines = training_lines(&often);
        assert_eq!(lines.len(), 40, "{model}");
        assert_eq!(lines, training_lines(&other), "{model}");
        let last = training_lines(&seldom);
        assert_eq!((last.len(), &last[0]["step"]), (1, &lines[39]["step"]), "{model}");
        assert_ne!(log_without_times(&often), log_without_times(&other), "{model} was validated");
    }
}
