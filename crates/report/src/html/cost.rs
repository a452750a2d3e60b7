//! What quality costs: a point a run, a colour a model.

use super::many::MANY;
use crate::chart::{Chart, Words, against};
use crate::compare::Column;
use genlab_results::{Catalogue, Direction, Entry, Rank};

/// What is paid, with what the axis is called.
const COSTS: [(&str, &str); 3] = [
    ("cost/train_seconds", "seconds of training"),
    ("cost/params", "parameters"),
    ("cost/network_calls_per_sample", "network calls per sample"),
];

/// The leading measure of samples, of models that may be compared, over each cost; none that is the same for all.
pub(super) fn charts(columns: &[Column<'_>], catalogue: &Catalogue) -> Vec<Chart> {
    if columns.len() < 2 {
        return Vec::new();
    }
    let Some(quality) = quality(columns, catalogue) else { return Vec::new() };
    let arrow = match quality.better {
        Some(Direction::Higher) => " (higher is better)",
        Some(Direction::Lower) => " (lower is better)",
        None => "",
    };
    let chart = |(number, (cost, name)): (usize, &(&str, &str))| {
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
        against(words, &series, [*name, &format!("{}{arrow}", quality.title)])
    };
    COSTS.iter().enumerate().filter_map(chart).collect()
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

/// The leading measure of samples that at least two models have.
fn quality(columns: &[Column<'_>], catalogue: &Catalogue) -> Option<&'static Entry> {
    let has = |entry: &Entry| {
        columns.iter().filter(|column| column.first().results.metric(entry.name).is_some()).count()
    };
    let mut leading = catalogue.iter().filter(|entry| entry.rank == Rank::Leading);
    leading.find(|entry| entry.name.starts_with("samples/") && has(entry) >= 2)
}
