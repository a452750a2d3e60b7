//! Rows as figures: the distance against network calls, and what guidance changes.

use super::rows::{Key, Row};
use crate::{registry::Weights, terminal};
use genlab_metrics::measures::cost::{NETWORK_CALLS_PER_SAMPLE, SECONDS_PER_SAMPLE};
use genlab_results::{Axes, Figure, Plot, Scope};

const SECTION: &str = "Quality against network calls";
const GUIDANCE: &str = "Guidance";
const AGREEMENT: &str = "samples/class_agreement";
const COVERAGE: &str = "samples/coverage";

/// What samples cost: a metric, the words along an axis of it, and what its value is multiplied by there.
type Cost = (&'static str, &'static str, f64);

const COSTS: [Cost; 2] = [
    (NETWORK_CALLS_PER_SAMPLE.name, "network calls per sample", 1.0),
    (SECONDS_PER_SAMPLE.name, "milliseconds per sample", 1e3),
];

/// Two charts, over calls and over time, for each spacing, weights and guidance, with a line for each solver; a
/// table of all; and a chart for each sampler that was measured at several strengths of guidance.
pub(super) fn all(rows: &[&Row]) -> Vec<Figure> {
    let panel = |row: &Row| {
        let Key { weights, spacing, guidance, .. } = &row.key;
        (*weights, spacing.clone(), *guidance)
    };
    let panels = groups(rows, panel);
    let costs = panels.iter().flat_map(|(_, rows)| COSTS.map(|cost| against(cost, rows)));
    let mut figures: Vec<Figure> = costs.flatten().chain(table(rows)).collect();
    figures.extend(guided(rows));
    for (number, figure) in figures.iter_mut().enumerate() {
        figure.name = format!("samplers_{number}");
    }
    figures
}

/// Rows of equal `key`, in the order of their first.
fn groups<'a, K: PartialEq>(rows: &[&'a Row], key: impl Fn(&Row) -> K) -> Vec<(K, Vec<&'a Row>)> {
    let mut groups: Vec<(K, Vec<&Row>)> = Vec::new();
    for &row in rows {
        let key = key(row);
        match groups.iter_mut().find(|(other, _)| *other == key) {
            Some((_, group)) => group.push(row),
            None => groups.push((key, vec![row])),
        }
    }
    groups
}

/// Distances of rows that differ in solver and calls, over what samples cost; None where no solver was measured
/// at two numbers of calls.
fn against((cost, x_label, scale): Cost, rows: &[&Row]) -> Option<Figure> {
    let first = rows.first()?;
    let mut series = Vec::new();
    for (solver, rows) in groups(rows, |row| row.key.solver.clone()) {
        let point = |row: &&Row| Some((scale * row.metric(cost)?.value, row.distance()?.value));
        let mut points: Vec<(f64, f64)> = rows.iter().filter_map(point).collect();
        points.sort_by(|a, b| a.0.total_cmp(&b.0));
        points.dedup_by_key(|point| point.0);
        if points.len() > 1 {
            series.push((solver, points));
        }
    }
    let Key { weights, spacing, guidance, setup, .. } = &first.key;
    (!series.is_empty()).then(|| Figure {
        name: String::new(),
        section: SECTION.to_owned(),
        title: format!("{spacing}{}", apart(*weights, *guidance)),
        caption: format!(
            "{} samples against as many values of the {} split, all from the same noise.",
            setup.samples, setup.split
        ),
        scope: Scope::Run,
        plot: Plot::Lines {
            series,
            bands: Vec::new(),
            x_label: x_label.to_owned(),
            y_label: "Fréchet distance".to_owned(),
            axes: Axes::Log,
        },
    })
}

/// What tells a chart from that of averaged weights without guidance.
fn apart(weights: Weights, guidance: Option<f64>) -> String {
    let weights = match weights {
        Weights::Averaged => String::new(),
        Weights::Decay(_) | Weights::Raw => format!(", weights {}", weights.name()),
    };
    let guidance = guidance.map_or_else(String::new, |w| format!(", guidance {w}"));
    format!("{weights}{guidance}")
}

/// Class agreement and coverage over the strength of guidance, of each sampler at its most calls.
fn guided(rows: &[&Row]) -> Vec<Figure> {
    let sampler = |row: &Row| {
        let Key { weights, spacing, solver, .. } = &row.key;
        (*weights, spacing.clone(), solver.clone())
    };
    let mut figures = Vec::new();
    for ((weights, spacing, solver), rows) in groups(rows, sampler) {
        let by_calls = groups(&rows, |row| row.key.calls);
        let scales =
            |rows: &[&Row]| rows.iter().filter(|row| row.metric(AGREEMENT).is_some()).count();
        let several = by_calls.into_iter().filter(|(_, rows)| scales(rows) > 1);
        let Some((calls, rows)) = several.max_by_key(|(calls, _)| *calls) else { continue };
        let curve = |title: &str, name: &str| {
            let point = |row: &&Row| Some((row.key.guidance?, row.metric(name)?.value));
            let mut points: Vec<(f64, f64)> = rows.iter().filter_map(point).collect();
            points.sort_by(|a, b| a.0.total_cmp(&b.0));
            (title.to_owned(), points)
        };
        let series = vec![curve("class agreement", AGREEMENT), curve("coverage", COVERAGE)];
        figures.push(Figure {
            name: String::new(),
            section: GUIDANCE.to_owned(),
            title: format!("{solver}, {spacing}{}", apart(weights, None)),
            caption: format!("At most {calls} network calls per sample."),
            scope: Scope::Compared,
            plot: Plot::Lines {
                series,
                bands: Vec::new(),
                x_label: "guidance".to_owned(),
                y_label: "fraction".to_owned(),
                axes: Axes::Linear,
            },
        });
    }
    figures
}

/// Distances of all samplers, a row each, by the calls that they were given.
fn table(rows: &[&Row]) -> Option<Figure> {
    let mut calls: Vec<usize> = rows.iter().map(|row| row.key.calls).collect();
    calls.sort_unstable();
    calls.dedup();
    let sampler = |row: &Row| {
        let Key { weights, spacing, solver, guidance, .. } = &row.key;
        format!("{solver}, {spacing}{}", apart(*weights, *guidance))
    };
    let line = |(name, rows): (String, Vec<&Row>)| {
        let of = |calls: &usize| rows.iter().find(|row| row.key.calls == *calls)?.distance();
        let cell = |calls| of(calls).map_or_else(|| "—".to_owned(), |m| terminal::number(m.value));
        std::iter::once(name).chain(calls.iter().map(cell)).collect()
    };
    let rows: Vec<Vec<String>> = groups(rows, sampler).into_iter().map(line).collect();
    let heads = calls.iter().map(|calls| format!("{calls} calls"));
    let columns = std::iter::once("sampler".to_owned()).chain(heads).collect();
    (!rows.is_empty()).then(|| Figure {
        name: String::new(),
        section: SECTION.to_owned(),
        title: "Fréchet distance".to_owned(),
        caption: "At most so many network calls per sample.".to_owned(),
        scope: Scope::Run,
        plot: Plot::Table { columns, rows },
    })
}
