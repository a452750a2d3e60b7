//! The report of several runs.

use super::Rendered;
use super::cost;
use super::curve_groups;
use super::facts::{command, events};
use super::figures::{self, Owner, Section};
use super::files::Files;
use super::first_screen::FirstScreen;
use super::many::{self, COLUMNS, Rows};
use super::page::{Arrow, SCRIPT, VERSION, caption, page, script_hash};
use crate::chart::{self, Chart, Drawn, Tint, Words};
use crate::compare::{
    Cell, Column, Comparison, Difference, Mark, Pair, Pairs, ReferenceColumn, Row, Table, Verdict,
    pairs,
};
use crate::error::Result;
use crate::format::ABSENT;
use crate::names;
use crate::panel::PanelTable;
use crate::run_data::RunData;
use askama::Template;
use genlab_results::{Catalogue, Plot};

#[derive(Template)]
#[template(path = "comparison.html")]
struct ComparisonPage<'a> {
    version: &'static str,
    script: &'static str,
    script_hash: String,
    title: &'a str,
    subtitle: String,
    first: FirstScreen<'a>,
    /// The numbers that matter most of many settings, in place of those of the first screen.
    many: Option<Rows<'a>>,
    /// What samples show of their captions, where models are told some.
    told: Option<Rows<'a>>,
    /// Which settings are shown in pictures.
    shown: String,
    warnings: &'a [String],
    findings: &'a [String],
    tables: Vec<TableView<'a>>,
    /// What several judges say.
    judged: Vec<Drawn>,
    /// The headings of what follows, where there is any.
    heads: Vec<ColumnView>,
    differences: &'a [Difference],
    sections: Vec<Section>,
    costs: Vec<Chart>,
    losses: Vec<Chart>,
    shared: Vec<Chart>,
    runs: Vec<RunView>,
    configs: Vec<ConfigView<'a>>,
    definitions: Vec<Definition<'a>>,
}

struct TableView<'a> {
    title: &'static str,
    protocol: &'a str,
    caption: String,
    columns: Vec<ColumnView>,
    references: Vec<ReferenceView<'a>>,
    rows: Vec<RowView<'a>>,
    pairs: Option<PairsView<'a>>,
    /// In place of the rows, where there are many columns.
    many: Option<Rows<'a>>,
}

struct PairsView<'a> {
    caption: String,
    metrics: Vec<&'a str>,
    rows: Vec<PairView>,
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

struct ColumnView {
    label: String,
    seeds: String,
    colour: Tint,
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

pub(super) struct CellView<'a> {
    /// The heading of its column, for screens too narrow for columns.
    pub(super) head: &'a str,
    pub(super) text: &'a str,
    /// "± 2.5", below the mean.
    pub(super) spread: Option<String>,
    pub(super) class: &'static str,
    pub(super) label: &'static str,
}

impl<'a> CellView<'a> {
    /// Where there is no number.
    pub(super) fn absent(head: &'a str) -> Self {
        Self { head, text: ABSENT, spread: None, class: "absent", label: "" }
    }

    pub(super) fn new(
        head: &'a str,
        cell: &'a Cell,
        class: &'static str,
        label: &'static str,
    ) -> Self {
        let (text, spread) = match cell.text.split_once(" ± ") {
            Some((mean, spread)) => (mean, Some(format!("± {spread}"))),
            None => (cell.text.as_str(), None),
        };
        Self { head, text, spread, class, label }
    }
}

struct Definition<'a> {
    title: &'a str,
    text: &'static str,
}

struct RunView {
    label: String,
    colour: Tint,
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
) -> Result<Rendered> {
    let columns = &comparison.columns;
    let (shown, why) = many::shown(columns, &comparison.tables);
    let is_many = columns.len() > COLUMNS;
    let one_protocol = comparison.tables.iter().all(|table| table.protocol.is_none());
    let owners: Vec<Owner<'_>> = shown
        .iter()
        .map(|column| Owner { run: column.first(), label: &column.label, colour: column.colour })
        .collect();
    let content = ComparisonPage {
        version: VERSION,
        script: SCRIPT,
        script_hash: script_hash(),
        title,
        subtitle: subtitle(columns),
        first: FirstScreen::new(comparison, &shown, catalogue),
        many: is_many
            .then(|| {
                many::headline(columns, &comparison.tables, &comparison.differences, catalogue)
            })
            .flatten(),
        told: many::told(columns, &comparison.tables),
        shown: why,
        warnings: &comparison.warnings,
        findings: &comparison.findings,
        tables: comparison.tables.iter().map(|table| view(table, columns)).collect(),
        judged: comparison.judged.iter().enumerate().filter_map(judged).collect(),
        heads: columns.iter().map(column_view).collect(),
        differences: if is_many { &[] } else { &comparison.differences },
        sections: figures::side_by_side(&owners),
        costs: if one_protocol { cost::charts(columns, catalogue) } else { Vec::new() },
        losses: curve_groups::losses(&shown, catalogue),
        shared: curve_groups::shared(&shown, catalogue),
        runs: runs(columns),
        configs: columns.iter().filter_map(config).collect(),
        definitions: definitions(&comparison.tables),
    };
    let mut files = Files::default();
    files.add_sections(&content.sections)?;
    files.add("Quality and cost", &content.costs)?;
    files.add("Objective", &content.losses)?;
    files.add("Curves", &content.shared)?;
    Ok(Rendered { page: page("report.html", &content)?, figures: files.into_inner() })
}

/// "3 models on mnist-10k", or "8 settings of VAE on mnist-10k".
fn subtitle(columns: &[Column<'_>]) -> String {
    let (mut datasets, mut models) = (Vec::new(), Vec::new());
    for column in columns {
        let results = &column.first().results;
        for (known, one) in [(&mut datasets, &*results.dataset), (&mut models, results.title())] {
            if !known.iter().any(|other| other == one) {
                known.push(one.to_owned());
            }
        }
    }
    let what = match models.as_slice() {
        [model] if columns.len() > 1 => format!("{} settings of {model}", columns.len()),
        models if models.len() < columns.len() => {
            format!("{} settings of {}", columns.len(), names::counted(models.len(), "model"))
        }
        _ => names::counted(columns.len(), "model"),
    };
    format!("{what} on {}", names::list(&datasets))
}

fn view<'a>(table: &'a Table, columns: &'a [Column<'_>]) -> TableView<'a> {
    let column = |index: &usize| column_view(&columns[*index]);
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
        rows: table.rows.iter().map(|one| row(one, table, columns)).collect(),
        pairs: pairs(table, columns)
            .map(|pairs| many::fewer(pairs, table))
            .map(|pairs| pairs_view(pairs, columns)),
        many: (table.columns.len() > COLUMNS).then(|| many::whole(table, columns)),
    }
}

fn judged((index, table): (usize, &PanelTable)) -> Option<Drawn> {
    let PanelTable { title, caption, columns, rows } = table.clone();
    let (id, alt) = (format!("judged-{index}"), title.clone());
    let words = Words { id, title, alt, remark: caption };
    chart::plot(words, &Plot::Table { columns, rows }, Tint::FIRST)
}

/// What every metric of the tables says, once.
fn definitions(tables: &[Table]) -> Vec<Definition<'_>> {
    let mut definitions: Vec<Definition<'_>> = Vec::new();
    for row in tables.iter().flat_map(|table| &table.rows) {
        let known = definitions.iter().any(|known| known.title == row.title);
        if !row.meaning.is_empty() && !known {
            definitions.push(Definition { title: &row.title, text: row.meaning });
        }
    }
    definitions
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
    PairsView { caption: pairs.caption(), rows, metrics: pairs.metrics }
}

/// How a number stands beside its row: the class that shows it, and the words for it.
pub(super) fn standing(cell: &Cell) -> (&'static str, &'static str) {
    match cell.mark {
        _ if cell.estimate.is_none() => ("absent", "not measured for this model"),
        Mark::Best => ("best pad", "best; its 95 % interval is clear of all others"),
        Mark::Tied => ("tied pad", "not distinguishable from the best"),
        Mark::Leading => ("leading", "best value; too few seeds for a claim"),
        Mark::None => ("", ""),
    }
}

/// The same among the numbers of its row: marks stand behind the number, and where one has a mark, the others leave
/// the same room.
pub(super) fn standing_in(row: &Row, cell: &Cell) -> (&'static str, &'static str) {
    let symbols = row.cells.iter().any(|cell| matches!(cell.mark, Mark::Best | Mark::Tied));
    match standing(cell) {
        ("", _) if symbols => ("pad", ""),
        standing => standing,
    }
}

fn row<'a>(row: &'a Row, table: &'a Table, columns: &'a [Column<'_>]) -> RowView<'a> {
    let cell_view = |(index, one): (&usize, &'a Cell)| {
        let (class, label) = standing_in(row, one);
        CellView::new(&columns[*index].label, one, class, label)
    };
    let reference = |(column, cell): (&'a ReferenceColumn, &'a Cell)| {
        CellView::new(&column.title, cell, "", "")
    };
    RowView {
        title: &row.title,
        arrow: row.better.map(Arrow::new),
        caption: caption(&row.unit, &row.split, &row.n),
        cells: table.columns.iter().zip(&row.cells).map(cell_view).collect(),
        references: table.references.iter().zip(&row.references).map(reference).collect(),
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
