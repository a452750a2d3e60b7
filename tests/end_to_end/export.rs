//! Weights of finished runs for other programs. What PyTorch makes of them is compared where GENLAB_TORCH_PYTHON names a
//! Python that has torch and safetensors; .ci/export does.

use crate::support::{MODELS, json, quick, quick_file, run, succeed};
use serde_json::{Value, json};
use std::{fs, path::Path, process::Command};

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
    assert!(sentence.contains("nowhere is not a run directory"), "{sentence}");

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

/// What the differences between genlab and PyTorch are, by `genlab.differences`.
const COMPARE: &str = "import genlab, json; print(json.dumps(genlab.differences('.')))";

#[test]
fn pytorch_reconstructs_and_samples_as_genlab_does() {
    let Some(python) = std::env::var_os("GENLAB_TORCH_PYTHON") else {
        #[expect(clippy::print_stderr, reason = "a skipped test says so")]
        {
            eprintln!("skipped: GENLAB_TORCH_PYTHON is not set");
        }
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let in_python = |export: &Path, args: &[&str]| {
        Command::new(&python).current_dir(export).args(args).output().unwrap()
    };
    for model in MODELS {
        train(folder.path(), model);
        for order in ["burn", "pytorch"] {
            succeed(folder.path(), &["export", model, "--order", order]);
            let export = folder.path().join(model).join("export");
            let output = in_python(&export, &["-c", COMPARE]);
            let errors = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{model} in the order of {order}: {errors}");
            let found: Value = serde_json::from_slice(&output.stdout).unwrap();
            let found = found.as_object().unwrap();
            let codes = ["ae", "sparse-ae", "vae"].contains(&model);
            let samples = ["vae", "gan", "ddpm"].contains(&model);
            assert_eq!(found.contains_key("reconstructions"), codes, "{model}: {found:?}");
            assert_eq!(found.contains_key("samples"), samples, "{model}: {found:?}");
            for (name, difference) in found {
                let difference = difference.as_f64().unwrap();
                assert!(difference <= 1e-5, "{model}, {name}: {difference}");
            }
        }
    }

    // What the cards say runs.
    for model in MODELS {
        let export = folder.path().join(model).join("export");
        let card = fs::read_to_string(export.join("README.md")).unwrap();
        let code = card.split("```python\n").nth(1).unwrap().split("```").next().unwrap();
        let output = in_python(&export, &["-c", code]);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{model}:\n{code}\n{errors}");
    }

    // A weight that is another is found out.
    let export = folder.path().join("vae/export");
    let output = in_python(&export, &["genlab.py"]);
    assert!(output.status.success() && !output.stdout.is_empty());
    let weights = export.join("model.safetensors");
    let mut bytes = fs::read(&weights).unwrap();
    let last = bytes.len() - 4;
    bytes[last..].copy_from_slice(&8.0_f32.to_le_bytes());
    fs::write(&weights, bytes).unwrap();
    let output = in_python(&export, &["genlab.py"]);
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(!output.status.success() && told.contains("DIFFER by"), "{told}");
}
