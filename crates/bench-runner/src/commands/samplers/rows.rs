//! What was measured, row by row, in `samplers/` of the run directory: `samplers.json`, from which a later
//! command goes on, and the same as `samplers.csv`.

use super::plan::{Point, Sampler};
use crate::{registry::Weights, run::directory::RunDir, terminal};
use anyhow::Result;
use genlab_core::Conditions;
use genlab_metrics::{Scored, measures::sets::frechet::DISTANCES};
use genlab_results::{FileError, Metric, SCHEMA_VERSION, atomic, file};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// The cure for a damaged file.
const COMPUTED_AGAIN: &str = "delete it and run the command again, which computes its rows anew";

/// What all rows of one command are scored by.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Setup {
    /// The values that samples are scored against: `test`, `validation`.
    pub(super) split: String,
    /// Samples, and as many values of the split.
    pub(super) samples: usize,
    /// SHA-256 of the judge's weights; None for points, which need no judge.
    pub(super) judge: Option<String>,
}

/// What decides a row.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Key {
    pub(super) weights: Weights,
    pub(super) spacing: String,
    pub(super) solver: String,
    /// None where nothing can be followed.
    pub(super) guidance: Option<f64>,
    /// Network calls of a sample, at most.
    pub(super) calls: usize,
    #[serde(flatten)]
    pub(super) setup: Setup,
}

impl Key {
    /// That of `sampler` at `point`.
    pub(super) fn new(sampler: &Sampler, point: Point, setup: &Setup) -> Self {
        let [solver, spacing] = sampler.names();
        let Point { calls, guidance } = point;
        Self { weights: sampler.weights, spacing, solver, guidance, calls, setup: setup.clone() }
    }
}

/// One sampler at one number of calls.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Row {
    #[serde(flatten)]
    pub(super) key: Key,
    /// Steps from noise to sample.
    pub(super) steps: usize,
    /// What the samples cost and score.
    pub(super) metrics: Vec<Metric>,
    /// Why others are absent.
    pub(super) notes: Vec<String>,
}

impl Row {
    /// The metric of that name.
    pub(super) fn metric(&self, name: &str) -> Option<&Metric> {
        self.metrics.iter().find(|metric| metric.name == name)
    }

    /// The Fréchet distance; None where some sample is not finite.
    pub(super) fn distance(&self) -> Option<&Metric> {
        distance(&self.metrics)
    }

    /// Whether nothing is missing. Of samples that are told captions a row says how many it draws in full, or why nobody knows;
    /// earlier rows do not. Of samples that are not finite no row says anything.
    pub(super) fn is_whole(&self, conditions: Conditions) -> bool {
        let tells_why =
            |note: &String| note.strip_prefix(DRAWN).is_some_and(|reason| reason.starts_with(' '));
        conditions.captions.is_none()
            || self.distance().is_none()
            || self.metric(DRAWN).is_some()
            || self.notes.iter().any(tells_why)
    }

    /// The row for people.
    pub(super) fn line(&self) -> String {
        let Key { weights, spacing, solver, guidance, calls, .. } = &self.key;
        let guided = guidance.map_or_else(String::new, |w| format!(", guidance {w}"));
        let plural = |count: usize, what: &str| match count {
            1 => format!("1 {what}"),
            _ => format!("{count} {what}s"),
        };
        let what = format!(
            "{solver}, {spacing}, {} weights{guided}, {} ({})",
            weights.name(),
            plural(*calls, "call"),
            plural(self.steps, "step")
        );
        if self.distance().is_none() {
            return format!("{what}: {}", self.notes.join(" "));
        }
        let number = |metric: &Metric| {
            let of = |value| terminal::number(value);
            let interval = metric.ci95.map(|[low, high]| format!(" ({} – {})", of(low), of(high)));
            format!("{} {}{}", said(&metric.name), of(metric.value), interval.unwrap_or_default())
        };
        let shown: Vec<String> =
            SHOWN.iter().filter_map(|name| self.metric(name)).map(number).collect();
        format!("{what}: {}", shown.join(", "))
    }
}

/// The Fréchet distance among `metrics`.
pub(super) fn distance(metrics: &[Metric]) -> Option<&Metric> {
    metrics.iter().find(|metric| DISTANCES.iter().any(|entry| entry.name == metric.name))
}

/// Whether `note` says why there is no such distance.
pub(super) fn is_of_distance(note: &str) -> bool {
    DISTANCES.iter().any(|entry| note.starts_with(entry.name))
}

/// Share of captions that are drawn in full.
const DRAWN: &str = "captions/all";

/// Metrics of a line for people, as far as there are any.
const SHOWN: [&str; 6] = [
    "samples/frechet",
    "samples/fid",
    DRAWN,
    "samples/coverage",
    "samples/class_agreement",
    "cost/seconds_per_sample",
];

/// What a metric is called in such a line: "frechet", and "captions/all", which says nothing without its first word.
fn said(name: &str) -> &str {
    match name.split_once('/') {
        Some(("samples" | "cost", last)) => last,
        _ => name,
    }
}

/// All rows of a run.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Rows {
    schema_version: u32,
    rows: Vec<Row>,
}

impl Rows {
    /// Those that earlier commands have left.
    ///
    /// # Errors
    /// When their file cannot be read, is damaged, or is of another schema version.
    pub(super) fn read(dir: &RunDir) -> Result<Self> {
        let path = json(dir);
        let Some(bytes) = file::read(&path)? else {
            return Ok(Self { schema_version: SCHEMA_VERSION, rows: Vec::new() });
        };
        let rows: Self = serde_json::from_slice(&bytes)
            .map_err(|error| FileError::damaged(&path, error.to_string(), COMPUTED_AGAIN))?;
        if rows.schema_version != SCHEMA_VERSION {
            let found = u64::from(rows.schema_version);
            return Err(FileError::Schema { path, found, known: SCHEMA_VERSION }.into());
        }
        Ok(rows)
    }

    /// The row of that key.
    pub(super) fn find(&self, key: &Key) -> Option<&Row> {
        self.rows.iter().find(|row| row.key == *key)
    }

    /// All there are.
    pub(super) fn count(&self) -> usize {
        self.rows.len()
    }

    /// Those that can stand in one chart.
    pub(super) fn of(&self, setup: &Setup) -> Vec<&Row> {
        self.rows.iter().filter(|row| row.key.setup == *setup).collect()
    }

    /// Adds a row, or puts it in the place of that of the same key, and writes all of them.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub(super) fn add(
        &mut self,
        dir: &RunDir,
        key: Key,
        steps: usize,
        scored: Scored,
    ) -> Result<()> {
        let Scored { metrics, notes, .. } = scored;
        let row = Row { key, steps, metrics, notes };
        match self.rows.iter_mut().find(|before| before.key == row.key) {
            Some(before) => *before = row,
            None => self.rows.push(row),
        }
        atomic::write(&json(dir), &serde_json::to_vec_pretty(self)?)?;
        Ok(atomic::write(&table(dir), self.csv().as_bytes())?)
    }

    /// A line per row; a column per metric, and two for its interval where any row has one. What is absent is
    /// empty.
    fn csv(&self) -> String {
        let columns = self.columns();
        let mut head: Vec<String> = KEYS.map(str::to_owned).to_vec();
        for (name, bounded) in &columns {
            head.push((*name).to_owned());
            if *bounded {
                head.extend(["low", "high"].map(|end| format!("{name} {end}")));
            }
        }
        let rows = self.rows.iter().map(|row| cells(row, &columns).join(","));
        let lines: Vec<String> = std::iter::once(head.join(",")).chain(rows).collect();
        lines.join("\n") + "\n"
    }

    /// The metrics of any row, and whether any row has an interval of theirs.
    fn columns(&self) -> Vec<(&str, bool)> {
        let mut columns: Vec<(&str, bool)> = Vec::new();
        for metric in self.rows.iter().flat_map(|row| &row.metrics) {
            let bounded = metric.ci95.is_some();
            match columns.iter_mut().find(|(name, _)| *name == metric.name) {
                Some((_, any)) => *any |= bounded,
                None => columns.push((&metric.name, bounded)),
            }
        }
        columns
    }
}

/// What decides a row and how many steps it took, as columns.
const KEYS: [&str; 9] =
    ["weights", "spacing", "solver", "guidance", "calls", "steps", "split", "samples", "judge"];

/// The cells of a row: those of [`KEYS`], then each metric's.
fn cells(row: &Row, columns: &[(&str, bool)]) -> Vec<String> {
    let Key { weights, spacing, solver, guidance, calls, setup } = &row.key;
    let number = |value: Option<f64>| value.map_or_else(String::new, |v| v.to_string());
    let mut cells = vec![
        weights.name(),
        spacing.clone(),
        solver.clone(),
        number(*guidance),
        calls.to_string(),
        row.steps.to_string(),
        setup.split.clone(),
        setup.samples.to_string(),
        setup.judge.clone().unwrap_or_default(),
    ];
    for (name, bounded) in columns {
        let metric = row.metric(name);
        cells.push(number(metric.map(|metric| metric.value)));
        if *bounded {
            let ends = metric.and_then(|metric| metric.ci95);
            cells.extend([0, 1].map(|end| number(ends.map(|ends| ends[end]))));
        }
    }
    cells
}

/// The rows' own file.
fn json(dir: &RunDir) -> PathBuf {
    dir.samplers().join("samplers.json")
}

/// The same for spreadsheets.
pub(super) fn table(dir: &RunDir) -> PathBuf {
    dir.samplers().join("samplers.csv")
}

#[cfg(test)]
mod tests {
    use super::*;
    use genlab_core::{Words, condition::Captions, nn::TextConfig};
    use genlab_metrics::CATALOGUE;

    fn key(calls: usize) -> Key {
        Key {
            weights: Weights::Averaged,
            spacing: "karras".to_owned(),
            solver: "ddim".to_owned(),
            guidance: None,
            calls,
            setup: Setup { split: "validation".to_owned(), samples: 100, judge: None },
        }
    }

    /// What has all of these metrics at one half, and such a note.
    fn scored(metrics: &[&str], note: &str) -> Scored {
        let metric = |name: &&str| {
            Metric::new(CATALOGUE.get(name).unwrap(), "validation", 0.5, 100).unwrap()
        };
        let metrics = metrics.iter().map(metric).collect();
        Scored { metrics, notes: vec![note.to_owned()], broken: 0 }
    }

    #[test]
    fn rows_of_samples_that_are_told_captions_say_what_became_of_these() {
        let words = Words { numbers: 7, length: 3 };
        let captions = Some(Captions { words, text: TextConfig::default() });
        let told = Conditions { captions, ..Conditions::default() };
        for (metrics, note, whole) in [
            (&["samples/frechet", "captions/all"][..], "", true),
            (&["samples/frechet"], "captions/all is absent: no judge reads these pictures.", true),
            (&["samples/frechet"], "captions/all_unseen is absent: no caption asks for it.", false),
            (&["samples/frechet"], "", false),
            (&[], "100 of 100 samples are not finite.", true),
        ] {
            let Scored { metrics, notes, .. } = scored(metrics, note);
            let row = Row { key: key(4), steps: 2, metrics, notes };
            assert_eq!(row.is_whole(told), whole, "{row:?}");
            assert!(row.is_whole(Conditions::default()), "{row:?}");
        }
    }

    #[test]
    fn what_is_measured_again_takes_the_place_of_what_was() {
        let folder = tempfile::tempdir().unwrap();
        let dir = RunDir::new(folder.path());
        let mut rows = Rows::read(&dir).unwrap();
        for (calls, metrics) in [
            (4, &["samples/frechet"][..]),
            (8, &["samples/frechet"]),
            (4, &["samples/frechet", "captions/all"]),
        ] {
            rows.add(&dir, key(calls), calls / 2, scored(metrics, "")).unwrap();
        }
        let read = Rows::read(&dir).unwrap();
        assert_eq!(read.rows, rows.rows);
        let calls: Vec<usize> = read.rows.iter().map(|row| row.key.calls).collect();
        assert_eq!(calls, [4, 8]);
        assert!(read.find(&key(4)).unwrap().metric("captions/all").is_some());
    }
}
