//! The two reports: one run, and several runs side by side.

use crate::compare::Comparison;
use crate::error::{ReportError, Result};
use crate::run_data::RunData;
use crate::{html, machine, markdown};
use genlab_results::{Catalogue, atomic};
use std::path::{Path, PathBuf};

/// Writes `report.html` into the run directory and returns its path. Only `results.json` must be
/// there; what else is missing is left out of the report. `catalogue` says what metrics are called
/// and where they stand; those that it lacks are shown under their own names.
///
/// # Errors
/// [`ReportError::NotFinished`] without `results.json`; otherwise when a file cannot be read, is
/// damaged, or the report cannot be written.
pub fn write_run_report(run_dir: &Path, catalogue: &Catalogue) -> Result<PathBuf> {
    let run = RunData::read(run_dir)?;
    let page = html::render_run(&run, catalogue)?;
    let path = run.dir.report();
    atomic::write(&path, page.as_bytes())?;
    Ok(path)
}

/// Writes `report.html`, `comparison.md` and `comparison.json` into `out_dir`, and returns the path of
/// the first. Runs of one model and configuration become one column over their seeds. A run without
/// `results.json` is left out, and the report says so.
///
/// # Errors
/// [`ReportError::NothingToCompare`] if no run has results; otherwise when a file cannot be read, is
/// damaged, or a report cannot be written.
pub fn write_comparison(
    out_dir: &Path,
    title: &str,
    runs: &[PathBuf],
    catalogue: &Catalogue,
) -> Result<PathBuf> {
    let mut found: Vec<RunData> = Vec::new();
    let mut unfinished = Vec::new();
    for dir in distinct(runs) {
        match RunData::read(&dir) {
            Ok(run) => found.push(run),
            Err(error @ ReportError::NotFinished { .. }) => {
                unfinished.push(format!("Left out: {error}."));
            }
            Err(error) => return Err(error),
        }
    }
    if found.is_empty() {
        return Err(ReportError::NothingToCompare { count: runs.len() });
    }
    let mut comparison = Comparison::new(&found, catalogue);
    comparison.warnings.extend(unfinished);
    let path = out_dir.join("report.html");
    let page = html::render_comparison(title, &comparison, catalogue)?;
    atomic::write(&path, page.as_bytes())?;
    let text = markdown::document(title, &comparison);
    atomic::write(&out_dir.join("comparison.md"), text.as_bytes())?;
    atomic::write(&out_dir.join("comparison.json"), &machine::json(title, &comparison)?)?;
    Ok(path)
}

/// Each directory once, in the order given.
fn distinct(runs: &[PathBuf]) -> Vec<PathBuf> {
    let mut seen = Vec::new();
    let mut distinct = Vec::new();
    for dir in runs {
        let real = std::fs::canonicalize(dir).unwrap_or_else(|_| dir.clone());
        if !seen.contains(&real) {
            seen.push(real);
            distinct.push(dir.clone());
        }
    }
    distinct
}
