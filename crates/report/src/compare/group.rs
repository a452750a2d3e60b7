//! Runs that differ only in their seed make one column.

use crate::chart::Tint;
use crate::run_data::RunData;
use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

/// Settings that do not make another experiment: what a run is called.
const NAMES: [&str; 6] = ["seed", "seeds", "out", "name", "settings_version", "settings_hash"];
/// Nor do those whose key ends so: where files lie.
const PLACES: [&str; 2] = ["dir", "path"];
/// The value of a switch that is off.
const OFF: &str = "\"none\"";
/// Settings in a column's title where fewer would tell it apart.
const SETTINGS_IN_A_LABEL: usize = 2;

/// One model with one configuration, over its seeds.
#[derive(Clone)]
pub(crate) struct Column<'a> {
    /// The model's title, or "title (width = 4)" where another column is of the same model.
    pub(crate) label: String,
    /// All runs, by seed.
    pub(crate) runs: Vec<&'a RunData>,
    /// Its colour and mark in all charts and tables.
    pub(crate) colour: Tint,
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

/// The columns of a comparison and a warning for each run left out. Models stand in the order of the runs, and the
/// columns of one model in the order of their settings.
pub(crate) fn columns(runs: &[RunData]) -> (Vec<Column<'_>>, Vec<String>) {
    let mut groups: Vec<(Settings, Vec<&RunData>)> = Vec::new();
    let mut warnings = Vec::new();
    for run in runs {
        let settings = settings(run);
        let same = |(other, group): &&mut (Settings, Vec<&RunData>)| {
            let (a, b) = (&group[0].results, &run.results);
            let known = |run: &RunData| run.settings.get("settings_version").cloned();
            let same_settings = if known(group[0]) == known(run) {
                are_same(other, &settings)
            } else {
                *other == settings
            };
            (&a.model, &a.dataset) == (&b.model, &b.dataset) && same_settings
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
    order(&mut groups);
    let labels = labels(&groups);
    let columns =
        groups.into_iter().zip(labels).enumerate().map(|(index, ((_, mut runs), label))| {
            runs.sort_by_key(|run| run.results.seed);
            Column { label, runs, colour: Tint::nth(index) }
        });
    (columns.collect(), warnings)
}

type Settings = BTreeMap<String, String>;

/// Whether these, of one version of the settings, are those of one experiment. What is switched off is as what an earlier
/// program had no switch for.
fn are_same(one: &Settings, other: &Settings) -> bool {
    let is_on = |(_, value): &(&String, &String)| *value != OFF;
    one.iter().filter(is_on).eq(other.iter().filter(is_on))
}

/// Puts the columns of one model together, at the place of its first, by the first setting in which two differ.
fn order(groups: &mut [(Settings, Vec<&RunData>)]) {
    let mut models: Vec<&str> = Vec::new();
    for (_, runs) in groups.iter() {
        let model = runs[0].results.model.as_str();
        if !models.contains(&model) {
            models.push(model);
        }
    }
    let place = |runs: &[&RunData]| models.iter().position(|one| *one == runs[0].results.model);
    groups
        .sort_by(|(a, one), (b, other)| place(one).cmp(&place(other)).then_with(|| in_order(a, b)));
}

fn in_order(a: &Settings, b: &Settings) -> Ordering {
    let paths: BTreeSet<&String> = a.keys().chain(b.keys()).collect();
    let value = |of: &Settings, path: &String| of.get(path).cloned().unwrap_or_default();
    let orders = paths.into_iter().map(|path| natural(&value(a, path), &value(b, path)));
    orders.fold(Ordering::Equal, Ordering::then)
}

/// Numbers by their value and before words.
fn natural(a: &str, b: &str) -> Ordering {
    match (a.parse::<f64>(), b.parse::<f64>()) {
        (Ok(a), Ok(b)) => a.total_cmp(&b),
        (Ok(_), Err(_)) => Ordering::Less,
        (Err(_), Ok(_)) => Ordering::Greater,
        (Err(_), Err(_)) => a.cmp(b),
    }
}

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

/// A setting that columns have in common and of different values.
pub(crate) struct Difference {
    /// `batch_size`, `model.vae.beta`.
    pub(crate) path: String,
    /// One per column; None where it has no such setting.
    pub(crate) values: Vec<Option<String>>,
}

/// What tells columns apart, as far as settings do: those that at least two of them have.
pub(crate) fn differences(columns: &[Column<'_>]) -> Vec<Difference> {
    let all: Vec<Settings> = columns.iter().map(|column| settings(column.first())).collect();
    let paths: BTreeSet<&String> = all.iter().flat_map(BTreeMap::keys).collect();
    let difference = |path: &String| {
        let plain = |value: &String| value.trim_matches('"').to_owned();
        let values: Vec<Option<String>> =
            all.iter().map(|settings| settings.get(path).map(plain)).collect();
        let mut present = values.iter().flatten();
        let first = present.next()?;
        let differ = present.any(|value| value != first);
        differ.then(|| Difference { path: path.clone(), values })
    };
    paths.into_iter().filter_map(difference).collect()
}

/// The titles of all columns: the model's, and where several are of one model the settings that tell its columns
/// apart. No two are alike.
fn labels(groups: &[(Settings, Vec<&RunData>)]) -> Vec<String> {
    let of = |index, name: fn(&str) -> &str| label(groups, index, name);
    let mut labels: Vec<String> = (0..groups.len()).map(|index| of(index, last_key)).collect();
    for index in repeated(&labels) {
        labels[index] = of(index, whole_path);
    }
    for index in repeated(&labels) {
        let folder = groups[index].1[0].dir.path().file_name().unwrap_or_default();
        labels[index] = format!("{} ({})", labels[index], folder.to_string_lossy());
    }
    labels
}

/// The places of what occurs more than once.
fn repeated(labels: &[String]) -> Vec<usize> {
    let count = |label: &String| labels.iter().filter(|other| *other == label).count();
    (0..labels.len()).filter(|index| count(&labels[*index]) > 1).collect()
}

/// The title of one column, with the settings under the names that `name` gives their paths.
fn label(groups: &[(Settings, Vec<&RunData>)], index: usize, name: fn(&str) -> &str) -> String {
    let (own, runs) = &groups[index];
    let title = runs[0].results.title().to_owned();
    let twins: Vec<&Settings> = groups
        .iter()
        .enumerate()
        .filter(|(place, (_, other))| {
            *place != index && other[0].results.model == runs[0].results.model
        })
        .map(|(_, (settings, _))| settings)
        .collect();
    let differs = |path: &&String| twins.iter().any(|twin| twin.get(*path) != own.get(*path));
    let paths: BTreeSet<&String> =
        own.keys().chain(twins.iter().flat_map(|twin| twin.keys())).filter(differs).collect();
    if paths.is_empty() {
        return title;
    }
    let shown = telling(&paths, own, &twins);
    // "likelihood = gaussian" says more than "kind = gaussian".
    let short = |path: &str| name(path.strip_suffix(".kind").unwrap_or(path)).to_owned();
    let names: Vec<String> = shown.iter().map(|path| short(path)).collect();
    let setting = |path: &&String| {
        let named = short(path);
        let ambiguous = names.iter().filter(|other| **other == named).count() > 1;
        let named = if ambiguous { (*path).clone() } else { named };
        let value = own.get(*path).map_or("none", |value| value.trim_matches('"'));
        format!("{named} = {value}")
    };
    let more = if paths.len() > shown.len() { ", …" } else { "" };
    format!("{title} ({}{more})", shown.iter().map(setting).collect::<Vec<_>>().join(", "))
}

/// Of the paths by which `own` differs from its twins those that tell it from all of them, and others as far as
/// there is room; in the order of `paths`.
fn telling<'a>(
    paths: &BTreeSet<&'a String>,
    own: &Settings,
    twins: &[&Settings],
) -> Vec<&'a String> {
    let mut chosen: BTreeSet<&String> = BTreeSet::new();
    let mut alike: Vec<&Settings> = twins.to_vec();
    let apart = |path: &String, twin: &Settings| twin.get(path) != own.get(path);
    // Each time that which sets it apart from most, of equals the first. A setting that it lacks says less than
    // one that it has, and one that others lack, which may be of another build, less than one with another value.
    let most = |alike: &[&Settings]| {
        let count = |path: &String| alike.iter().filter(|twin| apart(path, twin)).count();
        let valued = |path: &String| {
            alike.iter().filter(|twin| apart(path, twin) && twin.contains_key(path)).count()
        };
        let told =
            |path: &String| (own.contains_key(path) && count(path) > 0, valued(path), count(path));
        let best = paths.iter().copied().rev().max_by_key(|path| told(path))?;
        (count(best) > 0).then_some(best)
    };
    while let Some(path) = most(&alike) {
        chosen.insert(path);
        alike.retain(|twin| !apart(path, twin));
    }
    let everywhere = |path: &&String| twins.iter().all(|twin| twin.contains_key(*path));
    let present = paths.iter().copied().filter(|path| own.contains_key(*path) && everywhere(path));
    for path in present {
        if chosen.len() < SETTINGS_IN_A_LABEL {
            chosen.insert(path);
        }
    }
    chosen.into_iter().collect()
}

fn last_key(path: &str) -> &str {
    path.rsplit('.').next().unwrap_or(path)
}

fn whole_path(path: &str) -> &str {
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_switch_that_is_off_makes_no_other_experiment() {
        let settings = |text: &str| {
            let mut leaves = Settings::new();
            flatten("", &text.parse().expect("a table"), &mut leaves);
            leaves
        };
        let before = settings("[model.vae]\nbeta = 1.0");
        let off = settings("[model.vae]\nbeta = 1.0\nbase = \"none\"");
        let on = settings("[model.vae]\nbeta = 1.0\nbase = \"runs/a\"");
        assert!(are_same(&before, &off) && are_same(&off, &before));
        assert!(!are_same(&off, &on) && !are_same(&before, &on));
        assert!(!are_same(&before, &settings("[model.vae]\nbeta = 2.0")));
    }

    #[test]
    fn numbers_are_in_the_order_of_their_values() {
        let mut values = ["10", "2", "none", "0.5", "1e1"];
        values.sort_by(|a, b| natural(a, b));
        assert_eq!(values, ["0.5", "2", "10", "1e1", "none"]);
    }
}
