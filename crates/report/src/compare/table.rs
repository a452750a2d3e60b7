//! One table: a column per model, a row per metric, reference columns to the right.

use super::group::Column;
use super::mark::{Candidate, Mark, marks};
use super::section::{RowKey, Section, rows};
use crate::format::{ABSENT, Style};
use crate::names;
use crate::run_data::RunData;
use crate::stats::Estimate;
use genlab_results::{Direction, Metric};

/// Reference columns from the best that can be hoped for to the worst.
const REFERENCE_ORDER: [&str; 5] = ["real", "pca-mixture", "gaussian", "class-mean", "noise"];

/// One table of a comparison.
pub(crate) struct Table {
    /// What it is about.
    pub(crate) section: Section,
    /// Data set, budget and judge, where several protocols stand side by side.
    pub(crate) protocol: Option<String>,
    /// The models: indices into the comparison's columns.
    pub(crate) columns: Vec<usize>,
    /// Reference columns.
    pub(crate) references: Vec<ReferenceColumn>,
    /// One row per metric.
    pub(crate) rows: Vec<Row>,
}

impl Table {
    /// How to read the marks that occur in this table.
    pub(crate) fn caption(&self) -> String {
        let cells = || self.rows.iter().flat_map(|row| &row.cells);
        let has = |mark: Mark| cells().any(|cell| cell.mark == mark);
        let mut parts = Vec::new();
        if cells().any(|c| c.estimate.is_some_and(|e| e.half_width.is_some())) {
            parts.push("Mean ± 95 % t-interval over seeds.");
        }
        if has(Mark::Best) {
            parts.push("★: best, its interval clear of all others.");
        }
        if has(Mark::Tied) {
            parts.push("≈: not distinguishable from the best.");
        }
        if has(Mark::Leading) {
            parts.push("Bold: best value, too few seeds for a claim.");
        }
        if cells().any(|cell| cell.estimate.is_none()) {
            parts.push("—: the model lacks this capability.");
        }
        parts.join(" ")
    }
}

/// A column that is no model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ReferenceColumn {
    /// `real`, `pca-mixture`, `gaussian`, `class-mean`, `noise`.
    pub(crate) name: String,
    /// For people.
    pub(crate) title: String,
}

impl ReferenceColumn {
    /// What it bounds: "floor" for real images, "ceiling" for noise.
    pub(crate) fn role(&self) -> &'static str {
        match self.name.as_str() {
            "real" => "real",
            "noise" => "noise",
            _ => "no network",
        }
    }
}

/// One metric over all columns.
pub(crate) struct Row {
    /// Name and split.
    pub(crate) key: RowKey,
    /// For people.
    pub(crate) title: String,
    /// The unit of the numbers.
    pub(crate) unit: String,
    /// Which way it improves.
    pub(crate) better: Option<Direction>,
    /// One line on what it says.
    pub(crate) meaning: &'static str,
    /// Images or samples behind each number; several where the columns differ.
    pub(crate) n: Vec<usize>,
    /// One per model column.
    pub(crate) cells: Vec<Cell>,
    /// One per reference column.
    pub(crate) references: Vec<Cell>,
}

impl Row {
    /// The images it was measured on; costs are measured on none.
    pub(crate) fn split(&self) -> &str {
        if Section::of(&self.key.name) == Section::Cost { "" } else { &self.key.split }
    }
}

/// One number of a table.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Cell {
    /// The number; None where the model has none.
    pub(crate) estimate: Option<Estimate>,
    /// The number as written.
    pub(crate) text: String,
    /// How it stands beside its row.
    pub(crate) mark: Mark,
}

impl Cell {
    fn new(estimate: Option<Estimate>, style: Style) -> Self {
        let text = match estimate {
            None => ABSENT.to_owned(),
            Some(Estimate { mean, half_width: Some(half), .. }) => style.mean(mean, half),
            Some(Estimate { mean, .. }) => style.one(mean),
        };
        Self { estimate, text, mark: Mark::None }
    }
}

/// The table of `section` over the columns `members`; None without a number.
pub(crate) fn table(
    section: Section,
    members: &[usize],
    columns: &[Column<'_>],
    protocol: Option<String>,
) -> Option<Table> {
    let runs: Vec<&RunData> = members.iter().flat_map(|i| columns[*i].counted()).collect();
    let keys = rows(section, runs.iter().flat_map(|run| &run.results.metrics));
    let references = references(&runs, &keys);
    let row = |key| row(key, members, columns, &references, &runs);
    let rows: Vec<Row> = keys.into_iter().map(row).collect();
    let columns = members.to_vec();
    (!rows.is_empty()).then_some(Table { section, protocol, columns, references, rows })
}

fn row(
    key: RowKey,
    members: &[usize],
    columns: &[Column<'_>],
    references: &[ReferenceColumn],
    runs: &[&RunData],
) -> Row {
    let of = |run: &&RunData| run.results.metrics.iter().find(|metric| key.is(metric)).cloned();
    let metrics: Vec<Vec<Metric>> =
        members.iter().map(|i| columns[*i].counted().iter().filter_map(of).collect()).collect();
    let Some(sample) = metrics.iter().flatten().next() else {
        unreachable!("a row exists because a run has its metric")
    };
    let style = Style::of(&key.name, &sample.qualified_unit());
    let mut n: Vec<usize> = metrics.iter().flatten().map(|metric| metric.n).collect();
    n.sort_unstable();
    n.dedup();
    let values =
        |column: &Vec<Metric>| column.iter().map(|metric| metric.value).collect::<Vec<_>>();
    let mut cells: Vec<Cell> = metrics
        .iter()
        .map(|column| Cell::new(Estimate::over_seeds(&values(column)), style))
        .collect();
    // Distances depend on how many images they are taken over: no winner where that differs.
    if n.len() == 1 {
        let finished = |index: &usize| columns[members[*index]].is_finished();
        mark_best(&mut cells, finished, sample.better);
    }
    let reference = |reference: &ReferenceColumn| {
        Cell::new(Estimate::over_seeds(&reference_values(reference, &key, runs)), style)
    };
    Row {
        title: names::metric(&key.name),
        unit: style.unit(&sample.qualified_unit()),
        better: sample.better,
        meaning: names::meaning(&key.name),
        n,
        cells,
        references: references.iter().map(reference).collect(),
        key,
    }
}

fn mark_best(cells: &mut [Cell], may_win: impl Fn(&usize) -> bool, better: Option<Direction>) {
    let eligible: Vec<usize> =
        (0..cells.len()).filter(may_win).filter(|i| cells[*i].estimate.is_some()).collect();
    let candidate = |index: &usize| {
        let cell = &cells[*index];
        cell.estimate.map(|estimate| Candidate { estimate, text: &cell.text })
    };
    let candidates: Vec<_> = eligible.iter().filter_map(candidate).collect();
    let marks = marks(&candidates, better);
    for (index, mark) in eligible.into_iter().zip(marks) {
        cells[index].mark = mark;
    }
}

/// The reference columns that say something about one of the rows. Floor and ceiling of single
/// metrics stand in where the runs carry no reference of real images or of noise.
fn references(runs: &[&RunData], keys: &[RowKey]) -> Vec<ReferenceColumn> {
    let mut found: Vec<ReferenceColumn> = Vec::new();
    let mut add = |name: &str, title: &str| {
        if !found.iter().any(|reference| reference.name == name) {
            found.push(ReferenceColumn { name: name.into(), title: title.into() });
        }
    };
    let wanted = |metric: &Metric| keys.iter().any(|key| key.is(metric));
    for run in runs {
        for reference in run.results.references.iter().filter(|r| r.metrics.iter().any(wanted)) {
            add(&reference.name, &reference.title);
        }
    }
    for metric in runs.iter().flat_map(|run| &run.results.metrics).filter(|m| wanted(m)) {
        metric.real.iter().for_each(|_| add("real", "Real images"));
        metric.noise.iter().for_each(|_| add("noise", "Noise"));
    }
    let place = |name: &str| REFERENCE_ORDER.iter().position(|n| *n == name);
    // Unknown references stand before noise, which is last.
    found.sort_by_key(|r| place(&r.name).map_or(REFERENCE_ORDER.len() * 2 - 3, |p| p * 2));
    found
}

/// The reference's value, once per seed: runs of one seed share their references.
fn reference_values(reference: &ReferenceColumn, key: &RowKey, runs: &[&RunData]) -> Vec<f64> {
    let mut seen = Vec::new();
    let mut values = Vec::new();
    for run in runs {
        let bound = || {
            let metric = run.results.metrics.iter().find(|metric| key.is(metric))?;
            match reference.name.as_str() {
                "real" => metric.real,
                "noise" => metric.noise,
                _ => None,
            }
        };
        let own = run.results.references.iter().find(|other| other.name == reference.name);
        let metric = own.and_then(|own| own.metrics.iter().find(|metric| key.is(metric)));
        if let Some(value) = metric.map(|metric| metric.value).or_else(bound)
            && !seen.contains(&run.results.seed)
        {
            seen.push(run.results.seed);
            values.push(value);
        }
    }
    values
}
