//! The two reports: one run, and several runs side by side.

use crate::compare::Comparison;
use crate::error::{ReportError, Result};
use crate::run_data::RunData;
use crate::{ascii, csv, html, latex, log, machine, markdown};
use genlab_results::{
    Catalogue, FileError, Panel, RunDir, atomic, figure_files, file, text::plain_lines,
};
use std::path::{Path, PathBuf};

/// The name of a page.
const PAGE: &str = "report.html";
/// What every page of genlab's says of itself.
const MARK: &str = "<meta name=\"generator\" content=\"genlab ";

/// Writes `figures/`, `curves.csv` and, last, `report.html` into the run directory and returns the path of the latter. Only `results.json` must be
/// there; what else is missing is left out of the report. `catalogue` says what metrics are called
/// and where they stand; those that it lacks are shown under their own names.
///
/// # Errors
/// [`ReportError::NotFinished`] without `results.json`; otherwise when a file cannot be read, is
/// damaged, or the report cannot be written.
pub fn write_run_report(run_dir: &Path, catalogue: &Catalogue) -> Result<PathBuf> {
    let run = RunData::read(run_dir)?;
    let rendered = html::render_run(&run, catalogue)?;
    figure_files::renew(&run.dir.figures(), &rendered.figures)?;
    if let Some(table) = log::csv(&[], &[(Vec::new(), &run.log)]) {
        atomic::write(&run.dir.curves(), table.as_bytes())?;
    }
    let path = run.dir.report();
    atomic::write(&path, rendered.page.as_bytes())?;
    Ok(path)
}

/// A form of a comparison besides the report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// `comparison.csv`: every number, unrounded, a line each.
    Csv,
    /// `comparison.tex`: the headline numbers as a table of a paper.
    Latex,
    /// `comparison.md`: all tables.
    Markdown,
    /// `comparison.json`: all tables, unrounded.
    Json,
}

impl Format {
    /// In the order in which they are written.
    const ALL: [Self; 4] = [Self::Csv, Self::Latex, Self::Markdown, Self::Json];

    fn file(self) -> &'static str {
        match self {
            Self::Csv => "comparison.csv",
            Self::Latex => "comparison.tex",
            Self::Markdown => "comparison.md",
            Self::Json => "comparison.json",
        }
    }

    fn text(self, title: &str, comparison: &Comparison<'_>) -> Result<String> {
        match self {
            // Names in it are those of folders and datasets: whoever prints the file prints them.
            Self::Csv => Ok(plain_lines(&csv::comparison(comparison))),
            Self::Latex => Ok(plain_lines(&latex::document(title, comparison))),
            Self::Markdown => Ok(plain_lines(&markdown::document(title, comparison))),
            Self::Json => machine::json(title, comparison),
        }
    }

    /// What [`write_comparison`] has written into `out_dir`, with numbers in ASCII, to be pasted.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn read(self, out_dir: &Path) -> Result<String> {
        let path = out_dir.join(self.file());
        let text = std::fs::read_to_string(&path);
        let text = text.map_err(|reason| FileError::Read { path, reason })?;
        Ok(if self == Self::Markdown { ascii::numbers(&text) } else { text })
    }
}

/// A file in `out_dir` whose place a comparison would take and that is none of genlab's; None where there is none.
///
/// Pages say whose they are. Where there is none, a comparison that was killed may have left tables all the same: then the CSV
/// file is there, which is written first, and no other program's has its first line.
pub fn foreign(out_dir: &Path) -> Option<PathBuf> {
    let text = |path: &Path| match file::read(path) {
        Ok(Some(bytes)) => String::from_utf8_lossy(&bytes).into_owned(),
        Ok(None) | Err(_) => String::new(),
    };
    let page = out_dir.join(PAGE);
    if page.exists() {
        return (!text(&page).contains(MARK)).then_some(page);
    }
    if text(&out_dir.join(Format::Csv.file())).starts_with(csv::HEADER) {
        return None;
    }
    let names = Format::ALL.map(Format::file).into_iter().chain([RunDir::CURVES]);
    names.map(|name| out_dir.join(name)).find(|path| path.exists())
}

/// Writes the comparison in every [`Format`], `curves.csv`, `figures/` and, last, `report.html` into `out_dir`, and returns the path of
/// the latter. Runs of one model and configuration become one column over their seeds. A run without
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
    write_judged_comparison(out_dir, title, runs, catalogue, &Panel::default())
}

/// As [`write_comparison`], with what several judges say of the runs.
///
/// # Errors
/// As [`write_comparison`].
pub fn write_judged_comparison(
    out_dir: &Path,
    title: &str,
    runs: &[PathBuf],
    catalogue: &Catalogue,
    panel: &Panel,
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
    let mut comparison = Comparison::new(&found, catalogue).with_panel(panel, catalogue);
    comparison.warnings.extend(unfinished);
    for format in Format::ALL {
        let text = format.text(title, &comparison)?;
        atomic::write(&out_dir.join(format.file()), text.as_bytes())?;
    }
    if let Some(table) = log::csv(&["run", "model", "seed"], &told(&found)) {
        atomic::write(&out_dir.join(RunDir::CURVES), plain_lines(&table).as_bytes())?;
    }
    let path = out_dir.join(PAGE);
    let rendered = html::render_comparison(title, &comparison, catalogue)?;
    figure_files::renew(&RunDir::new(out_dir).figures(), &rendered.figures)?;
    atomic::write(&path, rendered.page.as_bytes())?;
    Ok(path)
}

/// The logs of all runs, each with its folder, model and seed.
fn told(runs: &[RunData]) -> Vec<log::Told<'_>> {
    let dirs: Vec<PathBuf> = runs.iter().map(|run| run.dir.path().to_owned()).collect();
    let named = runs.iter().zip(folders(&dirs));
    named
        .map(|(run, name)| {
            (vec![name, run.results.model.clone(), run.results.seed.to_string()], &run.log)
        })
        .collect()
}

/// What run directories are called: by their last part, or whole where several share it.
pub fn folders(dirs: &[PathBuf]) -> Vec<String> {
    let folder =
        |dir: &PathBuf| dir.file_name().unwrap_or(dir.as_os_str()).to_string_lossy().into_owned();
    let folders: Vec<String> = dirs.iter().map(folder).collect();
    let name = |(dir, folder): (&PathBuf, &String)| {
        let several = folders.iter().filter(|other| *other == folder).count() > 1;
        if several { dir.display().to_string() } else { folder.clone() }
    };
    dirs.iter().zip(&folders).map(name).collect()
}

/// Each directory once, in the order given.
pub fn distinct(runs: &[PathBuf]) -> Vec<PathBuf> {
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
