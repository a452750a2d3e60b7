//! `evaluate RUN`

use crate::{
    cli::EvaluateArgs,
    config::{self, JudgeConfig},
    device,
    run::{
        self, average,
        directory::{self, RunDir},
        opened::Runs,
        scoring,
        stations::Stations,
        training,
    },
    terminal,
};
use anyhow::{Context, Result};
use std::process::ExitCode;

/// # Errors
/// When the run is not finished, a setting does not fit, or its data or checkpoint cannot be read.
pub(crate) fn execute(args: &EvaluateArgs) -> Result<ExitCode> {
    let mut config = config::measured_with(&directory::read_config(&args.run)?, &args.set)?;
    if let Some(dir) = &args.data_dir {
        config.data.dir = Some(dir.clone());
    }
    let device = device::parse(&args.device)?;
    let runs = match JudgeConfig::from_flags(&args.judge)? {
        Some(judge) => {
            JudgeConfig::require_sense(&[config.model.clone()])?;
            config.evaluation.judge = judge;
            Runs::new(&device)
        }
        None => Runs::of(&RunDir::new(&args.run), &device)?,
    };
    let stations = Stations::of(config).with_chosen_average(&args.run)?;
    let mut data = stations.data.clone();
    if let Some(name) = &args.dataset {
        data.dataset.clone_from(name);
    }
    let dataset = run::load_again(&args.run, &data).with_context(|| {
        let run = args.run.display();
        format!("cannot load the data of {run}; if they moved, say where to with --dataset or --data-dir")
    })?;
    let model = training::finished(&args.run, &stations.training, &dataset, &device)?;
    let evaluator = scoring::evaluator(&stations.scoring, &dataset, &runs)?;
    let evaluation = evaluator
        .evaluate(model.freeze().as_ref(), &|stage| terminal::note(&format!("evaluating {stage}")));
    let mut results = scoring::results(&stations.identity, &evaluator, evaluation);
    results.average = average::of(&args.run)?;
    if args.json {
        terminal::line(&serde_json::to_string_pretty(&results)?);
    } else {
        let judge = results.judge.clone();
        terminal::line(&terminal::results_table(&[(results.model.clone(), results)]));
        if let Some(judge) = judge {
            terminal::line(&terminal::judge_line(&judge));
        }
    }
    Ok(ExitCode::SUCCESS)
}
