//! Many runs in a terminal of 80 columns: a row each, or one for all seeds of a setting, and the numbers that matter most.

use crate::terminal::{self, WIDTH};
use genlab_report::Estimate;
use genlab_results::{Direction, Rank, Results};

/// Numbers in a row at most, as far as there is room.
const MOST_COLUMNS: usize = 3;

/// A row: runs that differ in their seeds alone.
pub(crate) struct Row {
    pub(crate) name: String,
    /// Runs that there are to be.
    pub(crate) runs: usize,
    /// Those of them that are finished.
    pub(crate) finished: Vec<Results>,
}

/// The table, best rows by the first headline on top.
pub(crate) fn table(mut rows: Vec<Row>) -> String {
    let columns = columns(&rows);
    if let Some((first, better)) = columns.first() {
        let key = |row: &Row| {
            let mean = estimate(row, first).map_or(f64::INFINITY, |estimate| estimate.mean);
            if *better == Some(Direction::Higher) { -mean } else { mean }
        };
        rows.sort_by(|a, b| key(a).total_cmp(&key(b)));
    }
    let fits = |table: &str| table.lines().all(|line| line.chars().count() <= WIDTH);
    let mut most = columns.len();
    loop {
        let table = drawn(&rows, &columns[..most]);
        if most <= 1 || fits(&table) {
            return table;
        }
        most -= 1;
    }
}

fn drawn(rows: &[Row], columns: &[(String, Option<Direction>)]) -> String {
    let mut lines = vec![vec!["setting".to_owned(), "runs".to_owned()]];
    lines[0]
        .extend(columns.iter().map(|(name, better)| format!("{name}{}", terminal::arrow(*better))));
    for row in rows {
        let mut line = vec![row.name.clone(), format!("{}/{}", row.finished.len(), row.runs)];
        line.extend(
            columns
                .iter()
                .map(|(name, _)| estimate(row, name).map_or_else(|| "—".to_owned(), told)),
        );
        lines.push(line);
    }
    terminal::table(lines)
}

/// The metric by which rows of these results would be sorted.
pub(crate) fn leading<'a>(all: impl Iterator<Item = &'a Results>) -> Option<String> {
    let row =
        |results: &Results| Row { name: String::new(), runs: 1, finished: vec![results.clone()] };
    columns(&all.map(row).collect::<Vec<_>>()).into_iter().next().map(|(name, _)| name)
}

/// Headline metrics: of samples first, then those that most rows have, the leading ones before the others.
fn columns(rows: &[Row]) -> Vec<(String, Option<Direction>)> {
    let mut counts: Vec<(String, Option<Direction>, usize)> = Vec::new();
    for row in rows {
        let Some(results) = row.finished.first() else { continue };
        for metric in &results.metrics {
            let entry = genlab_metrics::CATALOGUE.get(&metric.name);
            if entry.is_none_or(|entry| entry.rank == Rank::Detail) {
                continue;
            }
            match counts.iter_mut().find(|(name, ..)| *name == metric.name) {
                Some((.., count)) => *count += 1,
                None => counts.push((metric.name.clone(), metric.better, 1)),
            }
        }
    }
    counts.sort_by_key(|(name, _, count)| {
        let rank = genlab_metrics::CATALOGUE.get(name).map(|entry| entry.rank);
        (!name.starts_with("samples/"), usize::MAX - count, rank != Some(Rank::Leading))
    });
    counts.into_iter().take(MOST_COLUMNS).map(|(name, better, _)| (name, better)).collect()
}

fn estimate(row: &Row, metric: &str) -> Option<Estimate> {
    let values = row.finished.iter().filter_map(|results| Some(results.metric(metric)?.value));
    Estimate::over_seeds(&values.collect::<Vec<f64>>())
}

/// `17.1 ± 0.4` from three seeds on.
fn told(estimate: Estimate) -> String {
    let mean = terminal::number(estimate.mean);
    match estimate.half_width {
        Some(half) if estimate.seeds >= 3 && half > 0.0 => {
            format!("{mean} ± {}", terminal::two_digits(half))
        }
        _ => mean,
    }
}
