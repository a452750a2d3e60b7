//! Settings of a run: defaults, an experiment file and flags, merged and checked into one value.

mod check;
mod evaluation;
mod instruments;
mod merge;

use crate::{cli::RunArgs, registry::ModelConfig};
use anyhow::{Context, Result, bail};
use clap::ValueEnum;
use genlab_core::digest::sha256;
use genlab_data::{ColourMode, LoadOptions};
use serde::{Deserialize, Serialize};
use std::{fs, path::PathBuf};
use toml::{Table, Value};

pub(crate) use evaluation::EvaluationConfig;
pub(crate) use instruments::{JudgeConfig, JudgeName, WeightsConfig};
pub(crate) use merge::{one_line, suggestion};

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
    let file = match &args.experiment {
        Some(path) => {
            let text = fs::read_to_string(path)
                .with_context(|| format!("cannot read experiment file {}", path.display()))?;
            text.parse::<Table>()
                .with_context(|| format!("{} is not valid TOML", path.display()))?
        }
        None => Table::new(),
    };
    let flags = flag_table(args)?;
    let mut configs = Vec::new();
    for model in models(args, &file)? {
        let mut table = Table::try_from(RunConfig::defaults(model.clone()))
            .expect("a config of plain values serialises");
        let origin = args.experiment.as_ref().map(|p| p.display().to_string()).unwrap_or_default();
        merge::overlay(&mut table, &file, &origin)?;
        for set in &args.set {
            let (key, value) = merge::parse_set(set)?;
            merge::set(&mut table, &key, value)?;
        }
        merge::overlay(&mut table, &flags, "the command line")?;
        let config: RunConfig = Value::Table(table)
            .try_into()
            .map_err(|error| anyhow::anyhow!("{}", one_line(&error)))?;
        check::check(&config)?;
        for seed in 0..args.seeds {
            let seed = config.seed.checked_add(seed).context("--seed plus --seeds is too large")?;
            configs.push(RunConfig { seed, ..config.clone() });
        }
    }
    Ok(configs)
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
            let hint = suggestion(&name, known.iter().copied());
            bail!("there is no model {name:?}{hint}; the models are {}, or all", known.join(", "));
        };
        if !models.iter().any(|m| m.name() == model.name()) {
            models.push(model);
        }
    }
    Ok(models)
}

/// The flags as they would stand in a file.
fn flag_table(args: &RunArgs) -> Result<Table> {
    let mut table = Table::new();
    let mut put = |path: &[&str], value: Value| merge::insert(&mut table, path, value);
    let integer = |flag: &str, n: u64| -> Result<Value> {
        Ok(Value::Integer(i64::try_from(n).with_context(|| format!("{flag} {n} is too large"))?))
    };
    if let Some(seed) = args.seed {
        put(&["seed"], integer("--seed", seed)?);
    }
    if let Some(name) = &args.dataset {
        put(&["dataset"], Value::String(name.clone()));
    }
    if let Some(images) = args.budget_images {
        put(&["budget", "images"], integer("--budget-images", images)?);
    }
    if let Some(size) = args.batch_size {
        put(&["batch_size"], integer("--batch-size", size as u64)?);
    }
    if let Some(precision) = args.precision {
        let precision = Value::try_from(precision).expect("a config of plain values serialises");
        put(&["precision"], precision);
    }
    if let Some(dir) = &args.data_dir {
        put(&["data", "dir"], Value::String(dir.to_string_lossy().into_owned()));
    }
    if let Some(judge) = JudgeConfig::from_flags(&args.judge)? {
        let judge = Value::try_from(judge).expect("a config of plain values serialises");
        put(&["evaluation", "judge"], judge);
    }
    if let Some(colour) = &args.colour {
        put(&["data", "colour"], Value::String(colour.clone()));
    }
    if let Some(size) = &args.image_size {
        let sides: Option<Vec<Value>> = size
            .split('x')
            .map(|side| side.parse::<u16>().ok().map(|side| Value::Integer(i64::from(side))))
            .collect();
        let sides = match sides.as_deref() {
            Some([side]) => vec![side.clone(), side.clone()],
            Some([height, width]) => vec![height.clone(), width.clone()],
            _ => bail!("--image-size {size} is no size; write 32 or 112x92 (height x width)"),
        };
        put(&["data", "image_size"], Value::Array(sides));
    }
    Ok(table)
}
