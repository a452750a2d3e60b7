//! Weights of finished runs for other programs. What PyTorch makes of them is compared where GENLAB_TORCH_PYTHON names a
//! Python that has torch and safetensors; .ci/export does.

use crate::support::{MODELS, json, quick, quick_file, run, succeed};
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    ffi::OsString,
    fs,
    path::Path,
    process::{Command, Output},
};

/// Trains a small run called after its model.
fn train(folder: &Path, model: &str) {
    succeed(folder, &quick(&quick_file(), model, &["--out", model]));
}

/// What the binary says when it refuses.
fn refusal(folder: &Path, args: &[&str]) -> String {
    let output = run(folder, args);
    assert!(!output.status.success(), "{args:?} was accepted");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// The header of a safetensors file, and how many bytes follow it.
fn header(file: &Path) -> (Value, usize) {
    let bytes = fs::read(file).unwrap();
    let (length, rest) = bytes.split_at(8);
    let length = u64::from_le_bytes(length.try_into().unwrap()) as usize;
    let header = serde_json::from_slice(&rest[..length]).unwrap();
    (header, rest.len() - length)
}

#[test]
fn an_export_holds_weights_settings_a_card_and_the_model() {
    let folder = tempfile::tempdir().unwrap();
    train(folder.path(), "vae");
    let output = succeed(folder.path(), &["export", "vae"]);
    assert_eq!(String::from_utf8_lossy(&output.stdout), "vae/export\n");
    let export = folder.path().join("vae/export");

    let (header, length) = header(&export.join("model.safetensors"));
    let notes = &header["__metadata__"];
    for (key, value) in [("model", "vae"), ("dataset", "digits8x8"), ("order", "pytorch")] {
        assert_eq!(notes[key], value, "{notes}");
    }
    let tensors: Vec<_> = header.as_object().unwrap().iter().skip(1).collect();
    let parameters: u64 = tensors
        .iter()
        .map(|(_, tensor)| {
            let sides = tensor["shape"].as_array().unwrap().iter();
            sides.map(|side| side.as_u64().unwrap()).product::<u64>()
        })
        .sum();
    assert_eq!(length as u64, parameters * 4);
    let results = json(&folder.path().join("vae/results.json"));
    let counted = results["metrics"].as_array().unwrap();
    let counted = counted.iter().find(|metric| metric["name"] == "cost/params").unwrap();
    assert_eq!(counted["value"].as_f64(), Some(parameters as f64));
    assert_eq!(header["net.mean.weight"]["shape"], json!([8, 64]));

    let config = json(&export.join("config.json"));
    assert_eq!(config["settings"]["model"]["vae"]["latent_dim"], 8);
    assert_eq!(config["data"]["shape"], json!([1, 8, 8]));
    assert_eq!(config["data"]["range"], "unit");
    assert_eq!(config["classes_told"], Value::Null);

    let card = fs::read_to_string(export.join("README.md")).unwrap();
    let yaml = card.strip_prefix("---\n").unwrap().split_once("\n---\n").unwrap().0;
    for line in ["license: cc-by-4.0", "library_name: genlab", "- vae", "model-index:"] {
        assert!(yaml.lines().any(|own| own == line), "no {line:?} in\n{yaml}");
    }
    let frechet = results["metrics"].as_array().unwrap().iter();
    let frechet = frechet.clone().find(|metric| metric["name"] == "samples/frechet").unwrap();
    let entry = format!(
        "    - type: \"samples/frechet\"\n      name: \"Fréchet distance\"\n      value: {}",
        frechet["value"]
    );
    assert!(yaml.contains(&entry), "{entry}\nis not in\n{yaml}");
    assert!(card.contains("--model vae --out vae"), "the command is missing:\n{card}");

    // Again, in burn's order: the folder is replaced, and equal exports are equal files.
    succeed(folder.path(), &["export", "vae", "--out", "twice"]);
    for name in ["model.safetensors", "check.safetensors", "config.json", "README.md"] {
        let [one, other] = [export.join(name), folder.path().join("twice").join(name)];
        assert!(fs::read(one).unwrap() == fs::read(other).unwrap(), "{name} differs");
    }
    succeed(folder.path(), &["export", "vae", "--order", "burn"]);
    let burn = self::header(&export.join("model.safetensors")).0;
    assert_eq!(burn["net.mean.weight"]["shape"], json!([64, 8]));

    // What was exported is no longer true of a run that is trained anew.
    let mut fresh = quick_args("vae");
    fresh.push("--fresh".to_owned());
    succeed(folder.path(), &fresh.iter().map(String::as_str).collect::<Vec<_>>());
    assert!(!export.exists());
}

fn quick_args(model: &str) -> Vec<String> {
    let file = quick_file();
    quick(&file, model, &["--out", model]).into_iter().map(str::to_owned).collect()
}

#[test]
fn what_cannot_be_exported_is_refused_in_a_sentence_and_nothing_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let sentence = refusal(folder.path(), &["export", "nowhere"]);
    assert!(sentence.contains("nowhere is not there; give the directory of a run"), "{sentence}");

    train(folder.path(), "ae");
    fs::create_dir(folder.path().join("mine")).unwrap();
    fs::write(folder.path().join("mine/README.md"), "about other things").unwrap();
    let sentence = refusal(folder.path(), &["export", "ae", "--out", "mine"]);
    assert!(sentence.contains("mine holds README.md, but no export of genlab"), "{sentence}");
    assert_eq!(
        fs::read_to_string(folder.path().join("mine/README.md")).unwrap(),
        "about other things"
    );

    let file = quick_file();
    let led = ["--set", "model.ddpm.condition=low-resolution", "--out", "low"];
    succeed(folder.path(), &quick(&file, "ddpm", &led));
    let sentence = refusal(folder.path(), &["export", "low"]);
    assert!(sentence.contains("its model.ddpm.condition is low-resolution"), "{sentence}");
    assert!(!folder.path().join("low/export").exists());
    fs::remove_file(folder.path().join("ae/results.json")).unwrap();
    let sentence = refusal(folder.path(), &["export", "ae"]);
    assert!(sentence.contains("ae has no results"), "{sentence}");
    assert!(!folder.path().join("ae/export").exists());
}

/// The differences between genlab and PyTorch of each of some exports.
const COMPARE: &str = "import genlab, json, sys
print(json.dumps([genlab.differences(folder) for folder in sys.argv[1:]]))";

/// A Python with torch and safetensors, where the environment names one.
fn python() -> Option<OsString> {
    let python = std::env::var_os("GENLAB_TORCH_PYTHON");
    if python.is_none() {
        #[expect(clippy::print_stderr, reason = "a skipped test says so")]
        {
            eprintln!("skipped: GENLAB_TORCH_PYTHON is not set");
        }
    }
    python
}

fn in_python(python: &OsString, export: &Path, args: &[&str]) -> Output {
    Command::new(python).current_dir(export).args(args).output().unwrap()
}

/// What is compared of each export, all to within 1e-5.
fn agree(python: &OsString, folder: &Path, exports: &[String]) -> Vec<Vec<String>> {
    let paths: Vec<String> =
        exports.iter().map(|name| folder.join(name).to_string_lossy().into_owned()).collect();
    let args: Vec<&str> = ["-c", COMPARE].into_iter().chain(paths.iter().map(|p| &**p)).collect();
    let output = in_python(python, &folder.join(&exports[0]), &args);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let found: Vec<BTreeMap<String, f64>> = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(found.len(), exports.len());
    for (export, found) in exports.iter().zip(&found) {
        for (name, difference) in found {
            assert!(*difference <= 1e-5, "{export}, {name}: {difference}");
        }
    }
    found.into_iter().map(|found| found.into_keys().collect()).collect()
}

#[test]
fn pytorch_reconstructs_and_samples_as_genlab_does() {
    let Some(python) = python() else { return };
    let folder = tempfile::tempdir().unwrap();
    let mut exports = Vec::new();
    for model in MODELS {
        train(folder.path(), model);
        for order in ["pytorch", "burn"] {
            let out = format!("{model}-{order}");
            succeed(folder.path(), &["export", model, "--order", order, "--out", &out]);
            exports.push(out);
        }
    }
    let compared = agree(&python, folder.path(), &exports);
    for (export, compared) in exports.iter().zip(compared) {
        let model = export.rsplit_once('-').unwrap().0;
        let expected: &[&str] = match model {
            "ae" | "sparse-ae" => &["codes", "reconstructions"],
            "vae" => &["codes", "reconstructions", "samples"],
            _ => &["samples"],
        };
        assert_eq!(compared, expected, "{export}");
    }

    // What the cards say runs.
    for model in MODELS {
        let export = folder.path().join(format!("{model}-pytorch"));
        let card = fs::read_to_string(export.join("README.md")).unwrap();
        let code = card.split("```python\n").nth(1).unwrap().split("```").next().unwrap();
        let output = in_python(&python, &export, &["-c", code]);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{model}:\n{code}\n{errors}");
    }

    // A weight that is another is found out.
    let export = folder.path().join("vae-burn");
    let output = in_python(&python, &export, &["genlab.py"]);
    assert!(output.status.success() && !output.stdout.is_empty());
    let weights = export.join("model.safetensors");
    let mut bytes = fs::read(&weights).unwrap();
    let last = bytes.len() - 4;
    bytes[last..].copy_from_slice(&8.0_f32.to_le_bytes());
    fs::write(&weights, bytes).unwrap();
    let output = in_python(&python, &export, &["genlab.py"]);
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(!output.status.success() && told.contains("DIFFER by"), "{told}");
}

/// Settings beside the defaults that genlab.py rebuilds, below `model.<name>.`.
const VARIANTS: [(&str, &str); 25] = [
    (
        "ae",
        r#"code=sigmoid backbone={kind="conv",channels=[8,16],blocks=1,norm_groups=4,negative_slope=0.1}"#,
    ),
    ("ae", "backbone.activation=tanh"),
    ("sparse-ae", "sparsity=l1 revival=off"),
    ("sparse-ae", "sparsity=kl revival=off"),
    ("sparse-ae", "sparsity=top-k revival=off"),
    ("sparse-ae", "sparsity=batch-top-k revival=off"),
    ("sparse-ae", "sparsity=jump-relu revival=off"),
    ("vae", "likelihood=gaussian prior=mixture"),
    ("vae", "likelihood=gaussian-shared prior=vamp"),
    ("vae", "likelihood=gaussian-per-value condition=class backbone=conv"),
    ("vae", "likelihood=logistic"),
    ("gan", "condition=class"),
    ("ddpm", "condition=class sampler.guidance=classifier-free"),
    ("ddpm", "condition=class ema.also=[0.9]"),
    ("ddpm", "schedule=cosine sampler.solver=ddim sampler.spacing=uniform"),
    ("ddpm", "schedule=linear target=noise sampler.solver=ancestral sampler.spacing=trailing"),
    (
        "ddpm",
        "schedule=scaled-linear target=start sampler.solver=ancestral sampler.solver.variance=fixed-large \
         sampler.spacing=leading",
    ),
    (
        "ddpm",
        "schedule=sigmoid schedule.zero_terminal_snr=true sampler.solver=heun sampler.spacing=quadratic",
    ),
    ("ddpm", "schedule=vp target=score sampler.solver=euler sampler.spacing=roots"),
    (
        "ddpm",
        "schedule=flow target=velocity sampler.solver=euler-ancestral sampler.spacing=trailing",
    ),
    (
        "ddpm",
        "schedule=flow schedule.time_scale=10 target=velocity objective=mean-flow sampler.solver=mean-flow \
         sampler.guidance=classifier-free sampler.guidance.scale=1 sampler.spacing=trailing sampler.steps=2",
    ),
    ("ddpm", "schedule=cosine objective=hybrid sampler.spacing=trailing"),
    ("ddpm", "network=dit network.patch_size=3 optimizer.method=adam"),
    ("ddpm", "network.patch_size=3 network.attention=[1]"),
    ("ddpm", "network=mlp optimizer.method=adam"),
];

#[test]
fn pytorch_rebuilds_what_other_settings_make() {
    let Some(python) = python() else { return };
    let folder = tempfile::tempdir().unwrap();
    let (file, mut exports) = (quick_file(), Vec::new());
    let small = ["--budget-images", "1000", "--set", "evaluation.samples=64"];
    let mut export = |args: &[&str]| {
        let out = format!("run-{}", exports.len());
        succeed(folder.path(), &[args, &small, &["--out", &out]].concat());
        succeed(folder.path(), &["export", &out]);
        exports.push(format!("{out}/export"));
    };
    for (model, settings) in VARIANTS {
        let sets: Vec<String> =
            settings.split_whitespace().map(|set| format!("model.{model}.{set}")).collect();
        let sets: Vec<&str> = sets.iter().flat_map(|set| ["--set", set]).collect();
        export(&quick(&file, model, &sets));
    }
    for model in MODELS {
        export(&["--model", model, "--dataset", "ring-8"]);
    }
    export(&["--model", "vae", "--dataset", "ar1"]);
    agree(&python, folder.path(), &exports);
}
