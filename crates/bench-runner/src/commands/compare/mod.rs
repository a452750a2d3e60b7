//! `compare RUN...`

mod panel;

use crate::{
    cli::{CompareArgs, TableFormat},
    group::{self, Shown},
    run::directory::{self, RunDir},
    terminal,
};
use anyhow::{Context, Result, bail};
use genlab_report::{counted, run::Format};
use genlab_results::Panel;
use serde::Deserialize;
use std::{
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
};

/// # Errors
/// When a folder does not contain a finished run, or the report cannot be written.
pub(crate) fn execute(args: &CompareArgs) -> Result<ExitCode> {
    let mut runs = Vec::new();
    for path in &args.runs {
        runs.extend(runs_in(path)?);
    }
    let runs = genlab_report::run::distinct(&runs);
    directory::require_no_run(&args.out)?;
    let panel = panel::panel(args, &runs)?;
    let _taken = directory::take(&RunDir::new(&args.out))?;
    let title = counted(runs.len(), "run");
    let catalogue = &genlab_metrics::CATALOGUE;
    let report =
        genlab_report::run::write_judged_comparison(&args.out, &title, &runs, catalogue, &panel)?;
    for format in &args.format {
        let text = written(*format).read(&args.out)?;
        terminal::line(text.trim_end());
    }
    if args.format.is_empty() {
        group::print(&runs, Shown::Each, false)?;
        print(&panel);
        for warning in warnings(&args.out)?.iter().filter(|warning| !panel.notes.contains(warning))
        {
            terminal::paragraph(warning);
        }
    }
    terminal::note(&format!("report: {}", report.display()));
    Ok(ExitCode::SUCCESS)
}

/// What a comparison warns of.
///
/// # Errors
/// When its table cannot be read.
fn warnings(comparison: &Path) -> Result<Vec<String>> {
    #[derive(Deserialize)]
    struct Table {
        warnings: Vec<String>,
    }
    let table: Table = serde_json::from_str(&Format::Json.read(comparison)?)?;
    Ok(table.warnings)
}

/// What several judges say, and what they do not.
fn print(panel: &Panel) {
    for table in genlab_report::panel::tables(panel, &genlab_metrics::CATALOGUE) {
        terminal::line(&table.title);
        terminal::line(&terminal::table([vec![table.columns], table.rows].concat()));
    }
    for sentence in genlab_report::panel::finding(panel).iter().chain(&panel.notes) {
        terminal::paragraph(sentence);
    }
}

fn written(format: TableFormat) -> Format {
    match format {
        TableFormat::Csv => Format::Csv,
        TableFormat::Latex => Format::Latex,
        TableFormat::Markdown => Format::Markdown,
        TableFormat::Json => Format::Json,
    }
}

/// `path` itself if it is a run, else the runs right below it.
fn runs_in(path: &Path) -> Result<Vec<PathBuf>> {
    let is_run = |path: &Path| RunDir::new(path).results().exists();
    if is_run(path) {
        return Ok(vec![path.to_owned()]);
    }
    let entries =
        fs::read_dir(path).with_context(|| format!("cannot read run {}", path.display()))?;
    let mut runs: Vec<PathBuf> = entries
        .filter_map(|entry| entry.ok().map(|e| e.path()))
        .filter(|path| is_run(path))
        .collect();
    runs.sort();
    if runs.is_empty() {
        bail!(
            "{} does not contain a finished run (no results.json); run its training command again \
             to finish it",
            path.display()
        );
    }
    Ok(runs)
}
