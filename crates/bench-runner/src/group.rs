//! Several runs, one process each, one report on top.
//!
//! Each run is this same binary: peak memory, the process-wide generator and a model that diverges
//! then stay apart.

use crate::{
    cli::RunArgs,
    config::RunConfig,
    device, interrupt,
    registry::ModelConfig,
    run::directory::{self, RunDir},
    summary::{self, Row},
    terminal,
    watch::Beside,
    workshop::{Job, Workshop},
};
use anyhow::{Context, Result, bail};
use genlab_core::digest::sha256;
use genlab_report::counted;
use genlab_results::{JudgeInfo, Results};
use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

/// Trains all `configs` below `out` and compares them.
///
/// # Errors
/// When a folder cannot be made or this binary cannot be started.
pub(crate) fn execute(configs: &[RunConfig], args: &RunArgs) -> Result<ExitCode> {
    let group = folder_of(configs, args);
    let made = directory::missing(&group);
    directory::require_no_run(&group)?;
    // Two groups would write settings and comparison of one another.
    let taken = directory::take(&RunDir::new(&group))?;
    // Those that take longest begin first, so that they do not end alone.
    let jobs: Vec<Job<'_>> = configs.iter().rev().map(|config| job(config, &group)).collect();
    let flags = [("--fresh", args.fresh), ("--quiet", args.quiet)];
    let flags = flags.into_iter().filter(|(_, given)| *given).map(|(flag, _)| flag.to_owned());
    let workshop = Workshop {
        device: &args.settings.device,
        jobs: at_a_time(args)?,
        flags: flags.chain(args.saving.flags()).collect(),
        environment: vec![(QUIET, "1")],
    };
    let dirs = jobs.iter().rev().map(|job| job.dir.clone()).collect();
    let screen = args.tui.then(|| Beside::open(dirs)).transpose()?;
    let ended = workshop.run(&jobs);
    drop(screen);
    let ended = ended?;
    ended.tidy(&jobs)?;
    if let Some(status) = ended.stopped {
        terminal::note("stopped; the same command goes on from here");
        return Ok(interrupt::status_of(status));
    }
    let names: Vec<String> = configs.iter().map(member).collect();
    let failed: Vec<&str> =
        names.iter().filter(|name| ended.has_failed(name)).map(|n| &**n).collect();
    let started: Vec<PathBuf> = names.iter().map(|name| group.join(name)).collect();
    let finished: Vec<PathBuf> =
        names.iter().filter(|name| !ended.has_failed(name)).map(|name| group.join(name)).collect();
    if finished.is_empty() {
        drop(taken);
        directory::remove_if_empty(&made);
        bail!("no run finished; the messages above say why");
    }
    taken.require()?;
    let title = title(configs);
    // With those that did not finish: the seeds that a method survives are not all of it.
    let report =
        genlab_report::run::write_comparison(&group, &title, &started, &genlab_metrics::CATALOGUE)?;
    let shown = if args.all { Shown::Everything } else { Shown::OverSeeds };
    print(&finished, shown, args.json)?;
    terminal::report(&report, args.open)?;
    if failed.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    terminal::warn(&format!("error: {} did not finish, as the report says", failed.join(", ")));
    Ok(ExitCode::FAILURE)
}

/// Where the group's runs are.
pub(crate) fn folder_of(configs: &[RunConfig], args: &RunArgs) -> PathBuf {
    args.out.clone().unwrap_or_else(|| Path::new("runs").join(group_name(configs)))
}

/// The folder of one of them, in the group's.
pub(crate) fn member(config: &RunConfig) -> String {
    format!("{}-s{}", config.model.name(), config.seed)
}

fn job<'a>(config: &'a RunConfig, group: &Path) -> Job<'a> {
    let name = member(config);
    let path = |ending: &str| group.join(format!("{name}.{ending}"));
    let (dir, settings, log) = (RunDir::new(group.join(&name)), path("toml"), path("log"));
    Job { config, name, dir, settings, log }
}

/// Processes at a time: two on a processor that has two cores, each with half of them, because a small network does not
/// keep both busy; one on a device that they would share.
///
/// # Errors
/// When there is no such device.
fn at_a_time(args: &RunArgs) -> Result<usize> {
    if let Some(jobs) = args.jobs {
        return Ok(usize::from(jobs));
    }
    let on_cpu = device::choose(&args.settings.device)?.name == "flex";
    Ok(if on_cpu { rayon::current_num_threads().min(AT_A_TIME) } else { 1 })
}

/// Runs at a time, if nobody says how many.
const AT_A_TIME: usize = 2;

/// Set for the runs of a group, which print progress but no table.
pub(crate) const QUIET: &str = "GENLAB_GROUP_MEMBER";

/// How several runs stand in a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shown {
    /// Those of one model differ in their seeds alone: one row of their first numbers.
    OverSeeds,
    /// A row of the first numbers each.
    Each,
    /// A column of all numbers each.
    Everything,
}

/// Prints the numbers of the runs in `dirs`: all of one, the headlines of several.
///
/// # Errors
/// When a run has no results.
pub(crate) fn print(dirs: &[PathBuf], shown: Shown, json: bool) -> Result<()> {
    let mut all = Vec::new();
    for dir in dirs {
        let results = RunDir::new(dir).read_results()?;
        all.push(results.with_context(|| format!("{} has no results.json", dir.display()))?);
    }
    if json {
        terminal::line(&serde_json::to_string_pretty(&all)?);
        return Ok(());
    }
    let alone = all.len() == 1;
    let title = |dir: &PathBuf, results: &Results| {
        if alone { results.model.clone() } else { folder(dir) }
    };
    let titled = |(dir, results)| (title(dir, &results), results);
    let runs: Vec<Titled> = dirs.iter().zip(all).map(titled).collect();
    let parts = by_judge(&runs);
    for (judge, part) in &parts {
        terminal::line(&match &part[..] {
            [_] => terminal::results_table(part),
            several if shown == Shown::Everything => terminal::results_table(several),
            several => summary::table(rows(several, shown)),
        });
        if let Some(judge) = judge {
            terminal::line(&terminal::judge_line(judge));
        }
    }
    if parts.len() > 1 {
        terminal::paragraph(
            "Runs of different judges stand apart: their sample metrics have no common scale.",
        );
    }
    for (title, results) in &runs {
        if let Some(prior) = &results.prior {
            terminal::paragraph(&format!("{title}: sampled through a {prior} fitted on its codes"));
        }
    }
    Ok(())
}

/// The last part of a path.
fn folder(dir: &Path) -> String {
    dir.file_name().unwrap_or(dir.as_os_str()).to_string_lossy().into_owned()
}

/// A row for each run, or for all seeds of a model.
fn rows(runs: &[Titled], shown: Shown) -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    for (title, results) in runs {
        let together = shown == Shown::OverSeeds;
        let name = if together { &results.model } else { title };
        match rows.iter_mut().find(|row| row.name == *name && together) {
            Some(row) => row.finished.push(results.clone()),
            None => rows.push(Row { name: name.clone(), runs: 0, finished: vec![results.clone()] }),
        }
    }
    for row in &mut rows {
        row.runs = row.finished.len();
    }
    rows
}

/// A run with its folder's name.
type Titled = (String, Results);

/// Runs that were judged alike. Those without a judge join the first part, as columns of dashes.
fn by_judge(runs: &[Titled]) -> Vec<(Option<JudgeInfo>, Vec<Titled>)> {
    let mut parts: Vec<(Option<JudgeInfo>, Vec<Titled>)> = Vec::new();
    let hash = |judge: &Option<JudgeInfo>| judge.as_ref().map(|judge| judge.sha256.clone());
    for run in runs.iter().filter(|(_, results)| results.judge.is_some()) {
        let judge = &run.1.judge;
        match parts.iter_mut().find(|(other, _)| hash(other) == hash(judge)) {
            Some((_, part)) => part.push(run.clone()),
            None => parts.push((judge.clone(), vec![run.clone()])),
        }
    }
    if parts.is_empty() {
        parts.push((None, Vec::new()));
    }
    let others = runs.iter().filter(|(_, results)| results.judge.is_none()).cloned();
    parts[0].1.extend(others);
    parts
}

fn title(configs: &[RunConfig]) -> String {
    let first = &configs[0];
    format!("{} on {}", counted(models(configs).len(), "model"), first.dataset)
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
    let all = ModelConfig::names();
    let is_all = models.len() == all.len() && all.iter().all(|model| models.contains(model));
    let who = if is_all { "all".into() } else { models.join("+") };
    format!("{who}-{}-s{}-{hash}", configs[0].dataset_slug(), configs[0].seed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_of_two_judges_are_never_in_one_table() {
        let run = |title: &str, judge: Option<&str>| {
            let mut results = Results::new(title, "mnist-10k", 0, "finished");
            let info = |sha256: &str| {
                let (name, sha256) = ("mnist-28".to_owned(), sha256.to_owned());
                JudgeInfo { name, sha256, accuracy: None }
            };
            results.judge = judge.map(info);
            (title.to_owned(), results)
        };
        let runs =
            [run("a", Some("11")), run("b", Some("22")), run("c", None), run("d", Some("11"))];
        let parts = by_judge(&runs);
        let titles =
            |part: &[Titled]| part.iter().map(|(title, _)| title.clone()).collect::<Vec<_>>();
        let parts: Vec<_> = parts.iter().map(|(_, part)| titles(part)).collect();
        assert_eq!(parts, [vec!["a", "d", "c"], vec!["b"]]);
    }
}
