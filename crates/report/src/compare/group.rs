//! Runs that differ only in their seed make one column.

use crate::run_data::RunData;
use std::collections::BTreeMap;

/// Settings that do not make another experiment: what a run is called.
const NAMES: [&str; 6] = ["seed", "seeds", "out", "name", "settings_version", "settings_hash"];
/// Nor do those whose key ends so: where files lie.
const PLACES: [&str; 2] = ["dir", "path"];
/// Settings that fit into a column's title.
const SETTINGS_IN_A_LABEL: usize = 2;

/// One model with one configuration, over its seeds.
pub(crate) struct Column<'a> {
    /// The model's title, or "title (width = 4)" where another column is of the same model.
    pub(crate) label: String,
    /// All runs, by seed.
    pub(crate) runs: Vec<&'a RunData>,
    /// Which of the palette's colours it has, from 1.
    pub(crate) colour: usize,
}

impl<'a> Column<'a> {
    /// The runs that numbers are taken from: the finished ones, or all of them if none is.
    pub(crate) fn counted(&self) -> Vec<&'a RunData> {
        let finished: Vec<_> = self.runs.iter().copied().filter(|run| run.is_finished()).collect();
        if finished.is_empty() { self.runs.clone() } else { finished }
    }

    /// Whether at least one seed finished; only then may a value be marked best.
    pub(crate) fn is_finished(&self) -> bool {
        self.runs.iter().any(|run| run.is_finished())
    }

    /// The run whose pictures and configuration stand for the column.
    pub(crate) fn first(&self) -> &'a RunData {
        self.counted()[0]
    }

    /// "3 seeds", "2 of 3 seeds", "seed 0, interrupted".
    pub(crate) fn seeds(&self) -> String {
        let (all, counted) = (self.runs.len(), self.counted().len());
        let status = self.first().results.status.replace('_', " ");
        let seeds = match (all, counted) {
            (1, _) => format!("seed {}", self.runs[0].results.seed),
            _ if all == counted => format!("{all} seeds"),
            _ => format!("{counted} of {all} seeds"),
        };
        if self.is_finished() { seeds } else { format!("{seeds}, {status}") }
    }
}

/// The columns of a comparison, in the order of the runs, and a warning for each run left out.
pub(crate) fn columns(runs: &[RunData]) -> (Vec<Column<'_>>, Vec<String>) {
    let mut groups: Vec<(Settings, Vec<&RunData>)> = Vec::new();
    let mut warnings = Vec::new();
    for run in runs {
        let settings = settings(run);
        let same = |(other, group): &&mut (Settings, Vec<&RunData>)| {
            let (a, b) = (&group[0].results, &run.results);
            (&a.model, &a.dataset) == (&b.model, &b.dataset) && *other == settings
        };
        match groups.iter_mut().find(same) {
            None => groups.push((settings, vec![run])),
            Some((_, group)) if group.iter().any(|o| o.results.seed == run.results.seed) => {
                warnings.push(format!(
                    "{} is left out: {} with seed {} and the same settings already exists, and \
                     the same seed twice is not a second sample.",
                    run.dir.path().display(),
                    run.results.title(),
                    run.results.seed,
                ));
            }
            Some((_, group)) => group.push(run),
        }
    }
    let labels: Vec<String> = (0..groups.len()).map(|index| label(&groups, index)).collect();
    let columns =
        groups.into_iter().zip(labels).enumerate().map(|(index, ((_, mut runs), label))| {
            runs.sort_by_key(|run| run.results.seed);
            Column { label, runs, colour: index % 7 + 1 }
        });
    (columns.collect(), warnings)
}

type Settings = BTreeMap<String, String>;

/// Every leaf of the configuration by its path, and the start of the judge's and the data's hashes:
/// seeds are averaged only where all of it agrees.
fn settings(run: &RunData) -> Settings {
    let mut leaves = BTreeMap::new();
    flatten("", &run.settings, &mut leaves);
    let judge = run.results.judge.as_ref().map(|judge| judge.sha256.as_str());
    for (key, hash) in [("judge", judge), ("data", run.data_sha256())] {
        leaves.extend(hash.map(|hash| (key.to_owned(), hash.chars().take(8).collect())));
    }
    leaves
}

fn flatten(prefix: &str, table: &toml::Table, leaves: &mut Settings) {
    for (key, value) in table {
        let path = if prefix.is_empty() { key.clone() } else { format!("{prefix}.{key}") };
        match value {
            toml::Value::Table(inner) => flatten(&path, inner, leaves),
            _ if NAMES.contains(&path.as_str()) || PLACES.contains(&key.as_str()) => {}
            value => drop(leaves.insert(path, value.to_string())),
        }
    }
}

/// The model's title, and the settings by which it differs from other columns of the same model.
fn label(groups: &[(Settings, Vec<&RunData>)], index: usize) -> String {
    let (own, runs) = &groups[index];
    let name = runs[0].results.title().to_owned();
    let twins: Vec<_> = groups
        .iter()
        .filter(|(_, other)| other[0].results.model == runs[0].results.model)
        .map(|(settings, _)| settings)
        .collect();
    if twins.len() == 1 {
        return name;
    }
    let differs = |path: &&String| twins.iter().any(|twin| twin.get(*path) != own.get(*path));
    let paths: Vec<&String> = own.keys().filter(differs).collect();
    if paths.is_empty() {
        let folder = runs[0].dir.path().file_name().unwrap_or_default();
        return format!("{name} ({})", folder.to_string_lossy());
    }
    let setting = |path: &&String| {
        // "likelihood = gaussian" says more than "kind = gaussian".
        let named = path.strip_suffix(".kind").unwrap_or(path);
        let short = named.rsplit('.').next().unwrap_or(named);
        format!("{short} = {}", own[*path].trim_matches('"'))
    };
    let shown: Vec<_> = paths.iter().take(SETTINGS_IN_A_LABEL).map(setting).collect();
    let more = if paths.len() > SETTINGS_IN_A_LABEL { ", …" } else { "" };
    format!("{name} ({}{more})", shown.join(", "))
}
