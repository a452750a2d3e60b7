//! The comparison for programs: `comparison.json`.

use crate::compare::{Cell, Comparison, Mark, Row, Table, Verdict, pairs};
use crate::error::{ReportError, Result};
use genlab_results::{Direction, Panel};
use serde::Serialize;

/// The version of the format.
const SCHEMA_VERSION: u32 = 1;

#[derive(Serialize)]
struct File<'a> {
    schema_version: u32,
    title: &'a str,
    warnings: &'a [String],
    findings: &'a [String],
    tables: Vec<TableFile<'a>>,
    /// What several judges say of the runs, where they were asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    panel: Option<&'a Panel>,
}

#[derive(Serialize)]
struct TableFile<'a> {
    section: &'static str,
    protocol: Option<&'a str>,
    rows: Vec<RowFile<'a>>,
    pairs: Vec<PairFile<'a>>,
}

/// What one leading metric says about two models.
#[derive(Serialize)]
struct PairFile<'a> {
    metric: &'a str,
    left: &'a str,
    right: &'a str,
    verdict: Verdict,
}

#[derive(Serialize)]
struct RowFile<'a> {
    name: &'a str,
    split: &'a str,
    better: Option<Direction>,
    n: &'a [usize],
    models: Vec<CellFile<'a>>,
    references: Vec<CellFile<'a>>,
}

/// Absent numbers are left out, as everywhere.
#[derive(Serialize)]
struct CellFile<'a> {
    column: &'a str,
    mean: f64,
    half_width_95: Option<f64>,
    seeds: usize,
    mark: Mark,
}

/// The text of `comparison.json`. Numbers are unrounded.
pub(crate) fn json(title: &str, comparison: &Comparison<'_>) -> Result<String> {
    let file = File {
        schema_version: SCHEMA_VERSION,
        title,
        warnings: &comparison.warnings,
        findings: &comparison.findings,
        tables: comparison.tables.iter().map(|table| table_file(table, comparison)).collect(),
        panel: comparison.panel,
    };
    let text = serde_json::to_string_pretty(&file).map_err(|error| ReportError::Render {
        page: "comparison.json",
        reason: error.to_string(),
    })?;
    Ok(text + "\n")
}

fn table_file<'a>(table: &'a Table, comparison: &'a Comparison<'_>) -> TableFile<'a> {
    let row = |row: &'a Row| {
        let labels = table.columns.iter().map(|index| comparison.columns[*index].label.as_str());
        let references = table.references.iter().map(|reference| reference.name.as_str());
        RowFile {
            name: &row.key.name,
            split: &row.key.split,
            better: row.better,
            n: &row.n,
            models: labels.zip(&row.cells).filter_map(cell_file).collect(),
            references: references.zip(&row.references).filter_map(cell_file).collect(),
        }
    };
    TableFile {
        section: table.section.title(),
        protocol: table.protocol.as_deref(),
        rows: table.rows.iter().map(row).collect(),
        pairs: pair_files(table, comparison),
    }
}

fn pair_files<'a>(table: &'a Table, comparison: &'a Comparison<'_>) -> Vec<PairFile<'a>> {
    let Some(pairs) = pairs(table, &comparison.columns) else { return Vec::new() };
    let label = |index: usize| comparison.columns[index].label.as_str();
    let mut files = Vec::new();
    for pair in &pairs.rows {
        let (left, right) = (label(pair.left), label(pair.right));
        let said = pairs.metrics.iter().zip(&pair.verdicts);
        for (metric, verdict) in said.filter(|(_, verdict)| **verdict != Verdict::Absent) {
            files.push(PairFile { metric, left, right, verdict: *verdict });
        }
    }
    files
}

fn cell_file<'a>((column, cell): (&'a str, &Cell)) -> Option<CellFile<'a>> {
    let estimate = cell.estimate?;
    Some(CellFile {
        column,
        mean: estimate.mean,
        half_width_95: estimate.half_width,
        seeds: estimate.seeds,
        mark: cell.mark,
    })
}
