//! One table: a column per model, a row per metric, reference columns to the right.

use super::group::Column;
use super::mark::{Candidate, Mark, marks};
use super::rows::{RowKey, rows};
use crate::format::{self, ABSENT};
use crate::names;
use crate::run_data::RunData;
use crate::stats::Estimate;
use genlab_results::{Catalogue, Direction, Entry, Metric, Rank, Role, Section, Style};
use std::collections::BTreeSet;

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
    /// The rows that sentences and pairwise tables are about: one per leading metric.
    pub(crate) fn leading(&self) -> impl Iterator<Item = &Row> {
        let first = |index: usize| {
            let name = &self.rows[index].key.name;
            self.rows[..index].iter().all(|row| row.key.name != *name)
        };
        let rows = self.rows.iter().enumerate().filter(move |(index, _)| first(*index));
        rows.map(|(_, row)| row).filter(|row| row.rank == Rank::Leading)
    }

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
            parts.push("—: not measured for this model.");
        }
        parts.join(" ")
    }
}

/// A column that is not a model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ReferenceColumn {
    /// Its key in the runs' results.
    pub(crate) name: String,
    /// For people.
    pub(crate) title: String,
    /// What it stands for.
    pub(crate) role: Role,
}

/// One metric over all columns.
pub(crate) struct Row {
    /// Name and split.
    pub(crate) key: RowKey,
    /// For people.
    pub(crate) title: String,
    /// The title within a sentence.
    pub(crate) noun: String,
    /// How prominent it is.
    pub(crate) rank: Rank,
    /// The split it was measured on; empty for costs, which are measured on none.
    pub(crate) split: String,
    /// How its numbers are written.
    pub(crate) style: Style,
    /// The least and the greatest value that it can take.
    pub(crate) range: [f64; 2],
    /// The unit of the numbers as they are written.
    pub(crate) unit: String,
    /// The unit of the numbers as they are stored.
    pub(crate) stored_unit: String,
    /// Which way it improves.
    pub(crate) better: Option<Direction>,
    /// One line on what it says.
    pub(crate) meaning: &'static str,
    /// How many are behind each number; several where the columns differ.
    pub(crate) n: Vec<usize>,
    /// One per model column.
    pub(crate) cells: Vec<Cell>,
    /// One per reference column.
    pub(crate) references: Vec<Cell>,
}

impl Row {
    /// The 95 % interval of the run's own number, over values, as it is written; None where it has none.
    pub(crate) fn interval(&self, run: &RunData) -> Option<String> {
        let metric = run.results.metrics.iter().find(|metric| self.key.is(metric))?;
        // Intervals by the normal approximation may reach beyond what is possible.
        let [least, greatest] = self.range;
        let ends = metric.ci95?.map(|end| end.clamp(least, greatest));
        Some(format::interval(self.style, ends))
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
    /// How many are behind it; several where its seeds differ.
    pub(crate) n: Vec<usize>,
}

impl Cell {
    fn new(numbers: &[(f64, usize)], style: Style) -> Self {
        let values: Vec<f64> = numbers.iter().map(|(value, _)| *value).collect();
        let estimate = Estimate::over_seeds(&values);
        let n = distinct(numbers.iter().map(|(_, n)| *n));
        let text = match estimate {
            None => ABSENT.to_owned(),
            Some(Estimate { mean, half_width: Some(half), .. }) => format::mean(style, mean, half),
            Some(Estimate { mean, .. }) => format::one(style, mean),
        };
        Self { estimate, text, mark: Mark::None, n }
    }
}

/// Each number once, the least first.
fn distinct(numbers: impl Iterator<Item = usize>) -> Vec<usize> {
    numbers.collect::<BTreeSet<_>>().into_iter().collect()
}

/// The table of `section` over the columns `members`; None without a number.
pub(crate) fn table(
    section: Section,
    members: &[usize],
    columns: &[Column<'_>],
    protocol: Option<String>,
    catalogue: &Catalogue,
) -> Option<Table> {
    let runs: Vec<&RunData> = members.iter().flat_map(|i| columns[*i].counted()).collect();
    let keys = rows(section, runs.iter().flat_map(|run| &run.results.metrics), catalogue);
    let references = references(&runs, &keys);
    let row = |key| row(key, members, columns, &references, &runs, catalogue);
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
    catalogue: &Catalogue,
) -> Row {
    let of = |run: &&RunData| run.results.metrics.iter().find(|metric| key.is(metric)).cloned();
    let metrics: Vec<Vec<Metric>> =
        members.iter().map(|i| columns[*i].counted().iter().filter_map(of).collect()).collect();
    let Some(sample) = metrics.iter().flatten().next() else {
        unreachable!("a row exists because a run has its metric")
    };
    // A metric that the catalogue does not know is shown all the same, plainly.
    let entry = catalogue.get(&key.name).unwrap_or(&Entry::BASE);
    let Entry { style, rank, range, section, proper_name, .. } = *entry;
    let meaning = entry.meaning_for(names::common(runs.iter().map(|run| run.noun())));
    let n = distinct(metrics.iter().flatten().map(|metric| metric.n));
    let numbers = |column: &Vec<Metric>| {
        column.iter().map(|metric| (metric.value, metric.n)).collect::<Vec<_>>()
    };
    let mut cells: Vec<Cell> =
        metrics.iter().map(|column| Cell::new(&numbers(column), style)).collect();
    // Distances depend on how many samples they are taken over: no winner where that differs.
    if n.len() == 1 {
        let finished = |index: &usize| columns[members[*index]].is_finished();
        mark_best(&mut cells, finished, sample.better);
    }
    let reference =
        |reference: &ReferenceColumn| Cell::new(&reference_values(reference, &key, runs), style);
    let title = names::metric(&key.name, catalogue);
    Row {
        noun: if proper_name { title.clone() } else { names::within_a_sentence(&title) },
        title,
        rank,
        split: if section == Section::Cost { String::new() } else { key.split.clone() },
        style,
        range,
        unit: format::unit(style, &sample.qualified_unit()),
        stored_unit: sample.qualified_unit(),
        better: sample.better,
        meaning,
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

/// The reference columns that say something about one of the rows: real data, baselines, noise. What
/// single metrics say of real data and of noise stands in where the runs carry no such
/// reference.
fn references(runs: &[&RunData], keys: &[RowKey]) -> Vec<ReferenceColumn> {
    let mut found: Vec<ReferenceColumn> = Vec::new();
    let wanted = |metric: &Metric| keys.iter().any(|key| key.is(metric));
    for reference in runs.iter().flat_map(|run| &run.results.references) {
        let known = found.iter().any(|other| other.name == reference.name);
        if !known && reference.metrics.iter().any(wanted) {
            let (name, title) = (reference.name.clone(), reference.title.clone());
            found.push(ReferenceColumn { name, title, role: reference.role });
        }
    }
    let real = format!("Real {}", names::common(runs.iter().map(|run| run.noun())));
    for (role, name, title) in [(Role::Real, "real", &*real), (Role::Noise, "noise", "Noise")] {
        let metrics = || runs.iter().flat_map(|run| &run.results.metrics);
        let said = metrics().any(|metric| wanted(metric) && bound(metric, role).is_some());
        if said && found.iter().all(|reference| reference.role != role) {
            found.push(ReferenceColumn { name: name.into(), title: title.into(), role });
        }
    }
    found.sort_by_key(|reference| reference.role);
    found
}

/// What a metric itself says of real data or of noise.
fn bound(metric: &Metric, role: Role) -> Option<f64> {
    match role {
        Role::Real => metric.real,
        Role::Baseline => None,
        Role::Noise => metric.noise,
    }
}

/// The reference's value and how many are behind it, once per seed: runs of one seed share their references.
fn reference_values(
    reference: &ReferenceColumn,
    key: &RowKey,
    runs: &[&RunData],
) -> Vec<(f64, usize)> {
    let mut seen = Vec::new();
    let mut values = Vec::new();
    for run in runs {
        let own = run.results.references.iter().find(|other| other.name == reference.name);
        let scored = own.and_then(|own| own.metrics.iter().find(|metric| key.is(metric)));
        let value = scored.map(|metric| (metric.value, metric.n)).or_else(|| {
            let metric = run.results.metrics.iter().find(|metric| key.is(metric))?;
            Some((bound(metric, reference.role)?, metric.n))
        });
        if let Some(value) = value
            && !seen.contains(&run.results.seed)
        {
            seen.push(run.results.seed);
            values.push(value);
        }
    }
    values
}
