//! What quality costs: a point a run, a colour a model.

use super::many::MANY;
use crate::chart::{Chart, Words, against};
use crate::compare::Column;
use genlab_results::{Catalogue, Direction, Entry, Rank, Section};

/// What is paid, with what the axis is called.
const COSTS: [(&str, &str); 3] = [
    ("cost/train_seconds", "seconds of training"),
    ("cost/params", "parameters"),
    ("cost/network_calls_per_sample", "network calls per sample"),
];

/// Every leading measure of samples, of models that may be compared, over each cost; none that is the same for all.
pub(super) fn charts(columns: &[Column<'_>], catalogue: &Catalogue) -> Vec<Chart> {
    let all = qualities(columns, catalogue)
        .into_iter()
        .flat_map(|quality| COSTS.map(|cost| (quality, cost)));
    all.enumerate()
        .filter_map(|(number, (quality, cost))| chart(number, quality, cost, columns))
        .collect()
}

/// A point for each run that has both; None where the cost is the same for all.
fn chart(
    number: usize,
    quality: &Entry,
    (cost, name): (&str, &str),
    columns: &[Column<'_>],
) -> Option<Chart> {
    let arrow = match quality.better {
        Some(Direction::Higher) => " (higher is better)",
        Some(Direction::Lower) => " (lower is better)",
        None => "",
    };
    let of_column = |column: &Column<'_>| {
        let runs = column.counted().into_iter();
        let value = |results: &genlab_results::Results, name| Some(results.metric(name)?.value);
        let points = runs.filter_map(|run| {
            Some((value(&run.results, cost)?, value(&run.results, quality.name)?))
        });
        (column.label.clone(), points.collect())
    };
    let series: Vec<(String, Vec<(f64, f64)>)> = columns.iter().map(of_column).collect();
    let series = if columns.len() > MANY { by_model(columns, series) } else { series };
    let mut costs = series.iter().flat_map(|(_, points)| points).map(|point| point.0);
    let first = costs.next()?;
    if costs.all(|cost| cost == first) {
        return None;
    }
    let words = Words {
        id: format!("cost-{number}"),
        title: format!("{} against {name}", quality.title),
        alt: format!("{} against {name}", quality.title),
        remark: String::new(),
    };
    against(words, &series, [name, &format!("{}{arrow}", quality.title)])
}

/// The points of all settings of a model under its title: a legend of many settings cannot be read.
fn by_model(
    columns: &[Column<'_>],
    series: Vec<(String, Vec<(f64, f64)>)>,
) -> Vec<(String, Vec<(f64, f64)>)> {
    let mut models: Vec<(String, Vec<(f64, f64)>)> = Vec::new();
    for (column, (_, points)) in columns.iter().zip(series) {
        let title = column.first().results.title();
        match models.iter_mut().find(|(model, _)| model == title) {
            Some((_, all)) => all.extend(points),
            None => models.push((title.to_owned(), points)),
        }
    }
    models
}

/// The leading measures of samples that at least two models have, the first of each kind: what is drawn of captions, where they
/// are told, and how far samples are from real ones.
fn qualities(columns: &[Column<'_>], catalogue: &Catalogue) -> Vec<&'static Entry> {
    let is_leading =
        |entry: &&Entry| entry.rank == Rank::Leading && entry.section == Section::Samples;
    let has =
        |column: &&Column<'_>, entry: &Entry| column.first().results.metric(entry.name).is_some();
    let kind = |entry: &Entry| entry.name.split_once('/').map(|(kind, _)| kind);
    let mut qualities: Vec<&'static Entry> = Vec::new();
    for entry in catalogue.iter().filter(is_leading) {
        let several = columns.iter().filter(|column| has(column, entry)).count() >= 2;
        if several && qualities.iter().all(|other| kind(other) != kind(entry)) {
            qualities.push(entry);
        }
    }
    qualities
}
