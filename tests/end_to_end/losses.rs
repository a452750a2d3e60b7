//! The losses of the first 50 steps of each model with its defaults, to the last bit: a change that moves a number is seen
//! where it is made. `GENLAB_LOSSES=write` writes them anew, for a change that is meant to.

use crate::support::{MODELS, log_without_times, repository, succeed};
use serde_json::{Map, Value, json};
use std::{env, fs, path::Path};

const STEPS: usize = 50;
/// Over so many steps losses of other processors are near these; small differences grow from step to step.
const NEAR_STEPS: usize = 10;
const NEAR: f64 = 1e-3;

/// What a result can depend on to the bit: the width of the processor's vectors, and its first-level cache, by which
/// matrix products are cut into blocks.
fn processor() -> String {
    let cache = fs::read_to_string("/sys/devices/system/cpu/cpu0/cache/index0/size");
    let cache = cache.map_or("unknown".to_owned(), |size| size.trim().to_owned());
    format!("{}-{cache}", vectors())
}

#[cfg(target_arch = "x86_64")]
fn vectors() -> &'static str {
    if is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512dq") {
        "avx512"
    } else if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
        "avx2"
    } else {
        "sse2"
    }
}

#[cfg(not(target_arch = "x86_64"))]
fn vectors() -> &'static str {
    env::consts::ARCH
}

/// Each scalar of the steps by its name.
fn losses(folder: &Path, model: &str) -> Map<String, Value> {
    let sizes = ["--budget-images", "1600", "--set", "batch_size=32"];
    let few = ["--set", "evaluation.samples=200", "--set", "evaluation.validation_images=32"];
    let what = ["--model", model, "--dataset", "digits8x8", "--out", model];
    succeed(folder, &[&what[..], &sizes, &few].concat());
    let mut series = Map::new();
    for line in log_without_times(&folder.join(model)) {
        for (name, value) in line.as_object().unwrap() {
            if name.starts_with("train/") {
                let series = series.entry(name.clone()).or_insert_with(|| json!([]));
                series.as_array_mut().unwrap().push(value.clone());
            }
        }
    }
    let (name, first) = series.iter().next().unwrap();
    assert_eq!(first.as_array().unwrap().len(), STEPS, "{model}: {name}");
    series
}

/// A line for each series.
fn written(models: &Map<String, Value>) -> String {
    let model = |(name, series): (&String, &Value)| {
        let lines: Vec<String> = series
            .as_object()
            .unwrap()
            .iter()
            .map(|(name, values)| format!("    {}: {values}", json!(name)))
            .collect();
        format!("  {}: {{\n{}\n  }}", json!(name), lines.join(",\n"))
    };
    format!("{{\n{}\n}}\n", models.iter().map(model).collect::<Vec<_>>().join(",\n"))
}

fn near(model: &str, found: &Value, known: &Value) {
    for (name, known) in known.as_object().unwrap() {
        let pairs = found[name].as_array().unwrap().iter().zip(known.as_array().unwrap());
        for (step, (found, known)) in pairs.take(NEAR_STEPS).enumerate() {
            let (found, known) = (found.as_f64().unwrap(), known.as_f64().unwrap());
            let bound = NEAR * known.abs().max(NEAR);
            assert!(
                (found - known).abs() <= bound,
                "{model}, step {}: {name} is {found}, and was {known}",
                step + 1
            );
        }
    }
}

#[test]
#[expect(clippy::print_stdout, reason = "a test that is skipped in part says so")]
fn the_first_losses_of_each_model_are_those_that_are_known() {
    let folder = tempfile::tempdir().unwrap();
    let mut found = Map::new();
    for model in MODELS {
        found.insert(model.to_owned(), Value::Object(losses(folder.path(), model)));
    }
    let home = repository("tests/end_to_end/losses");
    let own = home.join(format!("{}.json", processor()));
    if env::var("GENLAB_LOSSES").is_ok_and(|what| what == "write") {
        fs::create_dir_all(&home).unwrap();
        fs::write(&own, written(&found)).unwrap();
    }
    if let Ok(known) = fs::read_to_string(&own) {
        let (known, found) = (known.lines(), written(&found));
        for (known, found) in known.zip(found.lines()) {
            assert_eq!(found, known, "a loss differs in its bits; see the head of losses.rs");
        }
        return;
    }
    println!(
        "skipped: no losses are known to the bit for {}; they are held near others",
        processor()
    );
    for entry in fs::read_dir(&home).unwrap() {
        let known: Map<String, Value> =
            serde_json::from_str(&fs::read_to_string(entry.unwrap().path()).unwrap()).unwrap();
        for model in MODELS {
            near(model, &found[model], &known[model]);
        }
    }
}
