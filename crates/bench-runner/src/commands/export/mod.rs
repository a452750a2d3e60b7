//! `export RUN`: the weights of a finished run, for other programs.

mod card;
mod check;
mod folder;
mod program;
mod weights;

use crate::{
    config::RunConfig,
    device,
    registry::ModelConfig,
    run::{
        self,
        directory::{self, RunDir},
        stations::Stations,
        training,
    },
    terminal,
};
use anyhow::{Context, Result, bail};
use card::Card;
use clap::{Args, ValueEnum};
use genlab_core::{ConditionConfig, Conditions};
use genlab_data::Dataset;
use genlab_ddpm::{Guidance, Solver, Variance};
use serde_json::{Value, json};
use std::{path::PathBuf, process::ExitCode};

/// `export RUN`
#[derive(Debug, Args)]
pub(crate) struct ExportArgs {
    /// A finished run directory.
    pub run: PathBuf,
    /// Where to write. Default: export in the run directory. What another export wrote there is replaced.
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// How affine weights lie: [out, in] as in PyTorch, or [in, out] as in burn. genlab.py reads both.
    #[arg(long, value_enum, default_value_t = Order::Pytorch)]
    pub order: Order,
    /// Where the dataset's files lie now, if they moved.
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
}

/// How the weights of affine layers lie. All others lie alike in burn and PyTorch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Order {
    /// `[out, in]`.
    Pytorch,
    /// `[in, out]`.
    Burn,
}

impl Order {
    /// Its name on the command line and in files.
    fn name(self) -> &'static str {
        match self {
            Self::Pytorch => "pytorch",
            Self::Burn => "burn",
        }
    }
}

/// # Errors
/// When the run is not finished, is one that genlab.py cannot rebuild, or the folder cannot be written.
pub(crate) fn execute(args: &ExportArgs) -> Result<ExitCode> {
    let dir = RunDir::new(args.run.clone());
    let config = directory::read_config(&args.run)?;
    require_rebuildable(args, &config.model)?;
    let out = args.out.clone().unwrap_or_else(|| dir.export());
    folder::require_own(&out)?;

    let mut stations = Stations::of(config.clone()).with_chosen_average(&args.run)?;
    stations.data.dir = args.data_dir.clone().or(stations.data.dir);
    let dataset = run::load_again(&args.run, &stations.data)?;
    // The processor's numbers are the same wherever the folder is made.
    let device = device::parse("flex")?;
    let model = training::finished(&args.run, &stations.training, &dataset, &device)?.freeze();
    let results = dir.read_results()?;
    let results = results.with_context(|| {
        format!(
            "{} has no results; run its training command again to finish it",
            args.run.display()
        )
    })?;
    let record = dir.read_record()?.unwrap_or_default();

    let told = model.conditions();
    let notes = weights::notes(&config, args.order);
    let card = Card { config: &config, results: &results, record: &record, dataset: &dataset };
    let files = [
        ("README.md", card.text().into_bytes()),
        (
            "check.safetensors",
            check::file(model.as_ref(), &dataset, stations.identity.seed, &device)?,
        ),
        ("config.json", settings(&config, args.order, &dataset, told)?),
        ("genlab.py", program::text().into_bytes()),
        ("model.safetensors", weights::file(model.as_ref(), args.order, &notes)),
    ];
    folder::write(&out, &files)?;
    terminal::line(&out.display().to_string());
    Ok(ExitCode::SUCCESS)
}

/// What `config.json` holds: all that the networks are built from, and the settings of `config.toml`.
fn settings(
    config: &RunConfig,
    order: Order,
    dataset: &Dataset,
    told: Conditions,
) -> Result<Vec<u8>> {
    let mut settings = serde_json::to_value(config)?;
    // Where files lie says nothing elsewhere.
    settings["data"]["dir"] = Value::Null;
    let space = dataset.space;
    let all = json!({
        "genlab_version": env!("CARGO_PKG_VERSION"),
        "run": config.run_name(),
        "settings_hash": config.hash(),
        "model": config.model.name(),
        "order": order.name(),
        "data": {
            "name": config.dataset_slug(),
            "kind": space.kind,
            "shape": space.shape.batch(1)[1..],
            "range": space.range,
            "mean": space.mean,
            "sd": space.sd,
            "classes": dataset.classes,
        },
        "classes_told": told.classes,
        "told_is_optional": told.optional,
        "settings": settings,
    });
    Ok([serde_json::to_vec_pretty(&all)?, b"\n".to_vec()].concat())
}

/// # Errors
/// When genlab.py cannot be the model of the run.
fn require_rebuildable(args: &ExportArgs, model: &ModelConfig) -> Result<()> {
    let run = args.run.display();
    let condition = match model {
        ModelConfig::Classifier(_)
        | ModelConfig::Vit(_)
        | ModelConfig::Clip(_)
        | ModelConfig::Captioner(_)
        | ModelConfig::Segmenter(_)
        | ModelConfig::Grounder(_) => bail!(
            "{run} is a run of {}, which export does not write; give a run of {}",
            model.name(),
            ModelConfig::names().join(", ")
        ),
        ModelConfig::Ae(_) | ModelConfig::SparseAe(_) => &ConditionConfig::None,
        ModelConfig::Vae(config) => &config.condition,
        ModelConfig::Gan(config) => &config.condition,
        ModelConfig::Ddpm(config) => &config.condition,
    };
    let told = match condition {
        ConditionConfig::None | ConditionConfig::Class => None,
        ConditionConfig::Past => Some("past"),
        ConditionConfig::LowResolution { .. } => Some("low-resolution"),
        ConditionConfig::Caption(_) => Some("caption"),
    };
    let refused = match (told, model) {
        (Some(told), _) => Some(("condition", told)),
        (None, ModelConfig::Ddpm(config)) => {
            let sampler = config.sampler;
            let control = config.control.kind().map(|kind| ("control", kind.name()));
            control.or(match (sampler.guidance, sampler.solver) {
                (Guidance::Classifier { .. }, _) => Some(("sampler.guidance", "classifier")),
                (_, Solver::Ancestral { variance: Variance::Learned }) => {
                    Some(("sampler.solver.variance", "learned"))
                }
                _ => None,
            })
        }
        (None, _) => None,
    };
    match refused {
        None => Ok(()),
        Some((key, value)) => bail!(
            "{run} cannot be exported: its model.{}.{key} is {value}, which genlab.py does not know; the weights themselves are \
             in {}",
            model.name(),
            RunDir::new(args.run.clone()).checkpoints().display()
        ),
    }
}
