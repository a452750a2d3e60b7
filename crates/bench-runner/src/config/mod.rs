//! Settings of a run: defaults, an experiment file and flags, merged and checked into one value.

#[cfg(test)]
mod census;
mod differences;
mod draft;
mod evaluation;
mod flags;
mod judge;
mod layer;
#[cfg(test)]
mod properties;
mod stored;
mod words;

use crate::{cli::RunArgs, registry::ModelConfig};
use anyhow::{Context, Result, bail};
use draft::Draft;
use genlab_core::{
    Check, Fault,
    settings::{at_least, at_most, size, sizes, within},
};
use genlab_data::{Binarise, ColourMode};
use genlab_kernels::Precision;
use layer::{Layer, parse_toml};
use serde::{Deserialize, Serialize};
use std::{
    fs,
    path::{Path, PathBuf},
};
use toml::{Table, Value};

pub(crate) use evaluation::EvaluationConfig;
pub(crate) use judge::{JudgeConfig, inception_file};

/// Everything that decides a run's numbers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct RunConfig {
    /// Seed of initial weights, order of images and all noise.
    pub seed: u64,
    /// Name of the dataset.
    pub dataset: String,
    /// Images per step.
    pub batch_size: usize,
    /// In what numbers training computes its linear layers and convolutions; all else is in f32.
    pub precision: Precision,
    /// How much training.
    pub budget: Budget,
    /// How images are found and read.
    pub data: DataConfig,
    /// How the model is judged.
    pub evaluation: EvaluationConfig,
    /// The model.
    pub model: ModelConfig,
}

/// How much training.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Budget {
    /// Training images in the whole run.
    pub images: u64,
}

/// How images are found and read.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct DataConfig {
    /// Folder with the files; None: the cache folder, else a download.
    pub dir: Option<PathBuf>,
    /// Height and width that a folder's images are resized to; None: they keep their size.
    pub image_size: Option<[usize; 2]>,
    /// Channels of a folder's images.
    pub colour: ColourMode,
    /// Whether training images are binarised afresh each time they are seen.
    pub binarise: Binarise,
}

/// The largest whole number that a TOML file can hold.
const LARGEST_NUMBER: u64 = i64::MAX as u64;

impl Check for RunConfig {
    fn check(&self) -> Result<(), Fault> {
        at_most("seed", self.seed, LARGEST_NUMBER)?;
        size("batch_size", self.batch_size)?;
        within("budget", &self.budget)?;
        within("data", &self.data)?;
        within("evaluation", &self.evaluation)?;
        within("model", &self.model)
    }
}

impl Check for Budget {
    fn check(&self) -> Result<(), Fault> {
        at_least("images", self.images, 1)?;
        at_most("images", self.images, LARGEST_NUMBER)
    }
}

impl Check for DataConfig {
    fn check(&self) -> Result<(), Fault> {
        sizes("image_size", self.image_size.as_ref().map_or(&[], |sides| sides.as_slice()))
    }
}

impl RunConfig {
    /// The defaults of one model.
    pub(crate) fn defaults(model: ModelConfig) -> Self {
        Self {
            seed: 0,
            dataset: "mnist-10k".into(),
            batch_size: 32,
            precision: Precision::default(),
            budget: Budget { images: 100_000 },
            data: DataConfig::default(),
            evaluation: EvaluationConfig::default(),
            model,
        }
    }
}

/// One config per run that the flags ask for, models in order, seeds within each.
///
/// # Errors
/// One sentence: which key, flag or file is wrong, and how to mend it.
pub(crate) fn resolve(args: &RunArgs) -> Result<Vec<RunConfig>> {
    let file = args.experiment.as_deref().map(read_experiment).transpose()?.unwrap_or_default();
    let mut layers = Vec::new();
    if let Some(path) = &args.experiment {
        layers.push(Layer::of_table(&file, path.display().to_string()));
    }
    layers.push(sets(&args.set)?);
    layers.extend(flags::layers(args)?);
    let mut configs = Vec::new();
    for model in models(args, &file)? {
        let mut draft = Draft::new(&RunConfig::defaults(model.clone()));
        // One experiment file can serve several models.
        let others = |path: &[String]| belongs_to_another(path, &model);
        for layer in &layers {
            layer.over(&mut draft, others)?;
        }
        let config = draft.finish();
        for number in 0..args.seeds {
            let seed = config.seed.saturating_add(number);
            let config = RunConfig { seed, ..config.clone() };
            config.check()?;
            configs.push(config);
        }
    }
    Ok(configs)
}

fn read_experiment(path: &Path) -> Result<Table> {
    let text = fs::read_to_string(path)
        .with_context(|| format!("cannot read experiment file {}", path.display()))?;
    let table =
        parse_toml(&text).with_context(|| format!("{} is not valid TOML", path.display()))?;
    stored::without_header(table).with_context(|| format!("cannot use {}", path.display()))
}

/// All `--set` lines as one layer: their order does not matter.
fn sets(lines: &[String]) -> Result<Layer> {
    let mut layer = Layer::new("--set");
    for line in lines {
        let (path, value) = layer::parse_set(line)?;
        layer.put(path, value);
    }
    Ok(layer)
}

/// Whether `path` leads into the settings of another model than `model`.
fn belongs_to_another(path: &[String], model: &ModelConfig) -> bool {
    match path {
        [first, name, ..] if first == "model" => {
            name != model.name() && ModelConfig::by_name(name).is_some()
        }
        _ => false,
    }
}

/// The models that are asked for, without repetition.
fn models(args: &RunArgs, file: &Table) -> Result<Vec<ModelConfig>> {
    let known: Vec<&str> = ModelConfig::all().iter().map(ModelConfig::name).collect();
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
        return Ok(ModelConfig::all().to_vec());
    }
    let mut models: Vec<ModelConfig> = Vec::new();
    for name in names {
        let Some(model) = ModelConfig::by_name(&name) else {
            let hint = words::suggestion(&name, known.iter().copied());
            bail!("there is no model {name:?} among {}{hint}", known.join(", "));
        };
        if !models.iter().any(|m| m.name() == model.name()) {
            models.push(model);
        }
    }
    Ok(models)
}
