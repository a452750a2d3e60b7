//! What a sweep has found so far: a row a setting, with its mean over seeds.

use super::plan::Entry;
use crate::{run::directory::RunDir, terminal};
use anyhow::Result;
use genlab_report::Estimate;
use genlab_results::{Direction, Rank, Results};
use std::{collections::BTreeMap, path::Path};

/// Numbers in a row at most: what an 80-column terminal has room for.
const MOST_COLUMNS: usize = 3;

/// Runs that differ in their seeds alone.
struct Setting<'a> {
    name: String,
    runs: usize,
    finished: Vec<Results>,
    settings: &'a BTreeMap<String, String>,
    model: &'static str,
}

/// The table, and how many runs are finished.
///
/// # Errors
/// When a results file is damaged.
pub(crate) fn table(runs: &Path, entries: &[Entry]) -> Result<(String, usize)> {
    let mut settings: Vec<Setting> = Vec::new();
    for entry in entries {
        let model = entry.config.model.name();
        let alike = |one: &&mut Setting| one.model == model && *one.settings == entry.settings;
        if settings.iter_mut().find(alike).is_none() {
            let (settings_of, name) = (&entry.settings, name(entry));
            let finished = Vec::new();
            settings.push(Setting { name, runs: 0, finished, settings: settings_of, model });
        }
        let setting = settings.iter_mut().find(alike).expect("it was just put there");
        setting.runs += 1;
        let dir = RunDir::new(runs.join(entry.config.run_name()));
        let results = dir.read_results()?;
        setting.finished.extend(results.filter(|results| results.status == "finished"));
    }
    let finished = settings.iter().map(|setting| setting.finished.len()).sum();
    let columns = columns(&settings);
    if let Some((first, better)) = columns.first() {
        let key = |setting: &Setting| {
            let mean = estimate(setting, first).map_or(f64::INFINITY, |estimate| estimate.mean);
            if *better == Some(Direction::Higher) { -mean } else { mean }
        };
        settings.sort_by(|a, b| key(a).total_cmp(&key(b)));
    }
    let mut rows = vec![vec!["setting".to_owned(), "runs".to_owned()]];
    rows[0]
        .extend(columns.iter().map(|(name, better)| format!("{name}{}", terminal::arrow(*better))));
    for setting in &settings {
        let mut row =
            vec![setting.name.clone(), format!("{}/{}", setting.finished.len(), setting.runs)];
        row.extend(
            columns
                .iter()
                .map(|(name, _)| estimate(setting, name).map_or_else(|| "—".to_owned(), told)),
        );
        rows.push(row);
    }
    Ok((terminal::table(rows), finished))
}

fn name(entry: &Entry) -> String {
    let model = entry.config.model.name();
    let short = |key: &str| key.rsplit('.').next().unwrap_or(key).to_owned();
    let settings = entry.settings.iter().map(|(key, value)| format!(" {}={value}", short(key)));
    format!("{model}{}", settings.collect::<String>())
}

/// Headline metrics: of samples first, then those that most settings have, the leading ones before the others.
fn columns(settings: &[Setting]) -> Vec<(String, Option<Direction>)> {
    let mut counts: Vec<(String, Option<Direction>, usize)> = Vec::new();
    for setting in settings {
        let Some(results) = setting.finished.first() else { continue };
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

fn estimate(setting: &Setting, metric: &str) -> Option<Estimate> {
    let values = setting.finished.iter().filter_map(|results| Some(results.metric(metric)?.value));
    Estimate::over_seeds(&values.collect::<Vec<f64>>())
}

/// `17.1 ± 0.4` from three seeds on.
fn told(estimate: Estimate) -> String {
    let mean = terminal::number(estimate.mean);
    match estimate.half_width {
        Some(half) if estimate.seeds >= 3 => format!("{mean} ± {}", terminal::two_digits(half)),
        _ => mean,
    }
}
