//! Rows as figures: the distance against network calls, what guidance changes, and what is drawn of captions.

use super::rows::{Key, Row};
use crate::{registry::Weights, terminal};
use genlab_metrics::measures::{
    cost::{NETWORK_CALLS_PER_SAMPLE, SECONDS_PER_SAMPLE},
    sets::frechet::DISTANCES,
};
use genlab_results::{Axes, Figure, Plot, Scope};

const SECTION: &str = "Quality against network calls";
const GUIDANCE: &str = "Guidance";
const DISTANCE: &str = "Fréchet distance";

/// A metric, and what it is called beside others of its kind.
type Line = (&'static str, &'static str);

/// What guidance changes of a run that is told classes. Of these and of the next only runs with the first have a chart.
const CLASSES: [Line; 2] =
    [("samples/class_agreement", "class agreement"), ("samples/coverage", "coverage")];

/// What the judge of scenes reads of a run that is told captions.
const CAPTIONS: [Line; 6] = [
    ("captions/all", "all"),
    ("captions/all_one", "all, one object"),
    ("captions/all_two", "all, two objects"),
    ("captions/digit", "digit"),
    ("captions/colour", "colour"),
    ("captions/relation", "relation"),
];

/// What samples cost: a metric, the words along an axis of it, and what its value is multiplied by there.
type Cost = (&'static str, &'static str, f64);

const COSTS: [Cost; 2] = [
    (NETWORK_CALLS_PER_SAMPLE.name, "network calls per sample", 1.0),
    (SECONDS_PER_SAMPLE.name, "milliseconds per sample", 1e3),
];

/// Two charts, over calls and over time, for each spacing, weights and guidance, with a line for each solver; a
/// table of all, and one of what is drawn of captions; and charts for each sampler that was measured at several strengths
/// of guidance.
pub(super) fn all(rows: &[&Row]) -> Vec<Figure> {
    let panel = |row: &Row| {
        let Key { weights, spacing, guidance, .. } = &row.key;
        (*weights, spacing.clone(), *guidance)
    };
    let panels = groups(rows, panel);
    let costs = panels.iter().flat_map(|(_, rows)| COSTS.map(|cost| against(cost, rows)));
    let mut figures: Vec<Figure> = costs.flatten().chain(table(rows)).collect();
    figures.extend(told(rows));
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
            y_label: DISTANCE.to_owned(),
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

/// What follows the strength of guidance, of each sampler at its most calls: class agreement and coverage where classes are
/// told; where captions are, what is drawn of them, and the distance.
fn guided(rows: &[&Row]) -> Vec<Figure> {
    let sampler = |row: &Row| {
        let Key { weights, spacing, solver, .. } = &row.key;
        (*weights, spacing.clone(), solver.clone())
    };
    let distances = DISTANCES.map(|entry| (entry.name, DISTANCE));
    let mut figures = Vec::new();
    for ((weights, spacing, solver), rows) in groups(rows, sampler) {
        let title = format!("{solver}, {spacing}{}", apart(weights, None));
        let charts = [
            (CLASSES[0].0, &CLASSES[..], "fraction"),
            (CAPTIONS[0].0, &CAPTIONS[..], "fraction"),
            (CAPTIONS[0].0, &distances[..], DISTANCE),
        ];
        for (told, lines, y_label) in charts {
            figures.extend(over_guidance(&title, &rows, told, lines, y_label));
        }
    }
    figures
}

/// Metrics over guidance at the most calls at which rows of several strengths have `told`; None where there are none.
fn over_guidance(
    title: &str,
    rows: &[&Row],
    told: &str,
    lines: &[Line],
    y_label: &str,
) -> Option<Figure> {
    let scales = |rows: &[&Row]| rows.iter().filter(|row| row.metric(told).is_some()).count();
    let several =
        groups(rows, |row| row.key.calls).into_iter().filter(|(_, rows)| scales(rows) > 1);
    let (calls, rows) = several.max_by_key(|(calls, _)| *calls)?;
    let curve = |(name, words): &Line| {
        let point = |row: &&Row| Some((row.key.guidance?, row.metric(name)?.value));
        let mut points: Vec<(f64, f64)> = rows.iter().filter_map(point).collect();
        points.sort_by(|a, b| a.0.total_cmp(&b.0));
        (!points.is_empty()).then(|| ((*words).to_owned(), points))
    };
    Some(Figure {
        name: String::new(),
        section: GUIDANCE.to_owned(),
        title: title.to_owned(),
        caption: format!("At most {calls} network calls per sample."),
        scope: Scope::Compared,
        plot: Plot::Lines {
            series: lines.iter().filter_map(curve).collect(),
            bands: Vec::new(),
            x_label: "guidance".to_owned(),
            y_label: y_label.to_owned(),
            axes: Axes::Linear,
        },
    })
}

/// What the judge of scenes reads of all samplers, beside the distance; None of a run that is told no captions.
fn told(rows: &[&Row]) -> Option<Figure> {
    let number = |value: Option<f64>| value.map_or_else(|| "—".to_owned(), terminal::number);
    let line = |row: &Row| -> Vec<String> {
        let Key { weights, spacing, solver, guidance, calls, .. } = &row.key;
        let sampler = format!("{solver}, {spacing}{}", apart(*weights, None));
        let values = CAPTIONS.map(|(name, _)| row.metric(name).map(|metric| metric.value));
        let distance = row.distance().map(|metric| metric.value);
        let numbers = [*guidance].into_iter().chain(values).chain([distance]).map(number);
        [sampler, calls.to_string()].into_iter().chain(numbers).collect()
    };
    let read = rows.iter().copied().filter(|row| row.metric(CAPTIONS[0].0).is_some());
    let rows: Vec<Vec<String>> = read.map(line).collect();
    let words = CAPTIONS.map(|(_, words)| words);
    let columns = ["sampler", "calls", "guidance"].into_iter().chain(words).chain([DISTANCE]);
    (!rows.is_empty()).then(|| Figure {
        name: String::new(),
        section: SECTION.to_owned(),
        title: "What the judge reads".to_owned(),
        caption: "At most so many network calls per sample. Share of samples that show all that their caption says, of \
                  objects of the digit and the colour that it says, and of pairs that stand as it says; samplers.csv has \
                  their intervals."
            .to_owned(),
        scope: Scope::Run,
        plot: Plot::Table { columns: columns.map(str::to_owned).collect(), rows },
    })
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
        title: DISTANCE.to_owned(),
        caption: "At most so many network calls per sample.".to_owned(),
        scope: Scope::Run,
        plot: Plot::Table { columns, rows },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::samplers::rows::Setup;
    use genlab_metrics::CATALOGUE;
    use genlab_results::Metric;

    /// A row of DDIM at 20 calls with this guidance and these metrics.
    fn row(guidance: f64, metrics: &[(&str, f64)]) -> Row {
        let metric = |(name, value): &(&str, f64)| {
            Metric::new(CATALOGUE.get(name).unwrap(), "validation", *value, 100).unwrap()
        };
        let setup = Setup { split: "validation".to_owned(), samples: 100, judge: None };
        let key = Key {
            weights: Weights::Averaged,
            spacing: "karras".to_owned(),
            solver: "ddim".to_owned(),
            guidance: Some(guidance),
            calls: 20,
            setup,
        };
        Row { key, steps: 10, metrics: metrics.iter().map(metric).collect(), notes: Vec::new() }
    }

    /// The charts over guidance: labels of their values, and the names of their lines.
    fn labels(figures: &[Figure]) -> Vec<(&str, Vec<&str>)> {
        let mut labels = Vec::new();
        for figure in figures.iter().filter(|figure| figure.section == GUIDANCE) {
            let Plot::Lines { series, y_label, .. } = &figure.plot else { continue };
            labels.push((y_label.as_str(), series.iter().map(|(name, _)| name.as_str()).collect()));
        }
        labels
    }

    #[test]
    fn what_is_drawn_of_captions_has_a_table_and_a_curve_beside_the_distance() {
        let told = |guidance, all, distance| {
            let of_objects = [("captions/digit", 0.9), ("captions/colour", 1.0)];
            let metrics = [("samples/frechet", distance), ("captions/all", all)];
            row(guidance, &[&metrics[..], &of_objects].concat())
        };
        let rows = [told(3.0, 0.5, 12.0), told(1.0, 0.25, 10.0)];
        let figures = all(&rows.iter().collect::<Vec<_>>());
        let table = figures.iter().find(|figure| figure.title == "What the judge reads").unwrap();
        let Plot::Table { columns, rows } = &table.plot else { panic!("a table: {table:?}") };
        assert_eq!(columns.len(), 3 + CAPTIONS.len() + 1);
        let dash = "—";
        let numbers = ["0.5000", dash, dash, "0.9000", "1", dash, "12"];
        assert_eq!(rows[0], [&["ddim, karras", "20", "3"][..], &numbers].concat());
        assert_eq!(
            labels(&figures),
            [("fraction", vec!["all", "digit", "colour"]), (DISTANCE, vec![DISTANCE])]
        );
        let curve = figures.iter().rfind(|figure| figure.section == GUIDANCE).unwrap();
        let Plot::Lines { series, .. } = &curve.plot else { panic!("lines: {curve:?}") };
        assert_eq!(series[0].1, [(1.0, 10.0), (3.0, 12.0)], "by their guidance");
    }

    #[test]
    fn without_captions_there_are_the_charts_of_classes_and_no_others() {
        let classes = [
            ("samples/frechet", 10.0),
            ("samples/class_agreement", 0.9),
            ("samples/coverage", 0.8),
        ];
        let rows = [row(1.0, &classes), row(2.0, &classes)];
        let figures = all(&rows.iter().collect::<Vec<_>>());
        assert!(figures.iter().all(|figure| figure.title != "What the judge reads"));
        assert_eq!(labels(&figures), [("fraction", vec!["class agreement", "coverage"])]);
    }
}
