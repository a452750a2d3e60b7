//! Defaults, an experiment file and flags, merged and checked into one value.

use super::{
    draft::{Draft, Refused},
    flags,
    judge::JudgeConfig,
    layer::{Layer, parse_set, parse_toml},
    run_config::RunConfig,
    stored::without_header,
    words,
};
use crate::{cli::SettingArgs, registry::ModelConfig};
use anyhow::{Context, Result, bail};
use genlab_core::{Check, Kind, files};
use std::path::Path;
use toml::{Table, Value};

/// One config per run that the flags ask for, models in order, `seeds` within each, counting up from `seed`.
///
/// # Errors
/// One sentence: which key, flag or file is wrong, and how to mend it.
pub(crate) fn resolve(args: &SettingArgs, seed: Option<u64>, seeds: u64) -> Result<Vec<RunConfig>> {
    let file = args.experiment.as_deref().map(read_experiment).transpose()?.unwrap_or_default();
    let mut layers = Vec::new();
    if let Some(path) = &args.experiment {
        layers.push(Layer::of_table(&file, path.display().to_string()));
    }
    layers.push(sets(&args.set)?);
    layers.extend(flags::layers(args, seed)?);
    // The last word on it comes from the last layer.
    let dataset = layers.iter().rev().find_map(|layer| layer.get(&["dataset"])?.as_str());
    let dataset = dataset.map(str::to_owned);
    let laid = |model: &str| laid(&layers, model, dataset.as_deref());
    let mut configs = Vec::new();
    let chosen = models(args, &file)?;
    for model in &chosen {
        let config = laid(model)?;
        for number in 0..seeds {
            let seed = config.seed.saturating_add(number);
            let config = RunConfig { seed, ..config.clone() };
            config.check()?;
            config.require_pairs()?;
            configs.push(config);
        }
    }
    if args.judge.judge.is_some() {
        let models: Vec<_> = configs.iter().map(|config| config.model.clone()).collect();
        JudgeConfig::require_sense(&models)?;
    }
    // What is said of other models has no effect here, but a slip in it is a slip all the same.
    for model in ModelConfig::known_names().into_iter().filter(|model| !chosen.contains(model)) {
        laid(model)?.check()?;
    }
    require_effect(&args.set, &chosen)?;
    Ok(configs)
}

/// # Errors
/// When a line of `--set` is about a model that is not trained. A file may serve several models; a line is meant.
fn require_effect(lines: &[String], chosen: &[&str]) -> Result<()> {
    for line in lines {
        let (path, _) = parse_set(line)?;
        if let [first, name, ..] = &path[..]
            && first == "model"
            && !chosen.contains(&name.as_str())
        {
            let models = chosen.join(", ");
            bail!(
                "--set {line} has no effect: it is about {name}, and what is trained is {models}; leave it out, or add {name} \
                 to --model"
            );
        }
    }
    Ok(())
}

/// The settings of a finished run, with those lines of `--set` over them that say how it is measured.
///
/// # Errors
/// One sentence: which line is wrong, and how to mend it.
pub(crate) fn measured_with(config: &RunConfig, lines: &[String]) -> Result<RunConfig> {
    let mut draft = Draft::new(config);
    let other = |path: &[String]| path[0] != "evaluation";
    for line in lines {
        if other(&parse_set(line)?.0) {
            bail!(
                "--set {line} says how a run is made, and this one is finished; only settings of the evaluation can be \
                 changed, such as evaluation.samples=500"
            );
        }
    }
    let layer = sets(lines)?;
    let told = |refused| explained(refused, &layer, config.model.name());
    layer.over(&mut draft, other).map_err(told)?;
    let config = draft.finish();
    config.check()?;
    Ok(config)
}

/// The defaults of `model` on `dataset` under all layers. One experiment file can serve several models.
fn laid(layers: &[Layer], model: &str, dataset: Option<&str>) -> Result<RunConfig> {
    let defaults = RunConfig::defaults(model, dataset).expect("models are chosen by their names");
    let mut draft = Draft::new(&defaults);
    for layer in layers {
        layer
            .over(&mut draft, |path| belongs_to_another(path, model))
            .map_err(|refused| explained(refused, layer, model))?;
    }
    Ok(draft.finish())
}

/// A refusal, in other words where users look for a setting that other models have.
fn explained(refused: Refused, layer: &Layer, model: &str) -> anyhow::Error {
    let Refused::Unknown { path, origin, .. } = &refused else { return refused.into() };
    let keys: Vec<&str> = path.split('.').collect();
    let told = ModelConfig::all(Kind::Images).into_iter().filter(ModelConfig::takes_conditions);
    let told: Vec<&str> = told.map(|model| model.name()).collect();
    match keys[..] {
        ["model", name, "condition"] if !told.contains(&name) => anyhow::anyhow!(
            "unknown setting {path} (in {origin}): {name} is never told a class; the models that can be \
             are {}",
            told.join(", ")
        ),
        _ => explained_as_short(refused, layer, model),
    }
}

/// A refusal of a name that may stand for a longer one.
fn explained_as_short(refused: Refused, layer: &Layer, model: &str) -> anyhow::Error {
    let Refused::Unknown { path, origin, .. } = &refused else { return refused.into() };
    let path = &layer.below(path).unwrap_or_else(|| path.clone());
    match &super::described::places(path, model)[..] {
        [] => refused.into(),
        [place] => {
            anyhow::anyhow!("unknown setting {path} (in {origin}); did you mean {place}?")
        }
        places => anyhow::anyhow!(
            "unknown setting {path} (in {origin}); did you mean one of {}?",
            places.join(", ")
        ),
    }
}

fn read_experiment(path: &Path) -> Result<Table> {
    let text = files::read_text(path, files::MOST_SETTINGS)
        .with_context(|| format!("cannot read experiment file {}", path.display()))?;
    let table =
        parse_toml(&text).with_context(|| format!("{} is not valid TOML", path.display()))?;
    without_header(table).with_context(|| format!("cannot use {}", path.display()))
}

/// All `--set` lines as one layer: their order does not matter.
fn sets(lines: &[String]) -> Result<Layer> {
    let mut layer = Layer::new("--set");
    for line in lines {
        let (path, value) = parse_set(line)?;
        layer.put(path, value);
    }
    Ok(layer)
}

/// Whether `path` leads into the settings of another model than `model`.
fn belongs_to_another(path: &[String], model: &str) -> bool {
    match path {
        [first, name, ..] if first == "model" => {
            name != model && ModelConfig::known_names().contains(&name.as_str())
        }
        _ => false,
    }
}

/// The models that are asked for, without repetition.
fn models(args: &SettingArgs, file: &Table) -> Result<Vec<&'static str>> {
    let known = ModelConfig::known_names();
    let mut names: Vec<String> = args.model.clone();
    if names.is_empty() {
        names = file
            .get("model")
            .and_then(Value::as_table)
            .map(|table| table.keys().cloned().collect())
            .unwrap_or_default();
    }
    if names.is_empty() {
        bail!("no model is given; pass --model with one of {} or all", known.join(", "));
    }
    if names.iter().any(|name| name == "all") {
        return Ok(ModelConfig::names().to_vec());
    }
    let mut models = Vec::new();
    for name in names {
        let Some(model) = known.iter().copied().find(|model| *model == name) else {
            let hint = words::suggestion(&name, known.iter().copied());
            bail!("unknown model {name:?}; the models are {}{hint}", known.join(", "));
        };
        if !models.contains(&model) {
            models.push(model);
        }
    }
    Ok(models)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::{Cli, RunArgs};
    use clap::Parser;
    use std::fs;

    fn settings(line: &[&str]) -> SettingArgs {
        let RunArgs { settings, .. } = Cli::try_parse_from(line).expect("a command").run;
        settings
    }

    #[test]
    fn every_experiment_can_be_run() {
        let folders = concat!(env!("CARGO_MANIFEST_DIR"), "/../../experiments");
        let listed = |path: &Path| -> Vec<_> {
            let entries = fs::read_dir(path).expect("a folder");
            entries.map(|entry| entry.expect("an entry").path()).collect()
        };
        let mut count = 0;
        for folder in listed(Path::new(folders)) {
            for file in listed(&folder) {
                let shown = file.display().to_string();
                let line = ["bench-runner", "--experiment", &shown];
                let made = resolve(&settings(&line), None, 1);
                // A file that serves several models names none of them.
                let made = match made {
                    Err(error) if error.to_string().starts_with("no model is given") => {
                        let line = [line.as_slice(), &["--model", "all"]].concat();
                        resolve(&settings(&line), None, 1)
                    }
                    made => made,
                };
                made.unwrap_or_else(|error| panic!("{shown}: {error:#}"));
                count += 1;
            }
        }
        assert!(count > 30, "{count} experiments");
    }

    #[test]
    fn whoever_tells_pairs_apart_needs_two_and_nobody_else_does() {
        let made = |model: &str, size: &str| {
            let line = ["bench-runner", "--model", model, "--batch-size", size];
            resolve(&settings(&line), None, 1)
        };
        for model in ["clip", "captioner"] {
            assert!(made(model, "2").is_ok());
            let refused = made(model, "1").expect_err("refused").to_string();
            assert!(refused.starts_with(&format!("batch_size is 1, but {model} ")), "{refused}");
            assert!(refused.ends_with("it must be at least 2"), "{refused}");
        }
        assert!(made("vae", "1").is_ok());
    }

    #[test]
    fn a_finished_run_is_measured_otherwise_but_not_made_otherwise() {
        let run = RunConfig::defaults("ddpm", None).expect("a model");
        let measured = |line: &str| measured_with(&run, &[line.to_owned()]);
        let other =
            measured("evaluation.likelihood_images=64").expect("a setting of the evaluation");
        assert_eq!(other.evaluation.settings.likelihood_images, Some(64));
        assert_eq!(other.model.name(), "ddpm");
        let refused = |line: &str| measured(line).expect_err("refused").to_string();
        assert_eq!(
            refused("model.ddpm.sampler.steps=5"),
            "--set model.ddpm.sampler.steps=5 says how a run is made, and this one is finished; only settings of the \
             evaluation can be changed, such as evaluation.samples=500"
        );
        assert!(
            refused("evaluation.likelihood_images=0").contains("evaluation.likelihood_images is 0")
        );
        assert!(refused("evaluation.pictures=3").contains("unknown setting evaluation.pictures"));
    }
}
