//! The report of several runs.

use super::curve_groups;
use super::facts::{command, events};
use super::figures::{self, Owner, Section};
use super::page::{Arrow, VERSION, caption, page};
use crate::chart::Chart;
use crate::compare::{Cell, Column, Comparison, Mark, Pair, Pairs, Row, Table, Verdict, pairs};
use crate::error::Result;
use crate::format::count;
use crate::names;
use crate::run_data::RunData;
use askama::Template;
use genlab_results::Catalogue;

#[derive(Template)]
#[template(path = "comparison.html")]
struct ComparisonPage<'a> {
    version: &'static str,
    title: &'a str,
    subtitle: String,
    warnings: &'a [String],
    findings: &'a [String],
    tables: Vec<TableView<'a>>,
    sections: Vec<Section>,
    losses: Vec<Chart>,
    shared: Vec<Chart>,
    runs: Vec<RunView>,
    configs: Vec<ConfigView<'a>>,
}

struct TableView<'a> {
    title: &'static str,
    protocol: &'a str,
    caption: String,
    columns: Vec<ColumnView>,
    references: Vec<ReferenceView<'a>>,
    rows: Vec<RowView<'a>>,
    definitions: Vec<Definition<'a>>,
    pairs: Option<PairsView<'a>>,
}

struct PairsView<'a> {
    caption: String,
    metrics: Vec<&'a str>,
    rows: Vec<PairView>,
    /// Whether the rows are few enough to be shown unasked.
    open: bool,
}

struct PairView {
    left: ColumnView,
    right: ColumnView,
    verdicts: Vec<VerdictView>,
}

struct VerdictView {
    text: String,
    class: &'static str,
}

/// Pairs that are shown without being asked for: those of six models.
const SHOWN_PAIRS: usize = 15;

struct ColumnView {
    label: String,
    seeds: String,
    colour: usize,
}

struct ReferenceView<'a> {
    title: &'a str,
    role: &'static str,
}

struct RowView<'a> {
    title: &'a str,
    arrow: Option<Arrow>,
    caption: String,
    cells: Vec<CellView<'a>>,
    references: Vec<CellView<'a>>,
}

struct CellView<'a> {
    text: &'a str,
    /// "± 2.5", below the mean.
    spread: Option<String>,
    class: &'static str,
    label: &'static str,
}

impl<'a> CellView<'a> {
    fn new(cell: &'a Cell, class: &'static str, label: &'static str) -> Self {
        let (text, spread) = match cell.text.split_once(" ± ") {
            Some((mean, spread)) => (mean, Some(format!("± {spread}"))),
            None => (cell.text.as_str(), None),
        };
        Self { text, spread, class, label }
    }
}

struct Definition<'a> {
    title: &'a str,
    text: &'static str,
}

struct RunView {
    label: String,
    colour: usize,
    seed: u64,
    status: String,
    dir: String,
    command: String,
    /// What happened on the way.
    events: Vec<String>,
}

struct ConfigView<'a> {
    title: String,
    text: &'a str,
}

/// The page of several runs.
///
/// # Errors
/// When the template fails, which is a bug.
pub(crate) fn render(
    title: &str,
    comparison: &Comparison<'_>,
    catalogue: &Catalogue,
) -> Result<String> {
    let columns = &comparison.columns;
    let owners: Vec<Owner<'_>> = columns
        .iter()
        .map(|column| Owner { run: column.first(), label: &column.label, colour: column.colour })
        .collect();
    page(
        "comparison.html",
        &ComparisonPage {
            version: VERSION,
            title,
            subtitle: subtitle(columns),
            warnings: &comparison.warnings,
            findings: &comparison.findings,
            tables: comparison.tables.iter().map(|table| view(table, columns)).collect(),
            sections: figures::side_by_side(&owners),
            losses: curve_groups::losses(columns, catalogue),
            shared: curve_groups::shared(columns, catalogue),
            runs: runs(columns),
            configs: columns.iter().filter_map(config).collect(),
        },
    )
}

/// "3 models on mnist-10k, 100 000 training images each, in the same order."
fn subtitle(columns: &[Column<'_>]) -> String {
    let mut datasets: Vec<String> = Vec::new();
    for column in columns {
        let dataset = &column.first().results.dataset;
        if !datasets.contains(dataset) {
            datasets.push(dataset.clone());
        }
    }
    let text = format!("{} on {}", names::counted(columns.len(), "model"), names::list(&datasets));
    let budget = columns.first().and_then(|column| column.first().budget());
    let budget = budget.filter(|_| columns.iter().all(|c| c.first().budget() == budget));
    let noun = names::common(columns.iter().map(|column| column.first().noun()));
    let budget = budget.map_or_else(String::new, |seen| {
        format!(", {} training {noun} each, in the same order", count(seen as f64))
    });
    format!("{text}{budget}.")
}

fn view<'a>(table: &'a Table, columns: &[Column<'_>]) -> TableView<'a> {
    let column = |index: &usize| column_view(&columns[*index]);
    let definition = |row: &'a Row| {
        (!row.meaning.is_empty()).then_some(Definition { title: &row.title, text: row.meaning })
    };
    TableView {
        title: table.section.title(),
        protocol: table.protocol.as_deref().unwrap_or_default(),
        caption: table.caption(),
        columns: table.columns.iter().map(column).collect(),
        references: table
            .references
            .iter()
            .map(|reference| ReferenceView {
                title: &reference.title,
                role: names::role(reference.role),
            })
            .collect(),
        rows: table.rows.iter().map(row).collect(),
        definitions: table.rows.iter().filter_map(definition).collect(),
        pairs: pairs(table, columns).map(|pairs| pairs_view(pairs, columns)),
    }
}

fn column_view(column: &Column<'_>) -> ColumnView {
    ColumnView { label: column.label.clone(), seeds: column.seeds(), colour: column.colour }
}

fn pairs_view<'a>(pairs: Pairs<'a>, columns: &[Column<'_>]) -> PairsView<'a> {
    let verdict = |pair: &Pair, index: usize| VerdictView {
        text: pair.text(index, columns),
        class: match pair.verdicts[index] {
            Verdict::LeftBetter | Verdict::RightBetter => "text leading",
            Verdict::NotDistinguishable => "text",
            Verdict::Absent => "text absent",
        },
    };
    let row = |pair: &Pair| PairView {
        left: column_view(&columns[pair.left]),
        right: column_view(&columns[pair.right]),
        verdicts: (0..pairs.metrics.len()).map(|index| verdict(pair, index)).collect(),
    };
    let rows: Vec<PairView> = pairs.rows.iter().map(row).collect();
    let (caption, open) = (pairs.caption(), rows.len() <= SHOWN_PAIRS);
    PairsView { caption, rows, open, metrics: pairs.metrics }
}

fn row(row: &Row) -> RowView<'_> {
    // Marks stand behind the number: where a row has one, the others leave the same room.
    let symbols = row.cells.iter().any(|cell| matches!(cell.mark, Mark::Best | Mark::Tied));
    let cell = |cell: &Cell| -> (&'static str, &'static str) {
        match cell.mark {
            _ if cell.estimate.is_none() => ("absent", "not measured for this model"),
            Mark::Best => ("best pad", "best; its 95 % interval is clear of all others"),
            Mark::Tied => ("tied pad", "not distinguishable from the best"),
            Mark::Leading => ("leading", "best value; too few seeds for a claim"),
            Mark::None if symbols => ("pad", ""),
            Mark::None => ("", ""),
        }
    };
    let cell_view = |one| {
        let (class, label) = cell(one);
        CellView::new(one, class, label)
    };
    RowView {
        title: &row.title,
        arrow: row.better.map(Arrow::new),
        caption: caption(&row.unit, &row.split, &row.n),
        cells: row.cells.iter().map(cell_view).collect(),
        references: row.references.iter().map(|cell| CellView::new(cell, "", "")).collect(),
    }
}

fn runs(columns: &[Column<'_>]) -> Vec<RunView> {
    let view = |column: &Column<'_>| {
        let (label, colour) = (column.label.clone(), column.colour);
        let run = |run: &&RunData| RunView {
            label: label.clone(),
            colour,
            seed: run.results.seed,
            status: run.results.status.replace('_', " "),
            dir: folder(run),
            command: command(&run.record),
            events: events(&run.record),
        };
        column.runs.iter().map(run).collect::<Vec<_>>()
    };
    columns.iter().flat_map(view).collect()
}

/// The last part of a run directory's path.
fn folder(run: &RunData) -> String {
    let path = run.dir.path();
    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}

fn config<'a>(column: &Column<'a>) -> Option<ConfigView<'a>> {
    let run = column.first();
    let title = format!("{}, seed {}", column.label, run.results.seed);
    run.config.as_deref().map(|text| ConfigView { title, text })
}
