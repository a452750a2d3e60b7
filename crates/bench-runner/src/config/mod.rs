//! Settings of a run: defaults, an experiment file and flags, merged and checked into one value.

mod check;
mod draft;
mod evaluation;
mod flags;
mod instruments;
mod layer;
mod words;

use crate::{cli::RunArgs, registry::ModelConfig};
use anyhow::{Context, Result, bail};
use clap::ValueEnum;
use draft::Draft;
use genlab_core::digest::sha256;
use genlab_data::{ColourMode, LoadOptions};
use layer::{Layer, parse_toml};
use serde::{Deserialize, Serialize};
use std::{
    fs,
    path::{Path, PathBuf},
};
use toml::{Table, Value};

pub(crate) use evaluation::{EvaluationBinarise, EvaluationConfig, EvaluationSplit};
pub(crate) use instruments::{JudgeConfig, JudgeName, WeightsConfig};
pub(crate) use words::toml_fault;

/// Everything that decides a run's numbers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RunConfig {
    /// Seed of initial weights, order of images and all noise.
    pub seed: u64,
    /// Name of the dataset.
    pub dataset: String,
    /// Images per step.
    pub batch_size: usize,
    /// In what numbers training computes its linear layers and convolutions.
    #[serde(default)]
    pub precision: PrecisionConfig,
    /// How much training.
    pub budget: Budget,
    /// How images are found and read.
    pub data: DataConfig,
    /// How the model is judged.
    pub evaluation: EvaluationConfig,
    /// The model.
    pub model: ModelConfig,
}

/// In what numbers training computes its linear layers and convolutions; all else is in f32.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum PrecisionConfig {
    /// 32-bit floats.
    #[default]
    F32,
    /// bf16, on devices that have it.
    Bf16,
}

/// How much training.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Budget {
    /// Training images in the whole run.
    pub images: u64,
}

/// How images are found and read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DataConfig {
    /// Folder with the files; empty: the cache folder or a download.
    pub dir: PathBuf,
    /// Height and width that a folder's images are resized to; empty: as they are.
    pub image_size: Vec<usize>,
    /// Channels of a folder's images.
    pub colour: Colour,
    /// Whether training images are binarised afresh each time they are seen.
    pub binarise: Binarise,
}

/// Channels of a folder's images.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Colour {
    /// One channel if all images are grey, else three.
    Auto,
    /// One channel.
    Grey,
    /// Three channels.
    Rgb,
}

/// What becomes of grey pixels in training.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Binarise {
    /// They stay grey.
    None,
    /// Each is drawn as black or white, with its grey value as probability, each time it is seen.
    Dynamic,
}

impl RunConfig {
    /// The defaults of one model.
    pub(crate) fn defaults(model: ModelConfig) -> Self {
        Self {
            seed: 0,
            dataset: "mnist-10k".into(),
            batch_size: 32,
            precision: PrecisionConfig::default(),
            budget: Budget { images: 100_000 },
            data: DataConfig {
                dir: PathBuf::new(),
                image_size: Vec::new(),
                colour: Colour::Auto,
                binarise: Binarise::None,
            },
            evaluation: EvaluationConfig::default(),
            model,
        }
    }

    /// The settings as a file that gives this run again.
    pub(crate) fn to_toml(&self) -> String {
        toml::to_string(self).expect("a config of plain values serialises")
    }

    /// Eight hexadecimal digits that tell settings apart. Where the files lie is no setting.
    pub(crate) fn hash(&self) -> String {
        let mut config = self.clone();
        config.data.dir = PathBuf::new();
        config.evaluation.judge.path = PathBuf::new();
        config.evaluation.lpips.path = PathBuf::new();
        // A setting that came later counts where it is not as it was before: older runs are found.
        let text = config.to_toml().replace("precision = \"f32\"\n", "");
        sha256(text.as_bytes())[..8].to_owned()
    }

    /// `<model>-<dataset>-s<seed>-<hash>`.
    pub(crate) fn run_name(&self) -> String {
        format!("{}-{}-s{}-{}", self.model.name(), self.dataset_slug(), self.seed, self.hash())
    }

    /// The dataset's name as part of a file name.
    pub(crate) fn dataset_slug(&self) -> String {
        let name = match self.dataset.strip_prefix("folder:") {
            Some(path) => {
                let last = PathBuf::from(path);
                let last = last.file_name().map(|n| n.to_string_lossy().into_owned());
                format!("folder-{}", last.unwrap_or_default())
            }
            None => self.dataset.clone(),
        };
        name.chars().map(|c| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' }).collect()
    }

    /// What the data crate needs to know.
    pub(crate) fn load_options(&self) -> LoadOptions {
        let dir = &self.data.dir;
        LoadOptions {
            data_dir: (!dir.as_os_str().is_empty()).then(|| dir.clone()),
            image_size: match self.data.image_size[..] {
                [height, width] => Some((height, width)),
                _ => None,
            },
            colour: match self.data.colour {
                Colour::Auto => ColourMode::Auto,
                Colour::Grey => ColourMode::Grey,
                Colour::Rgb => ColourMode::Rgb,
            },
            progress: None,
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
        check::check(&config)?;
        for seed in 0..args.seeds {
            let seed = config.seed.checked_add(seed).context("--seed plus --seeds is too large")?;
            configs.push(RunConfig { seed, ..config.clone() });
        }
    }
    Ok(configs)
}

fn read_experiment(path: &Path) -> Result<Table> {
    let text = fs::read_to_string(path)
        .with_context(|| format!("cannot read experiment file {}", path.display()))?;
    parse_toml(&text).with_context(|| format!("{} is not valid TOML", path.display()))
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
