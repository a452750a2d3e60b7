//! What a sweep has found so far: a row a setting, with its mean over seeds.

use super::plan::Entry;
use crate::{
    run::directory::RunDir,
    summary::{self, Row},
};
use anyhow::Result;
use genlab_results::Results;
use std::{collections::BTreeMap, path::Path};

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
    let row = |setting: Setting| Row {
        name: setting.name,
        runs: setting.runs,
        finished: setting.finished,
    };
    Ok((summary::table(settings.into_iter().map(row).collect()), finished))
}

fn name(entry: &Entry) -> String {
    let model = entry.config.model.name();
    let short = |key: &str| key.rsplit('.').next().unwrap_or(key).to_owned();
    let settings = entry.settings.iter().map(|(key, value)| format!(" {}={value}", short(key)));
    format!("{model}{}", settings.collect::<String>())
}
