//! Where there are more settings than a page has room for: a row each, in place of a column each.

use super::comparison_page::{CellView, standing_in};
use super::page::Arrow;
use crate::chart::Tint;
use crate::compare::{self, Column, Difference, Pairs, ReferenceColumn, Row, Table};
use crate::format::ABSENT;
use genlab_results::{Catalogue, Direction, Section};

/// Settings that have a column each in tables; more stand in rows.
pub(super) const COLUMNS: usize = 5;
/// Settings whose samples, curves and figures are all shown, and that are compared with each other one by one.
pub(super) const MANY: usize = 8;
/// Of more, the samples, curves and figures of so many are shown.
const SHOWN: usize = 5;
/// Settings that have a column of their own beside the numbers.
const SETTINGS: usize = 4;
/// What measures of samples that are told captions are called.
const CAPTIONS: &str = "captions/";

/// A table with a row per setting.
pub(super) struct Rows<'a> {
    /// The settings that tell rows apart.
    pub(super) settings: Vec<String>,
    pub(super) heads: Vec<Head<'a>>,
    pub(super) lines: Vec<Line<'a>>,
}

/// What stands above a column of numbers.
pub(super) struct Head<'a> {
    pub(super) title: &'a str,
    pub(super) arrow: Option<Arrow>,
    /// What it says, or its unit.
    pub(super) gloss: &'a str,
}

pub(super) struct Line<'a> {
    /// A model's; none of a reference.
    pub(super) colour: Option<Tint>,
    pub(super) label: &'a str,
    pub(super) note: String,
    pub(super) settings: Vec<&'a str>,
    pub(super) cells: Vec<CellView<'a>>,
}

/// The numbers that matter most, with the differing settings as columns.
pub(super) fn headline<'a>(
    columns: &'a [Column<'_>],
    tables: &'a [Table],
    differences: &'a [Difference],
    catalogue: &Catalogue,
) -> Option<Rows<'a>> {
    let compare::Headline { rows, references } = compare::headline(columns, tables)?;
    let axes = axes(columns, differences);
    let titled = axes.len() <= SETTINGS;
    let axes = if titled { axes } else { Vec::new() };
    let gloss = |row: &'a Row| {
        let entry = catalogue.get(&row.key.name).map(|entry| entry.gloss);
        entry.filter(|gloss| !gloss.is_empty()).unwrap_or(&row.unit)
    };
    let numbers: Vec<(&Row, &str)> = rows.iter().map(|(_, row)| (*row, gloss(row))).collect();
    let mut table = of_rows(&numbers, &(0..columns.len()).collect::<Vec<_>>(), columns);
    for (line, place) in table.lines.iter_mut().zip(0..) {
        line.settings = axes.iter().map(|axis| axis.value(place)).collect();
        if titled {
            line.label = columns[place].first().results.title();
        }
    }
    for reference in references {
        let cell = |(table, row): &(&'a Table, &'a Row)| {
            let place = table.references.iter().position(|one| one.name == reference.name);
            place.and_then(|place| row.references.get(place)).map_or_else(
                || CellView::absent(&row.title),
                |cell| CellView::new(&row.title, cell, "reference", ""),
            )
        };
        let cells = rows.iter().map(cell).collect();
        table.lines.push(reference_line(reference, axes.len(), cells));
    }
    Some(Rows { settings: axes.iter().map(|axis| axis.name.to_owned()).collect(), ..table })
}

/// All numbers of one table.
pub(super) fn whole<'a>(table: &'a Table, columns: &'a [Column<'_>]) -> Rows<'a> {
    let numbers: Vec<(&Row, &str)> = table.rows.iter().map(|row| (row, &*row.unit)).collect();
    let mut rows = of_rows(&numbers, &table.columns, columns);
    for (place, reference) in table.references.iter().enumerate() {
        let cell =
            |row: &'a Row| CellView::new(&row.title, &row.references[place], "reference", "");
        let cells = table.rows.iter().map(cell).collect();
        rows.lines.push(reference_line(reference, 0, cells));
    }
    rows
}

/// What samples show of their captions, below each number of a single run its interval over samples; None where no model is
/// told captions, or not all of them stand in one table.
pub(super) fn told<'a>(columns: &'a [Column<'_>], tables: &'a [Table]) -> Option<Rows<'a>> {
    let is_whole =
        |table: &&Table| table.section == Section::Samples && table.columns.len() == columns.len();
    let table = tables.iter().find(is_whole)?;
    let of_captions = table.rows.iter().filter(|row| row.key.name.starts_with(CAPTIONS));
    let numbers: Vec<(&Row, &str)> = of_captions.map(|row| (row, &*row.unit)).collect();
    let mut rows = of_rows(&numbers, &table.columns, columns);
    for (line, index) in rows.lines.iter_mut().zip(&table.columns) {
        let counted = columns[*index].counted();
        let [run] = &counted[..] else { continue };
        for (cell, (row, _)) in line.cells.iter_mut().zip(&numbers) {
            cell.spread = row.interval(run);
        }
    }
    (!numbers.is_empty()).then_some(rows)
}

/// The rows of the tables as columns, without references.
fn of_rows<'a>(
    numbers: &[(&'a Row, &'a str)],
    members: &[usize],
    columns: &'a [Column<'_>],
) -> Rows<'a> {
    let head = |(row, gloss): &(&'a Row, &'a str)| Head {
        title: &row.title,
        arrow: row.better.map(Arrow::new),
        gloss,
    };
    let line = |(place, index): (usize, &usize)| Line {
        colour: Some(columns[*index].colour),
        label: &columns[*index].label,
        note: columns[*index].seeds(),
        settings: Vec::new(),
        cells: numbers
            .iter()
            .map(|(row, _)| {
                let (class, words) = standing_in(row, &row.cells[place]);
                CellView::new(&row.title, &row.cells[place], class, words)
            })
            .collect(),
    };
    let lines = members.iter().enumerate().map(line).collect();
    Rows { settings: Vec::new(), heads: numbers.iter().map(head).collect(), lines }
}

fn reference_line<'a>(
    reference: &'a ReferenceColumn,
    settings: usize,
    cells: Vec<CellView<'a>>,
) -> Line<'a> {
    let note = crate::names::role(reference.role).to_owned();
    Line { colour: None, label: &reference.title, note, settings: vec![""; settings], cells }
}

/// A setting in which columns of one model differ: several models may have it, each under a path of its own.
struct Axis<'a> {
    name: &'a str,
    differences: Vec<&'a Difference>,
}

impl<'a> Axis<'a> {
    fn value(&self, place: usize) -> &'a str {
        let mut values = self.differences.iter().filter_map(|one| one.values[place].as_deref());
        values.next().unwrap_or(ABSENT)
    }
}

fn axes<'a>(columns: &[Column<'_>], differences: &'a [Difference]) -> Vec<Axis<'a>> {
    let model = |place: usize| columns[place].first().results.title();
    let differs = |one: &&Difference| {
        (0..columns.len())
            .any(|a| (0..a).any(|b| model(a) == model(b) && one.values[a] != one.values[b]))
    };
    let apart = |one: &Difference, other: &Difference| {
        one.values.iter().zip(&other.values).all(|(a, b)| a.is_none() || b.is_none())
    };
    let mut axes: Vec<Axis<'a>> = Vec::new();
    for one in differences.iter().filter(differs) {
        let path = one.path.strip_suffix(".kind").unwrap_or(&one.path);
        let name = path.rsplit('.').next().unwrap_or(path);
        let joins = |axis: &&mut Axis<'_>| {
            axis.name == name && axis.differences.iter().all(|other| apart(one, other))
        };
        match axes.iter_mut().find(joins) {
            Some(axis) => axis.differences.push(one),
            None => axes.push(Axis { name, differences: vec![one] }),
        }
    }
    axes
}

/// Of many columns only the pairs of which the best by the first leading measure is one: all pairs would be hundreds.
pub(super) fn fewer<'a>(pairs: Pairs<'a>, table: &Table) -> Pairs<'a> {
    let row = table.leading().find(|row| row.better.is_some());
    let Some(row) = row.filter(|_| table.columns.len() > MANY) else { return pairs };
    let places = (0..row.cells.len()).filter(|place| row.cells[*place].estimate.is_some());
    let best = places.min_by(|a, b| value(row, *a).total_cmp(&value(row, *b)));
    let best = best.map(|place| table.columns[place]);
    let is_of_best = |left, right| best.is_some_and(|best| [left, right].contains(&best));
    let rows = pairs.rows.into_iter().filter(|pair| is_of_best(pair.left, pair.right)).collect();
    Pairs { rows, ..pairs }
}

/// How a number ranks, the least first.
fn value(row: &Row, place: usize) -> f64 {
    let mean = row.cells[place].estimate.map_or(f64::INFINITY, |one| one.mean);
    if row.better == Some(Direction::Higher) && mean.is_finite() { -mean } else { mean }
}

/// The columns whose pictures are shown, and why these: the best by the leading measure of samples that all have, else
/// the first.
pub(super) fn shown<'a>(columns: &[Column<'a>], tables: &[Table]) -> (Vec<Column<'a>>, String) {
    if columns.len() <= MANY {
        return (columns.to_vec(), String::new());
    }
    let whole = |table: &&Table| table.columns.len() == columns.len();
    let leading = |section: Section| {
        let tables = tables.iter().filter(move |table| table.section == section).filter(whole);
        let mut rows = tables.flat_map(Table::leading);
        rows.find(|row| row.better.is_some() && row.cells.iter().all(|one| one.estimate.is_some()))
    };
    let by = leading(Section::Samples).or_else(|| leading(Section::Reconstruction));
    let mut order: Vec<usize> = (0..columns.len()).collect();
    if let Some(row) = by {
        order.sort_by(|a, b| value(row, *a).total_cmp(&value(row, *b)));
    }
    order.truncate(SHOWN);
    let which =
        by.map_or_else(|| "the first".to_owned(), |row| format!("those best in {}", row.noun));
    let words = format!(
        "Of {} settings {SHOWN} are shown in pictures and curves, {which}; the others have theirs in the reports of their runs.",
        columns.len()
    );
    (order.into_iter().map(|place| columns[place].clone()).collect(), words)
}
