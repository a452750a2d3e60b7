//! `sweep`: many runs, and one table and report of them.

mod halving;
mod plan;
mod search;
mod slurm;
mod table;

use crate::{
    cli::{RunArgs, SweepArgs, SweepWhat},
    commands::train_one,
    interrupt,
    run::{
        self,
        directory::{self, RunDir},
        provenance,
        stations::Stations,
    },
    terminal,
    workshop::{Job, Workshop},
};
use anyhow::{Result, bail};
use genlab_report::counted;
use genlab_results::atomic;
use plan::Entry;
use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

/// # Errors
/// When settings cannot be read, files not be written, or runs fail.
pub(crate) fn execute(args: &SweepArgs) -> Result<ExitCode> {
    search::require_known(args.by.as_deref())?;
    let plan = plan::plan(args)?;
    let runs = args.out.clone().unwrap_or_else(|| PathBuf::from("runs"));
    if let Some(time) = args.max_time {
        interrupt::stop_after(time);
    }
    if let Some(index) = args.index {
        return one(args, &plan, &runs, index);
    }
    if args.what == SweepWhat::Slurm && args.halving {
        bail!(
            "--halving decides which runs there are as it goes, and a job array cannot; use --trials alone"
        );
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
    // Data that cannot be read should fail once, not once per run.
    drop(run::load(&Stations::of(plan[0].config.clone()).data)?);
    if args.halving {
        return halving::execute(args, &plan, &runs);
    }
    whole(args, &plan, &runs)
}

/// The run of that number, in this process.
fn one(args: &SweepArgs, plan: &[Entry], runs: &Path, index: usize) -> Result<ExitCode> {
    let Some(entry) = plan.get(index) else {
        bail!("--index {index} names no run: the plan has those from 0 to {}", plan.len() - 1)
    };
    let dir = RunDir::new(runs.join(entry.config.run_name()));
    let args =
        RunArgs { settings: args.settings.clone(), saving: args.saving, ..RunArgs::default() };
    train_one(&entry.config, &dir, &args)
}

fn whole(args: &SweepArgs, plan: &[Entry], runs: &Path) -> Result<ExitCode> {
    let home = runs.join(plan::name(plan));
    let _taken = directory::take(&RunDir::new(&home))?;
    let Trained::Whole(failed) = train(args, plan, runs, &home)? else {
        return Ok(interrupt::status());
    };
    let code = report(plan, runs, &home, &failed)?;
    if (args.trials.is_some() || args.by.is_some())
        && let Some((by, settings)) = search::ranked(runs, plan, args.by.as_deref())?
    {
        search::announce(runs, &by, &settings);
    }
    Ok(code)
}

/// How the runs of a plan ended.
enum Trained {
    /// To their ends; these failed.
    Whole(Vec<String>),
    Interrupted,
}

/// Trains what is not finished yet.
fn train(args: &SweepArgs, plan: &[Entry], runs: &Path, home: &Path) -> Result<Trained> {
    atomic::write(&home.join("plan.jsonl"), plan::lines(plan).as_bytes())?;
    let (mut finished, mut unfinished) = (Vec::new(), Vec::new());
    for job in plan.iter().map(|entry| job(entry, runs, home)) {
        let is_complete = provenance::is_complete(&job.dir)?;
        if is_complete { &mut finished } else { &mut unfinished }.push(job);
    }
    let reused = finished.len();
    let found = if reused == 0 { String::new() } else { format!(", {reused} finished before") };
    terminal::note(&format!(
        "{}{found}; plan: {}",
        counted(plan.len(), "run"),
        home.join("plan.jsonl").display()
    ));
    let workshop = Workshop {
        device: &args.settings.device,
        jobs: usize::from(args.jobs),
        flags: args.saving.flags(),
        environment: Vec::new(),
    };
    let ended = workshop.run(&unfinished)?;
    ended.tidy(&finished)?;
    ended.tidy(&unfinished)?;
    if ended.stopped.is_some() {
        terminal::note("stopped; the same command goes on from here");
        return Ok(Trained::Interrupted);
    }
    Ok(Trained::Whole(ended.failed.into_iter().map(|(name, _)| name).collect()))
}

/// Prints the table of a plan and writes the report of its runs.
fn report(plan: &[Entry], runs: &Path, home: &Path, failed: &[String]) -> Result<ExitCode> {
    let started: Vec<PathBuf> = plan
        .iter()
        .map(|entry| runs.join(entry.config.run_name()))
        .filter(|path| path.exists())
        .collect();
    let (table, finished) = table::table(runs, plan)?;
    if finished == 0 {
        bail!("no run finished; the messages above say why");
    }
    let title = counted(started.len(), "run");
    let catalogue = &genlab_metrics::CATALOGUE;
    let report = genlab_report::run::write_comparison(home, &title, &started, catalogue)?;
    terminal::line(&table);
    terminal::note(&format!("report: {}", report.display()));
    if failed.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    terminal::note(&format!(
        "error: {} did not finish, as the messages above say",
        failed.join(", ")
    ));
    Ok(ExitCode::FAILURE)
}

fn job<'a>(entry: &'a Entry, runs: &Path, home: &Path) -> Job<'a> {
    let name = entry.config.run_name();
    let [settings, log] = ["toml", "log"].map(|ending| home.join(format!("{name}.{ending}")));
    Job { config: &entry.config, dir: RunDir::new(runs.join(&name)), name, settings, log }
}
