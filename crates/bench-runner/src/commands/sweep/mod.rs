//! `sweep`: many runs, and one table and report of them.

mod jobs;
mod plan;
mod slurm;
mod table;

use crate::{
    cli::{RunArgs, SweepArgs, SweepWhat},
    commands::train_one,
    interrupt,
    run::{self, directory::RunDir, stations::Stations},
    terminal,
};
use anyhow::{Context, Result, bail};
use genlab_report::counted;
use genlab_results::atomic;
use jobs::Workshop;
use plan::Entry;
use std::{
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
};

/// # Errors
/// When settings cannot be read, files not be written, or runs fail.
pub(crate) fn execute(args: &SweepArgs) -> Result<ExitCode> {
    let plan = plan::plan(&args.settings, &args.seeds)?;
    let runs = args.out.clone().unwrap_or_else(|| PathBuf::from("runs"));
    if let Some(time) = args.max_time {
        interrupt::stop_after(time);
    }
    if let Some(index) = args.index {
        return one(args, &plan, &runs, index);
    }
    if args.what == SweepWhat::Slurm {
        return slurm::execute(args, &plan, &runs);
    }
    if args.dry_run {
        terminal::line(plan::lines(&plan).trim_end());
        return Ok(ExitCode::SUCCESS);
    }
    if args.status || args.what == SweepWhat::Status {
        let (table, finished) = table::table(&runs, &plan)?;
        terminal::line(&table);
        terminal::line(&format!("{finished} of {} finished", counted(plan.len(), "run")));
        return Ok(ExitCode::SUCCESS);
    }
    whole(args, &plan, &runs)
}

/// The run of that number, in this process.
fn one(args: &SweepArgs, plan: &[Entry], runs: &Path, index: usize) -> Result<ExitCode> {
    let Some(entry) = plan.get(index) else {
        bail!("--index {index} names no run: the plan has those from 0 to {}", plan.len() - 1)
    };
    let dir = RunDir::new(runs.join(entry.config.run_name()));
    let args = RunArgs { settings: args.settings.clone(), ..RunArgs::default() };
    train_one(&entry.config, &dir, &args)
}

fn whole(args: &SweepArgs, plan: &[Entry], runs: &Path) -> Result<ExitCode> {
    // Data that cannot be read should fail once, not once per run.
    drop(run::load(&Stations::of(plan[0].config.clone()).data)?);
    let home = runs.join(plan::name(plan));
    fs::create_dir_all(&home).with_context(|| format!("cannot create {}", home.display()))?;
    atomic::write(&home.join("plan.jsonl"), plan::lines(plan).as_bytes())?;
    let dir = |entry: &Entry| RunDir::new(runs.join(entry.config.run_name()));
    let mut unfinished = Vec::new();
    for entry in plan {
        let results = dir(entry).read_results()?;
        if results.is_none_or(|results| results.status != "finished") {
            unfinished.push(entry);
        }
    }
    let reused = plan.len() - unfinished.len();
    let found = if reused == 0 { String::new() } else { format!(", {reused} finished before") };
    terminal::note(&format!(
        "{}{found}; plan: {}",
        counted(plan.len(), "run"),
        home.join("plan.jsonl").display()
    ));
    let device = args.settings.device.as_str();
    let jobs = usize::from(args.jobs);
    let ended = Workshop { runs, home: &home, device, jobs }.run(&unfinished)?;
    jobs::tidy(&home, plan, &ended.failed)?;
    if ended.interrupted {
        terminal::note("stopped; the same command goes on from here");
        return Ok(interrupt::status());
    }
    let started: Vec<PathBuf> = plan
        .iter()
        .map(|entry| dir(entry).path().to_owned())
        .filter(|path| path.exists())
        .collect();
    let (table, finished) = table::table(runs, plan)?;
    if finished == 0 {
        bail!("no run finished; their logs in {} say why", home.display());
    }
    let title = counted(started.len(), "run");
    let catalogue = &genlab_metrics::CATALOGUE;
    let report = genlab_report::run::write_comparison(&home, &title, &started, catalogue)?;
    terminal::line(&table);
    terminal::note(&format!("report: {}", report.display()));
    if ended.failed.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    let names: Vec<&str> = ended.failed.iter().map(|(name, _)| name.as_str()).collect();
    terminal::note(&format!(
        "error: {} did not finish; their logs are in {}",
        names.join(", "),
        home.display()
    ));
    Ok(ExitCode::FAILURE)
}
