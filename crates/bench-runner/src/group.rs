//! Several runs, one process each, one report on top.
//!
//! Each run is this same binary: peak memory, the process-wide generator and a model that diverges
//! then stay apart.

use crate::{
    config::RunConfig,
    interrupt::{self, EXIT_INTERRUPTED},
    registry::ModelConfig,
    run::{
        Existing,
        directory::{read_results, write_atomically},
    },
    terminal,
};
use anyhow::{Context, Result, bail};
use genlab_core::digest::sha256;
use genlab_metrics::Results;
use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::{Command, ExitCode},
};

/// Trains all `configs` below `out` and compares them.
///
/// # Errors
/// When a folder cannot be made or this binary cannot be started.
pub(crate) fn execute(
    configs: &[RunConfig],
    out: Option<&Path>,
    device: &str,
    existing: Existing,
    json: bool,
) -> Result<ExitCode> {
    let group = out.map_or_else(|| Path::new("runs").join(group_name(configs)), Path::to_owned);
    fs::create_dir_all(&group).with_context(|| format!("cannot create {}", group.display()))?;
    let mut finished = Vec::new();
    let mut failed = Vec::new();
    for (number, config) in configs.iter().enumerate() {
        let name = format!("{}-s{}", config.model.name(), config.seed);
        terminal::note(&format!("[{}/{}] {name}", number + 1, configs.len()));
        let dir = group.join(&name);
        let status = child(config, &dir, device, existing)?;
        match status {
            Some(0) => finished.push(dir),
            Some(code) if code == i32::from(EXIT_INTERRUPTED) => {
                terminal::note("stopped; the same command goes on from here");
                return Ok(ExitCode::from(EXIT_INTERRUPTED));
            }
            _ if interrupt::asked() => return Ok(ExitCode::from(EXIT_INTERRUPTED)),
            _ => failed.push(name),
        }
    }
    if finished.is_empty() {
        bail!("no run finished; the messages above say why");
    }
    let title = title(configs);
    let report = genlab_report::run::write_comparison(&group, &title, &finished)?;
    print(&finished, json)?;
    terminal::note(&format!("report: {}", report.display()));
    if failed.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    terminal::note(&format!(
        "error: {} did not finish and is not in the report",
        failed.join(", ")
    ));
    Ok(ExitCode::FAILURE)
}

fn child(config: &RunConfig, dir: &Path, device: &str, existing: Existing) -> Result<Option<i32>> {
    let settings = dir.with_extension("toml");
    write_atomically(&settings, config.to_toml().as_bytes())?;
    let binary = std::env::current_exe().context("cannot find this program's own file")?;
    let mut command = Command::new(binary);
    command.arg("--experiment").arg(&settings).arg("--out").arg(dir).args(["--device", device]);
    command.env(QUIET, "1");
    if existing == Existing::Discard {
        command.arg("--fresh");
    }
    let status = command.status().context("cannot start a run")?;
    Ok(status.code())
}

/// Set for the runs of a group, which print progress but no table.
pub(crate) const QUIET: &str = "GENLAB_GROUP_MEMBER";

/// Prints the table of the runs in `dirs`.
///
/// # Errors
/// When a run has no results.
pub(crate) fn print(dirs: &[PathBuf], json: bool) -> Result<()> {
    let mut all = Vec::new();
    for dir in dirs {
        let results = read_results(dir)?;
        all.push(results.with_context(|| format!("{} has no results.json", dir.display()))?);
    }
    if json {
        terminal::line(&serde_json::to_string_pretty(&all)?);
        return Ok(());
    }
    let models: BTreeSet<String> = all.iter().map(|results| results.model.clone()).collect();
    let several_seeds = models.len() < all.len();
    let title = |results: &Results| {
        if several_seeds {
            format!("{} s{}", results.model, results.seed)
        } else {
            results.model.clone()
        }
    };
    let runs: Vec<_> = all.into_iter().map(|results| (title(&results), results)).collect();
    terminal::line(&terminal::results_table(&runs));
    for (title, results) in &runs {
        if let Some(prior) = &results.prior {
            terminal::line(&format!("{title}: sampled through a {prior} fitted on its codes"));
        }
    }
    Ok(())
}

fn title(configs: &[RunConfig]) -> String {
    let first = &configs[0];
    format!("{} models on {}", models(configs).len(), first.dataset)
}

fn models(configs: &[RunConfig]) -> Vec<&'static str> {
    let mut names: Vec<&str> = configs.iter().map(|c| c.model.name()).collect();
    names.dedup();
    names
}

fn group_name(configs: &[RunConfig]) -> String {
    let hashes: Vec<String> = configs.iter().map(RunConfig::hash).collect();
    let hash = &sha256(hashes.join(" ").as_bytes())[..8];
    let models = models(configs);
    let who =
        if models.len() == ModelConfig::all().len() { "all".into() } else { models.join("+") };
    format!("{who}-{}-s{}-{hash}", configs[0].dataset_slug(), configs[0].seed)
}
