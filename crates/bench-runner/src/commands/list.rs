//! `list`: the runs of a folder.

use crate::{
    cli::ListArgs,
    run::directory::{RunDir, is_run, read_config},
    terminal,
};
use anyhow::{Context, Result, bail};
use genlab_results::{Direction, Metric, Rank, Results, Section};
use serde::Serialize;
use std::{
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
};

/// Folders below the one that is named, in which runs are looked for: a group's or a sweep's.
const DEPTH: usize = 2;

/// The folder that nobody has to name, and that the first run makes.
const USUAL: &str = "runs";

/// What is told of a run.
#[derive(Debug, PartialEq, Serialize)]
struct Listed {
    /// Its folder.
    run: PathBuf,
    model: String,
    dataset: String,
    seed: u64,
    /// `finished`, `diverged`, or how far it is.
    state: String,
    /// Its leading number.
    #[serde(skip_serializing_if = "Option::is_none")]
    leading: Option<Leading>,
}

#[derive(Debug, PartialEq, Serialize)]
struct Leading {
    metric: String,
    better: Option<Direction>,
    value: f64,
}

/// # Errors
/// When the folder cannot be read.
pub(crate) fn execute(args: &ListArgs) -> Result<ExitCode> {
    let folder = &args.folder;
    let found = runs_in(folder)?;
    let listed: Vec<Listed> = found.iter().map(|run| told(run)).collect();
    if args.json {
        terminal::line(&serde_json::to_string_pretty(&listed)?);
        return Ok(ExitCode::SUCCESS);
    }
    if listed.is_empty() {
        terminal::line(&none_in(folder));
        return Ok(ExitCode::SUCCESS);
    }
    let mut rows = vec![["run", "state", "first number"].map(str::to_owned).to_vec()];
    for run in &listed {
        let name = run.run.strip_prefix(folder).ok().filter(|name| !name.as_os_str().is_empty());
        let number = run.leading.as_ref().map_or_else(String::new, |leading| {
            let name = leading.metric.rsplit('/').next().unwrap_or_default();
            format!("{name} {}", terminal::number(leading.value))
        });
        let name = name.unwrap_or(&run.run).display().to_string();
        rows.push(vec![terminal::plain(&name), terminal::plain(&run.state), number]);
    }
    terminal::line(&terminal::table(rows));
    Ok(ExitCode::SUCCESS)
}

/// The runs at `folder` and below it, by their paths; none in the usual folder before there is one.
///
/// # Errors
/// When there is no such folder, or one cannot be read.
pub(crate) fn runs_in(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    if folder == Path::new(USUAL) && !folder.exists() {
        return Ok(found);
    }
    if !folder.is_dir() {
        bail!("{} is not a folder; runs are in ./runs, or where --out put them", folder.display());
    }
    gather(folder, DEPTH, &mut found)?;
    found.sort();
    Ok(found)
}

/// What is said where there are none.
pub(crate) fn none_in(folder: &Path) -> String {
    format!("no runs yet in {}; bench-runner --model vae makes one in ./runs", folder.display())
}

fn gather(folder: &Path, depth: usize, found: &mut Vec<PathBuf>) -> Result<()> {
    if is_run(&RunDir::new(folder)) {
        found.push(folder.to_owned());
        return Ok(());
    }
    if depth == 0 {
        return Ok(());
    }
    let cannot = || format!("cannot read {}", folder.display());
    for entry in fs::read_dir(folder).with_context(cannot)? {
        let entry = entry.with_context(cannot)?;
        // Links may lead round in a circle.
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            gather(&entry.path(), depth - 1, found)?;
        }
    }
    Ok(())
}

/// The number that a run is first judged by: one of its samples, where there is one, and the first of a report where no
/// number leads.
pub(crate) fn leading(results: &Results) -> Option<&Metric> {
    let ranked = |rank: Rank| {
        let of_rank = move |metric: &&Metric| {
            let entry = genlab_metrics::CATALOGUE.get(&metric.name);
            entry.is_some_and(|entry| entry.rank == rank && entry.section != Section::Cost)
        };
        results.metrics.iter().filter(of_rank)
    };
    let of_samples = ranked(Rank::Leading).find(|metric| metric.name.starts_with("samples/"));
    of_samples.or_else(|| ranked(Rank::Leading).next()).or_else(|| ranked(Rank::Headline).next())
}

/// A run whose files are damaged is listed with what is wrong.
fn told(run: &Path) -> Listed {
    let dir = RunDir::new(run);
    let damaged = |error: String| Listed {
        run: run.to_owned(),
        model: String::new(),
        dataset: String::new(),
        seed: 0,
        state: error,
        leading: None,
    };
    let config = match read_config(run) {
        Ok(config) => config,
        Err(error) => return damaged(format!("damaged: {error:#}")),
    };
    let results = match dir.read_results() {
        Ok(results) => results,
        Err(error) => return damaged(format!("damaged: {error}")),
    };
    let steps = config.budget.images.div_ceil(config.batch_size as u64);
    let state = match &results {
        Some(results) => results.status.clone(),
        None => match genlab_core::checkpoint::list(&dir.checkpoints()).last() {
            Some(saved) => {
                let name = saved.file_name().unwrap_or_default().to_string_lossy().into_owned();
                let step: u64 = name.trim_start_matches("step-").parse().unwrap_or_default();
                if step < steps {
                    format!("saved in step {step} of {steps}")
                } else {
                    "trained, not evaluated".to_owned()
                }
            }
            None => format!("begun, none of {steps} steps saved"),
        },
    };
    let leading = results.as_ref().and_then(leading).map(|metric| Leading {
        metric: metric.name.clone(),
        better: metric.better,
        value: metric.value,
    });
    Listed {
        run: run.to_owned(),
        model: config.model.name().to_owned(),
        dataset: config.dataset.clone(),
        seed: config.seed,
        state,
        leading,
    }
}
