//! Which scalars share a chart.

use crate::chart::{self, Chart, Series, Start, Stroke, Tint};
use crate::compare::Column;
use crate::curves::Curve;
use crate::names::{common, sentence, within_a_sentence};
use crate::run_data::RunData;
use genlab_results::{Catalogue, Oracle};

/// Prefixes of one scalar measured on several splits.
const SPLITS: [&str; 3] = ["train", "validation", "test"];
/// Scalars that end alike and mean the like: `critic_loss` and `generator_loss` share a chart.
const FAMILIES: [&str; 3] = ["loss", "accuracy", "score"];
/// How speeds end. They differ from machine to machine and say nothing about training.
const SPEED: &str = "_per_second";

/// `train/loss` is ("train", "loss"); a name without a split has an empty one.
fn parts(name: &str) -> (&str, &str) {
    match name.split_once('/') {
        Some((split, base)) if SPLITS.contains(&split) => (split, base),
        _ => ("", name),
    }
}

/// The title of the chart that a scalar belongs to.
fn family(base: &str) -> &str {
    let last = base.rsplit('_').next().unwrap_or(base);
    match base.split_once('/') {
        Some((first, _)) => first,
        None if FAMILIES.contains(&last) => last,
        None => base,
    }
}

/// Charts of one run: train over validation, related scalars together, scalars without a split last.
pub(super) fn of_run(run: &RunData, catalogue: &Catalogue) -> Vec<Chart> {
    let mut families: Vec<(&str, Vec<&Curve>)> = Vec::new();
    for curve in run.curves.0.iter().filter(|curve| !curve.name.ends_with(SPEED)) {
        let family = family(parts(&curve.name).1);
        match families.iter_mut().find(|(name, _)| *name == family) {
            Some((_, members)) => members.push(curve),
            None => families.push((family, vec![curve])),
        }
    }
    families
        .sort_by_key(|(family, members)| (*family != "loss", parts(&members[0].name).0.is_empty()));
    let chart = |(index, (family, members)): (usize, (&str, Vec<&Curve>))| {
        let schedule = members.iter().all(|curve| parts(&curve.name).0.is_empty());
        let start = if schedule { Start::Shown } else { Start::MayBeCut };
        let title = sentence(family, catalogue);
        let mut series = series(&members, catalogue);
        series.extend(oracles(&members, &run.results.oracles));
        chart::training([&format!("run-{index}"), &title, run.noun()], start, &series)
    };
    families.into_iter().enumerate().filter_map(chart).collect()
}

/// One colour per scalar; validation dashed. A chart with a single scalar colours its splits.
fn series(members: &[&Curve], catalogue: &Catalogue) -> Vec<Series> {
    let mut bases: Vec<&str> = Vec::new();
    let mut series: Vec<Series> = Vec::new();
    for curve in members {
        let (split, base) = parts(&curve.name);
        if !bases.contains(&base) {
            bases.push(base);
        }
        let colour = Tint::nth(bases.iter().position(|known| *known == base).unwrap_or(0));
        let stroke = if matches!(split, "" | "train") { Stroke::Solid } else { Stroke::Dashed };
        let name = sentence(base.rsplit('/').next().unwrap_or(base), catalogue);
        let name = within_a_sentence(&name);
        let label = if split.is_empty() { name } else { format!("{name}, {split}") };
        series.push(Series { label, points: curve.points.clone(), colour, stroke });
    }
    if bases.len() == 1 {
        for (index, (one, curve)) in series.iter_mut().zip(members).enumerate() {
            let split = parts(&curve.name).0;
            one.colour = Tint::nth(index);
            if !split.is_empty() {
                split.clone_into(&mut one.label);
            }
        }
    }
    series
}

/// What theory says of these scalars, over all of training, each in a colour that no scalar has.
fn oracles(members: &[&Curve], known: &[Oracle]) -> Vec<Series> {
    let points = || members.iter().flat_map(|curve| &curve.points);
    let end = points().map(|point| point.0).fold(0.0, f64::max);
    let of_these =
        |oracle: &&Oracle| members.iter().any(|curve| parts(&curve.name).1 == oracle.scalar);
    let line = |(index, oracle): (usize, &Oracle)| Series {
        label: oracle.title.clone(),
        points: vec![(0.0, oracle.value), (end, oracle.value)],
        colour: Tint::nth_back(index),
        stroke: Stroke::Dotted,
    };
    known.iter().filter(of_these).enumerate().map(line).collect()
}

/// One chart per model with its own objective, on its own scale.
pub(super) fn losses(columns: &[Column<'_>], catalogue: &Catalogue) -> Vec<Chart> {
    let chart = |(index, column): (usize, &Column<'_>)| {
        let is_loss = |curve: &&Curve| family(parts(&curve.name).1) == "loss";
        let runs = &column.runs;
        let mut all: Vec<Series> = Vec::new();
        for (order, run) in runs.iter().enumerate() {
            let members: Vec<&Curve> = run.curves.0.iter().filter(is_loss).collect();
            for mut one in series(&members, catalogue) {
                if runs.len() > 1 && order > 0 {
                    one.label = String::new();
                }
                all.push(one);
            }
        }
        let seeds = if runs.len() > 1 { format!(", {} seeds", runs.len()) } else { String::new() };
        let (id, title) = (format!("loss-{index}"), format!("{}{seeds}", column.label));
        chart::training([&id, &title, column.first().noun()], Start::MayBeCut, &all)
    };
    columns.iter().enumerate().filter_map(chart).collect()
}

/// Charts of scalars that at least two models log under the same name, one colour per model.
pub(super) fn shared(columns: &[Column<'_>], catalogue: &Catalogue) -> Vec<Chart> {
    let mut names: Vec<&str> = Vec::new();
    for curve in columns.iter().flat_map(|column| &column.first().curves.0) {
        let (split, base) = parts(&curve.name);
        let comparable = !split.is_empty() && family(base) != "loss";
        let logged = |column: &&Column<'_>| column.first().curves.get(&curve.name).is_some();
        if comparable && !names.contains(&&*curve.name) && columns.iter().filter(logged).count() > 1
        {
            names.push(&curve.name);
        }
    }
    let chart = |(index, name): (usize, &str)| {
        let mut all = Vec::new();
        let mut nouns = Vec::new();
        for column in columns {
            for (order, run) in column.runs.iter().enumerate() {
                let Some(curve) = run.curves.get(name) else { continue };
                nouns.push(run.noun());
                let label = if order == 0 { column.label.clone() } else { String::new() };
                let (points, colour) = (curve.points.clone(), column.colour);
                all.push(Series { label, points, colour, stroke: Stroke::Solid });
            }
        }
        let (split, base) = parts(name);
        let title = format!("{}, {split}", sentence(base, catalogue));
        let id = format!("shared-{index}");
        chart::training([&id, &title, common(nouns)], Start::MayBeCut, &all)
    };
    names.into_iter().enumerate().filter_map(chart).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn train_and_validation_share_a_chart_and_so_do_the_losses_of_a_gan() {
        assert_eq!(parts("train/loss"), ("train", "loss"));
        assert_eq!(parts("learning_rate"), ("", "learning_rate"));
        assert_eq!(family("critic_loss"), family("generator_loss"));
        assert_eq!(family("kl/free_bits"), "kl");
        assert_eq!(family("learning_rate"), "learning_rate");
    }

    #[test]
    fn what_theory_says_of_a_scalar_lies_beside_its_curves_alone() {
        let curve = Curve {
            name: "validation/negative_elbo".to_owned(),
            points: vec![(100.0, 9.0), (800.0, 5.0)],
        };
        let known = |scalar: &str| Oracle {
            scalar: scalar.to_owned(),
            value: 4.447,
            title: "entropy of the data".to_owned(),
        };
        let lines = oracles(&[&curve], &[known("kl"), known("negative_elbo")]);
        let [line] = &lines[..] else { panic!("one is of this scalar, not {}", lines.len()) };
        assert_eq!(line.points, [(0.0, 4.447), (800.0, 4.447)]);
        assert_eq!((&*line.label, line.stroke), ("entropy of the data", Stroke::Dotted));
    }
}
