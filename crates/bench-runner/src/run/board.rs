//! What a run shows on TensorBoard.
//!
//! Its scalars are those of `metrics.jsonl`, which a run that goes on has cut back to what its checkpoint knows: event
//! files are written again from there, so that every point is there once, whatever a kill has left behind.

use super::{directory, directory::RunDir, quantities, stations::Training};
use crate::{
    config::{JudgeConfig, RunConfig},
    registry::ModelConfig,
};
use anyhow::Result;
use genlab_core::{Kind, checkpoint::CheckpointState};
use genlab_data::{kind_of, moving};
use genlab_metrics::{
    CATALOGUE,
    measures::{codes::pixels::Pixels, units},
};
use genlab_report::tensorboard::{
    End, EventWriter, Holding, MetricColumn, RECONSTRUCTIONS, Rewrite, SAMPLES, Setting,
};
use genlab_results::{Direction, Entry, Metric, Rank, Section};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

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
        for model in ModelConfig::all(kind_of(&config.dataset)) {
            let mut of_model = BTreeMap::new();
            flatten("", &model.settings(), &mut of_model);
            for (name, setting) in of_model {
                all.entry(name).or_insert(setting);
            }
        }
        Self { settings, all, numbers: columns(config) }
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

/// The tag of a number that a run ends with. Bounds on the likelihood of pixels as they are and of binarised ones are different
/// quantities of one name, which the qualifier tells apart; elsewhere it says how one was measured.
fn last(entry: &Entry, qualifier: Option<&str>) -> String {
    match qualifier.filter(|words| !words.is_empty() && is_bound(entry)) {
        Some(words) => format!("final/{} ({words})", entry.name),
        None => format!("final/{}", entry.name),
    }
}

/// Whether it is about a density or a probability of all pixels, by what they are.
fn is_bound(entry: &Entry) -> bool {
    entry.section == Section::Likelihood && entry.unit.starts_with("nats")
}

/// The scenes that have a subject, which their judge does not read.
const SUBJECT: &str = "scenes-32-subject";

/// The numbers of the table of runs: the headline numbers of reports that some run on these data can have.
fn columns(config: &RunConfig) -> Vec<MetricColumn> {
    let kind = kind_of(&config.dataset);
    let pixels = [Pixels::Binary(config.evaluation.settings.binarise), Pixels::Grey];
    let is_inception = matches!(config.evaluation.judge, JudgeConfig::Inception(_));
    let settings = config.model.settings();
    let [condition, control] = ["condition", "control"].map(|key| &settings[key]["kind"]);
    let has = |entry: &&Entry| match (entry.section, entry.name) {
        (Section::Forecasts, _) => kind == Kind::Series,
        (Section::Captions, "description/filter_auroc") => {
            config.model.name() == "captioner" && config.dataset == "scenes-32-noisy"
        }
        (Section::Captions, name) => match name.split_once('/') {
            Some(("alignment", what)) => {
                let of_scenes = config.dataset.starts_with("scenes-");
                let said = match what {
                    "above_floor" => true,
                    "class" => !of_scenes,
                    "digit" | "unseen" => of_scenes && config.dataset != SUBJECT,
                    _ => of_scenes,
                };
                said && ["clip", "captioner"].contains(&config.model.name())
            }
            _ => config.model.name() == "captioner",
        },
        (Section::Classification, _) => ["classifier", "vit"].contains(&config.model.name()),
        (Section::Objects, name) => match name.split_once('/') {
            Some(("grounding", _)) => config.model.name() == "grounder",
            _ => config.model.name() == "segmenter",
        },
        (_, "samples/frechet") => !is_inception,
        (_, "samples/fid") => is_inception,
        (_, "samples/true_modes" | "samples/high_quality" | "nll/exact") => kind == Kind::Points,
        (_, "super_resolution/psnr") => *condition == "low-resolution",
        (_, "control/iou") => control.as_str().is_some_and(|kind| kind != "off"),
        (_, "captions/all") => {
            let is_read = config.dataset != SUBJECT && config.dataset.starts_with("scenes-32");
            *condition == "caption" && is_read
        }
        (_, name) if name.starts_with("motion/") => config.dataset == moving::NAME,
        (_, "subject/shown") => *condition == "caption" && config.dataset == SUBJECT,
        _ => true,
    };
    let headline = CATALOGUE.iter().filter(|entry| entry.rank != Rank::Detail).filter(has);
    let column = |entry: &Entry, qualifier: Option<&str>| MetricColumn {
        tag: last(entry, qualifier),
        title: [Some(entry.title), qualifier].into_iter().flatten().collect::<Vec<_>>().join(", "),
        meaning: entry.meaning_for(units::noun(kind)).to_owned(),
    };
    headline
        .flat_map(|entry| {
            let of_pixels = kind == Kind::Images && is_bound(entry);
            let words =
                if of_pixels { pixels.map(|p| Some(p.words())).to_vec() } else { vec![None] };
            words.into_iter().map(move |words| column(entry, words))
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

    /// Shows the scalars of a line of the log. It is read as [`Self::open`] will read it: numbers that went through text are
    /// not rounded like those that did not.
    ///
    /// # Errors
    /// When the file cannot be written, or it is no line of the log.
    pub(super) fn line(&mut self, line: &str) -> Result<()> {
        let line: Map<String, Value> = serde_json::from_str(line)?;
        let now = line.get("seconds").and_then(Value::as_f64).unwrap_or_default();
        scalars(&mut self.writer, self.model, &mut self.told, &line, now)?;
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
        let Some(entry) = CATALOGUE.get(&metric.name) else { continue };
        let (tag, meaning) = (last(entry, metric.qualifier.as_deref()), entry.meaning);
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

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn row(model: &str, dataset: &str) -> Row {
        let defaults = RunConfig::defaults(model, Some(dataset)).unwrap();
        Row::of(&RunConfig { dataset: dataset.into(), ..defaults }, Some("judge".into()))
    }

    #[test]
    fn a_setting_is_called_by_its_place_and_a_variant_by_its_kind() {
        let mut found = BTreeMap::new();
        let settings = json!({
            "beta": 4, "hidden": [512, 256], "ema": null, "tied": true,
            "likelihood": { "kind": "gaussian", "sigma": 0.5 },
        });
        flatten("", &settings, &mut found);
        let word = |word: &str| Setting::Word(word.into());
        let expected = [
            ("beta", Setting::Number(4.0)),
            ("ema", word("none")),
            ("hidden", word("512-256")),
            ("likelihood", word("gaussian")),
            ("likelihood.sigma", Setting::Number(0.5)),
            ("tied", Setting::Switch(true)),
        ];
        assert_eq!(found, BTreeMap::from(expected.map(|(name, value)| (name.to_owned(), value))));
    }

    #[test]
    fn runs_of_all_models_name_the_same_columns_and_each_its_own_settings() {
        for dataset in ["mnist-10k", "ring-8"] {
            let rows = ModelConfig::names().map(|model| row(model, dataset));
            for row in &rows {
                let names = |row: &Row| row.all.keys().cloned().collect::<Vec<_>>();
                assert_eq!(names(row), names(&rows[0]));
                assert_eq!(row.numbers, rows[0].numbers);
                assert!(row.settings.keys().all(|name| row.all.contains_key(name)));
                assert!(FIRST.iter().all(|name| row.settings.contains_key(*name)));
            }
            assert!(
                rows[2].settings.contains_key("beta") && !rows[0].settings.contains_key("beta")
            );
        }
    }

    #[test]
    fn a_number_has_its_name_and_a_bound_the_pixels_that_it_is_of() {
        let entry = |name: &str| CATALOGUE.get(name).unwrap();
        let words = Some(Pixels::Grey.words());
        assert_eq!(last(entry("samples/frechet"), Some("2000 samples")), "final/samples/frechet");
        assert_eq!(last(entry("negative_elbo"), words), "final/negative_elbo (grey pixels)");
        assert_eq!(last(entry("negative_elbo"), Some("")), "final/negative_elbo");
        let tags = |dataset: &str| -> Vec<String> {
            row("vae", dataset).numbers.into_iter().map(|column| column.tag).collect()
        };
        let (images, points) = (tags("mnist-10k"), tags("ring-8"));
        assert!(images.contains(&"final/negative_elbo (grey pixels)".to_owned()), "{images:?}");
        assert!(points.contains(&"final/negative_elbo".to_owned()), "{points:?}");
        let modes = "final/samples/true_modes".to_owned();
        assert!(!images.contains(&modes) && points.contains(&modes));
    }
}
