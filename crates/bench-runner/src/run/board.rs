//! What a run shows on TensorBoard.
//!
//! Its scalars are those of `metrics.jsonl`, which a run that goes on has cut back to what its checkpoint knows: event
//! files are written again from there, so that every point is there once, whatever a kill has left behind.

use super::{directory, directory::RunDir, quantities, stations::Training};
use crate::{config::RunConfig, registry::ModelConfig};
use anyhow::Result;
use genlab_core::{Kind, checkpoint::CheckpointState};
use genlab_data::kind_of;
use genlab_metrics::{Binarisation, CATALOGUE, measures::codes::pixels::Pixels};
use genlab_report::tensorboard::{End, EventWriter, Holding, MetricColumn, Rewrite, Setting};
use genlab_results::{Direction, Entry, Metric, Rank, Section};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

/// Tags of the pictures that training logs.
pub(super) const SAMPLES: &str = "samples";
/// As [`SAMPLES`], of models that have no samples.
pub(super) const RECONSTRUCTIONS: &str = "reconstructions";
/// Settings whose columns come first in the table of runs.
const FIRST: [&str; 5] = ["model", "dataset", "seed", "batch_size", "images"];

/// The run's row in TensorBoard's table of runs.
pub(super) struct Row {
    /// Its settings.
    settings: BTreeMap<String, Setting>,
    /// Settings of all models, for the columns: a table is made of runs of several.
    all: BTreeMap<String, Setting>,
    /// The numbers that it may end with.
    numbers: Vec<MetricColumn>,
}

impl Row {
    /// Of a run with these settings, judged by `judge`.
    pub(super) fn of(config: &RunConfig, judge: Option<String>) -> Self {
        let word = |word: &str| Setting::Word(word.to_owned());
        let split = config.evaluation.settings.split.name();
        let common = [
            ("model", word(config.model.name())),
            ("dataset", word(&config.dataset)),
            ("seed", Setting::Number(config.seed as f64)),
            ("batch_size", Setting::Number(config.batch_size as f64)),
            ("images", Setting::Number(config.budget.images as f64)),
            ("judge", word(judge.as_deref().unwrap_or("none"))),
            ("split", word(split)),
        ];
        let mut settings = BTreeMap::new();
        flatten(
            "precision",
            &serde_json::to_value(config.precision).unwrap_or_default(),
            &mut settings,
        );
        flatten(
            "binarise",
            &serde_json::to_value(config.data.binarise).unwrap_or_default(),
            &mut settings,
        );
        flatten("", &config.model.settings(), &mut settings);
        settings.extend(common.map(|(name, setting)| (name.to_owned(), setting)));
        let mut all = settings.clone();
        let kind = kind_of(&config.dataset);
        for model in ModelConfig::all(kind) {
            let mut of_model = BTreeMap::new();
            flatten("", &model.settings(), &mut of_model);
            of_model.into_iter().for_each(|(name, setting)| {
                all.entry(name).or_insert(setting);
            });
        }
        let numbers = columns(kind, config.evaluation.settings.binarise);
        Self { settings, all, numbers }
    }

    fn write(&self, writer: &mut EventWriter) -> genlab_report::Result<()> {
        writer.columns(&self.all, &FIRST, &self.numbers)?;
        writer.started(&self.settings)
    }
}

/// The settings at and below `value` by their names, those of tables behind that of their table. The kind of a variant stands
/// for its table.
fn flatten(name: &str, value: &Value, into: &mut BTreeMap<String, Setting>) {
    let setting = match value {
        Value::Object(table) => {
            for (key, value) in table {
                let parts = [name, key.as_str()].into_iter().filter(|part| !part.is_empty());
                let parts: Vec<&str> = parts.filter(|part| *part != "kind").collect();
                flatten(&parts.join("."), value, into);
            }
            return;
        }
        Value::Null => Setting::Word("none".into()),
        Value::Bool(on) => Setting::Switch(*on),
        Value::Number(number) => Setting::Number(number.as_f64().unwrap_or(f64::NAN)),
        Value::String(word) => Setting::Word(word.clone()),
        Value::Array(items) => {
            let words = items
                .iter()
                .map(|item| item.as_str().map_or_else(|| item.to_string(), str::to_owned));
            Setting::Word(words.collect::<Vec<_>>().join("-"))
        }
    };
    into.insert(name.to_owned(), setting);
}

/// The tag of a number that a run ends with. Under bounds on the likelihood pixels as they are and binarised ones give
/// different quantities of one name, which the qualifier tells apart; elsewhere it says how one was measured.
fn last(name: &str, qualifier: Option<&str>) -> String {
    match qualifier.filter(|words| !words.is_empty()) {
        Some(words) if CATALOGUE.section(name) == Section::Likelihood => {
            format!("final/{name} ({words})")
        }
        _ => format!("final/{name}"),
    }
}

/// The numbers of the table of runs: the headline numbers of reports.
fn columns(kind: Kind, binarise: Binarisation) -> Vec<MetricColumn> {
    let pixels = [Pixels::Binary(binarise), Pixels::Grey].map(Pixels::words);
    let headline = CATALOGUE.iter().filter(|entry| entry.rank != Rank::Detail);
    let column = |entry: &Entry, qualifier: Option<&str>| MetricColumn {
        tag: last(entry.name, qualifier),
        title: [Some(entry.title), qualifier].into_iter().flatten().collect::<Vec<_>>().join(", "),
        meaning: entry.meaning.to_owned(),
    };
    headline
        .flat_map(|entry| match (kind, entry.section) {
            (Kind::Images, Section::Likelihood) => {
                pixels.map(|words| column(entry, Some(words))).to_vec()
            }
            _ => vec![column(entry, None)],
        })
        .collect()
}

/// The event file of a run in training.
pub(super) struct Board<'a> {
    writer: EventWriter,
    model: &'a ModelConfig,
    /// Keys of the log whose meaning is told.
    told: BTreeSet<String>,
}

impl<'a> Board<'a> {
    /// Of a run that begins, or goes on at `start` with a log that ends there.
    ///
    /// # Errors
    /// When a file cannot be read, written or removed.
    pub(super) fn open(
        dir: &RunDir,
        training: &'a Training,
        row: &Row,
        start: &CheckpointState,
        log: &str,
    ) -> Result<Self> {
        let mut rewrite = Rewrite::begin(dir.path(), Some(&dir.tensorboard()), Holding::Training)?;
        row.write(rewrite.writer())?;
        rewrite.carry_pictures(&[SAMPLES, RECONSTRUCTIONS], start.step)?;
        let mut told = BTreeSet::new();
        for line in log.lines().filter_map(|line| serde_json::from_str(line).ok()) {
            scalars(rewrite.writer(), &training.model, &mut told, &line, start.seconds)?;
        }
        rewrite.writer().ago(0.0);
        let writer = rewrite.publish()?;
        directory::remove_if_empty(&[dir.tensorboard()]);
        Ok(Self { writer, model: &training.model, told })
    }

    /// Shows the scalars of a line of the log.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub(super) fn line(&mut self, line: &Map<String, Value>) -> Result<()> {
        let now = line.get("seconds").and_then(Value::as_f64).unwrap_or_default();
        scalars(&mut self.writer, self.model, &mut self.told, line, now)?;
        Ok(self.writer.flush()?)
    }

    /// Shows a picture.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub(super) fn picture(&mut self, tag: &str, step: u64, png: &[u8]) -> Result<()> {
        self.writer.image(tag, step, png)?;
        Ok(self.writer.flush()?)
    }

    /// Ends the file.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(super) fn close(mut self) -> Result<()> {
        Ok(self.writer.sync()?)
    }
}

/// Logs a line that was logged when `now` was as far away as the seconds of training in between.
fn scalars(
    writer: &mut EventWriter,
    model: &ModelConfig,
    told: &mut BTreeSet<String>,
    line: &Map<String, Value>,
    now: f64,
) -> genlab_report::Result<()> {
    let number = |key: &str| line.get(key).and_then(Value::as_f64);
    let Some(step) = line.get("step").and_then(Value::as_u64) else { return Ok(()) };
    writer.ago(now - number("seconds").unwrap_or(now));
    for key in line.keys() {
        let Some((quantity, value)) = quantities::of(model, key).zip(number(key)) else { continue };
        if told.insert(key.clone()) {
            writer.explain(&quantity.tag, &quantity.meaning);
        }
        writer.scalar(&quantity.tag, step, value)?;
    }
    Ok(())
}

/// The event file of results, to be filled and published.
///
/// # Errors
/// When it cannot be created.
pub(super) fn results(dir: &RunDir) -> Result<Rewrite> {
    Ok(Rewrite::begin(dir.path(), None, Holding::Results)?)
}

/// Logs the numbers that a run ends with.
///
/// # Errors
/// When the file cannot be written.
pub(super) fn numbers(writer: &mut EventWriter, metrics: &[Metric], step: u64) -> Result<()> {
    for metric in metrics {
        let tag = last(&metric.name, metric.qualifier.as_deref());
        let meaning = CATALOGUE.get(&metric.name).map_or("", |entry| entry.meaning);
        let better = match metric.better {
            Some(Direction::Lower) => "; lower is better",
            Some(Direction::Higher) => "; higher is better",
            None => "",
        };
        let (unit, split, n) = (metric.qualified_unit(), &metric.split, metric.n);
        writer.explain(&tag, &format!("{meaning} In {unit}, {split} split, n = {n}{better}."));
        writer.scalar(&tag, step, metric.value)?;
    }
    Ok(writer.ended(step, End::Finished)?)
}

/// Says that a run has ended without results.
///
/// # Errors
/// When the file cannot be written.
pub(super) fn failed(dir: &RunDir, step: u64) -> Result<()> {
    let mut shown = results(dir)?;
    shown.writer().ended(step, End::Failed)?;
    shown.publish()?;
    Ok(())
}
