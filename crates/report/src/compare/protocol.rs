//! What may stand in one table: the same data, the same budget and, for samples, the same judge.

use super::group::Column;
use super::table::{Table, table};
use crate::format::short_count;
use crate::names;
use genlab_results::{Catalogue, OpenedRecord, OpenedRole, RunRecord, Section};

/// Something that a record says in words, or nothing where it does not know.
type Said = fn(&RunRecord) -> String;

/// On what times and memory depend.
const MACHINE: [(&str, Said); 3] = [
    ("backends", |record| record.backend.clone()),
    ("devices", |record| record.device.clone()),
    ("numbers of threads", |record| match record.threads {
        0 => String::new(),
        threads => threads.to_string(),
    }),
];

/// The tables of all columns, and a warning for each thing by which they must not be compared.
pub(super) fn tables(columns: &[Column<'_>], catalogue: &Catalogue) -> (Vec<Table>, Vec<String>) {
    let mut tables = Vec::new();
    let pools = partition((0..columns.len()).collect(), |index| Protocol::of(&columns[*index]));
    for section in Section::ALL {
        for (protocol, members) in &pools {
            let several = pools.len() > 1;
            if section == Section::Samples {
                let judges = judges(members, columns, catalogue);
                for (judge, part) in &judges {
                    let named = (judges.len() > 1).then(|| judge_name(judge.as_ref()));
                    let label = several.then(|| protocol.label()).into_iter().chain(named);
                    let label = label.collect::<Vec<_>>().join(", ");
                    let label = Some(label).filter(|label| !label.is_empty());
                    tables.extend(table(section, part, columns, label, catalogue));
                }
            } else {
                let label = several.then(|| protocol.label());
                tables.extend(table(section, members, columns, label, catalogue));
            }
        }
    }
    (tables, warnings(columns))
}

/// What a run was given.
#[derive(Clone, PartialEq)]
struct Protocol {
    dataset: String,
    sha256: Option<String>,
    /// What the data are, and the budget is counted in.
    noun: String,
    budget: Option<u64>,
    /// What it was built on: others' training comes on top of its budget.
    built_on: Vec<String>,
}

impl Protocol {
    fn of(column: &Column<'_>) -> Self {
        let run = column.first();
        Self {
            dataset: run.results.dataset.clone(),
            sha256: run.data_sha256().map(str::to_owned),
            noun: run.noun().to_owned(),
            budget: run.budget(),
            built_on: bases(&run.record),
        }
    }

    fn label(&self) -> String {
        let budget = self.budget.map(|n| format!(", {} {}", short_count(n as f64), self.noun));
        let built_on = if self.built_on.is_empty() { "" } else { ", built on " };
        let (data, budget) = (self.data(), budget.unwrap_or_default());
        format!("{data}{budget}{built_on}{}", self.built_on.join(" and "))
    }

    /// The data that it was given itself.
    fn data(&self) -> String {
        let hash = self.sha256.as_deref().map(|hash| format!(" ({})", short_hash(hash)));
        format!("{}{}", self.dataset, hash.unwrap_or_default())
    }

    /// What its training went on from.
    fn base(&self) -> String {
        if self.built_on.is_empty() { "none".into() } else { self.built_on.join(" and ") }
    }
}

/// The runs that a run is built on, each in a few words. A judge is none: it changes no weight.
fn bases(record: &RunRecord) -> Vec<String> {
    let bases = record.opened.iter().filter(|run| run.role == OpenedRole::Base);
    let words = |run: &OpenedRecord| {
        let on = if run.dataset.is_empty() { "" } else { " trained on " };
        format!("{}{on}{} ({})", run.model, run.dataset, short_hash(&run.sha256))
    };
    bases.map(words).collect()
}

type Judge = (String, String);

/// Columns by judge. A column without sample metrics joins the first part, as a row of dashes.
fn judges(
    members: &[usize],
    columns: &[Column<'_>],
    catalogue: &Catalogue,
) -> Vec<(Option<Judge>, Vec<usize>)> {
    let samples = |index: usize| {
        let metrics = &columns[index].first().results.metrics;
        metrics.iter().any(|metric| catalogue.section(&metric.name) == Section::Samples)
    };
    let judged = members.iter().copied().filter(|index| samples(*index)).collect();
    let mut parts = partition(judged, |index| judge(&columns[*index]));
    if let Some((_, first)) = parts.first_mut() {
        first.extend(members.iter().filter(|index| !samples(**index)));
        first.sort_unstable();
    }
    parts
}

fn judge(column: &Column<'_>) -> Option<Judge> {
    column.first().results.judge.as_ref().map(|judge| (judge.name.clone(), judge.sha256.clone()))
}

fn judge_name(judge: Option<&Judge>) -> String {
    judge.map_or_else(
        || "unnamed judge".into(),
        |(name, hash)| format!("judge {name} ({})", short_hash(hash)),
    )
}

fn short_hash(hash: &str) -> String {
    hash.chars().take(8).collect()
}

fn partition<T, K: PartialEq>(items: Vec<T>, key: impl Fn(&T) -> K) -> Vec<(K, Vec<T>)> {
    let mut parts: Vec<(K, Vec<T>)> = Vec::new();
    for item in items {
        let own = key(&item);
        match parts.iter_mut().find(|(key, _)| *key == own) {
            Some((_, part)) => part.push(item),
            None => parts.push((own, vec![item])),
        }
    }
    parts
}

fn warnings(columns: &[Column<'_>]) -> Vec<String> {
    let mut warnings = Vec::new();
    let mut differ = |what: &str, values: Vec<Option<String>>, consequence: &str| {
        let parts = partition(values, Clone::clone);
        let values: Vec<String> =
            parts.into_iter().map(|(value, _)| value.unwrap_or_else(|| "unknown".into())).collect();
        if values.len() > 1 {
            warnings.push(format!(
                "The runs have different {what}: {}. {consequence}",
                names::list(&values)
            ));
        }
    };
    let protocols: Vec<_> = columns.iter().map(Protocol::of).collect();
    let apart = "Their numbers stand in separate tables and must not be compared across them.";
    let data = protocols.iter().map(|p| Some(p.data()));
    differ("data sets", data.collect(), apart);
    let bases = protocols.iter().map(|p| Some(p.base()));
    differ(
        "bases",
        bases.collect(),
        "What a base was trained on, and for how long, comes on top of a run's own data and budget: their \
         numbers stand in separate tables and must not be compared across them.",
    );
    let noun = names::common(protocols.iter().map(|p| p.noun.as_str()));
    let budget = |p: &Protocol| p.budget.map(|n| format!("{} {noun}", short_count(n as f64)));
    let budgets = protocols.iter().map(budget);
    differ("budgets", budgets.collect(), apart);
    let judges = columns.iter().filter(|column| judge(column).is_some());
    let judges = judges.map(|column| Some(judge_name(judge(column).as_ref()))).collect();
    differ(
        "judges",
        judges,
        "Sample metrics stand in separate tables: features of two judges have no common scale.",
    );
    for (what, said) in MACHINE {
        let said = |column: &Column<'_>| Some(said(&column.first().record));
        let values = columns.iter().map(|column| said(column).filter(|said| !said.is_empty()));
        differ(what, values.collect(), "Times and memory say little about the models then.");
    }
    for column in columns {
        warnings.extend(status(column));
    }
    warnings
}

/// What to know about a column of which not every run finished.
fn status(column: &Column<'_>) -> Option<String> {
    let stopped: Vec<String> = column
        .runs
        .iter()
        .filter(|run| !run.is_finished())
        .map(|run| format!("seed {} ({})", run.results.seed, run.results.status.replace('_', " ")))
        .collect();
    let Column { label, .. } = column;
    match (stopped.is_empty(), column.is_finished()) {
        (true, _) => None,
        (false, true) => Some(format!(
            "{label}: {} did not finish and is left out of the means, which flatters {label}.",
            names::list(&stopped),
        )),
        (false, false) => Some(format!(
            "{label}: {} did not finish; its numbers are shown and never marked best.",
            names::list(&stopped),
        )),
    }
}
