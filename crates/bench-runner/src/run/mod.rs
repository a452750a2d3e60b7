//! The road of one run: settings, data on the device, steps, checkpoint, frozen model, metrics,
//! results.json, report.html.

mod alarm;
mod artefacts;
pub(crate) mod average;
pub(crate) mod board;
pub(crate) mod directory;
mod discarded;
#[cfg(test)]
mod draws;
pub(crate) mod figures;
mod log;
mod observer;
pub(crate) mod opened;
pub(crate) mod provenance;
mod quantities;
pub(crate) mod scoring;
pub(crate) mod stations;
pub(crate) mod training;
pub(crate) mod wishes;

use crate::{
    cli::SaveEvery,
    config::{JudgeConfig, RunConfig},
    device::{self, Chosen},
    instruments, interrupt, terminal,
};
use anyhow::Result;
use board::Row;
use directory::{Found, RunDir};
use genlab_core::{
    Start, Train, checkpoint,
    trainer::{self, Outcome},
};
use genlab_data::{Dataset, LoadOptions};
use genlab_metrics::Evaluator;
use genlab_results::atomic;
use observer::Watch;
use opened::Runs;
use stations::{Identity, Source, Stations, Training};
use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

/// How a call of [`execute`] ended.
#[derive(Debug)]
pub(crate) enum Ended {
    /// With results, now or earlier.
    Finished,
    /// Asked to stop; the same command goes on.
    Interrupted,
    /// A scalar stopped being a number.
    Diverged {
        /// In which step.
        step: u64,
        /// Which scalar.
        scalar: String,
    },
}

/// What to do with what a run directory already holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Existing {
    /// Resume or report it.
    Keep,
    /// Discard it.
    Discard,
}

/// What a run begins with.
struct Prepared {
    chosen: Chosen,
    dataset: Dataset,
    runs: Arc<Runs>,
    model: Box<dyn Train>,
}

impl Prepared {
    /// # Errors
    /// When the data cannot be read, settings do not fit them, or a run that is built on cannot be used.
    fn new(
        (data, training): (&Source, &Training),
        dir: &RunDir,
        device_name: &str,
        existing: Existing,
    ) -> Result<Self> {
        let chosen = device::choose(device_name)?;
        chosen.require(training.plan.precision)?;
        let device = &chosen.device;
        let dataset = load(data)?;
        training.binarise.fits(dataset.space).map_err(|fault| fault.within("data"))?;
        let runs = Arc::new(match existing {
            Existing::Keep => Runs::of(dir, device)?,
            Existing::Discard => Runs::discarding(dir, device),
        });
        let begun = !checkpoint::list(&dir.checkpoints()).is_empty() && existing == Existing::Keep;
        let start = if begun { Start::Restored } else { Start::Fresh };
        let model = training::init(training, &dataset, device, runs.clone(), start)?;
        Ok(Self { chosen, dataset, runs, model })
    }
}

/// Whether settings fit their data and the runs that they name. Data that may have to be downloaded are not looked at.
///
/// # Errors
/// When they do not.
pub(crate) fn require_possible(
    config: &RunConfig,
    dir: &RunDir,
    device_name: &str,
    existing: Existing,
) -> Result<()> {
    let Stations { data, training, scoring, .. } = Stations::of(config.clone());
    if data.dir.is_none() && genlab_data::is_official(&data.dataset) {
        return Ok(());
    }
    let prepared = Prepared::new((&data, &training), dir, device_name, existing)?;
    if let Some(judge) = scoring.judge.as_ref().and_then(JudgeConfig::run) {
        instruments::of_run(judge, &prepared.dataset, &prepared.runs)?;
    }
    Ok(())
}

/// Trains, evaluates and reports one run in `dir`.
///
/// # Errors
/// One sentence about what went wrong; what was saved stays.
pub(crate) fn execute(
    config: &RunConfig,
    dir: &RunDir,
    device_name: &str,
    existing: Existing,
    save_every: SaveEvery,
) -> Result<Ended> {
    let Stations { identity, data, training, scoring } = Stations::of(config.clone());
    // Settings that do not fit the data are refused before anything is written.
    let prepared = Prepared::new((&data, &training), dir, device_name, existing)?;
    let Prepared { chosen, dataset, runs, mut model } = prepared;
    let device = &chosen.device;
    let identity = Identity { dataset: dataset.name.clone(), ..identity };
    let judging = scoring.judge.as_ref().and_then(JudgeConfig::run);
    let bases = runs.opened().into_iter().map(|run| PathBuf::from(run.path));
    let used = bases.chain(judging.map(Path::to_owned)).map(|path| runs.place(&path));
    opened::require_elsewhere(dir, used)?;
    let taken = directory::take(dir)?;
    discarded::recover(dir)?;
    match existing {
        Existing::Discard => directory::require_discardable(dir)?,
        Existing::Keep => {
            let found = directory::find(dir, &identity.hash)?;
            provenance::require_same_data(dir, &dataset)?;
            opened::require_unchanged(dir)?;
            if let Found::Finished = found {
                provenance::complete(dir)?;
                let folder = dir.path().display();
                terminal::note(&format!("{folder} is finished; --fresh trains it anew"));
                return Ok(Ended::Finished);
            }
        }
    }
    // Before training, so that a file that is missing costs none, and before anything is discarded.
    let evaluator = scoring::evaluator(&scoring, &dataset, &runs)?;
    if existing == Existing::Discard {
        discarded::put(dir)?;
    }
    atomic::write(&dir.config(), config.to_toml().as_bytes())?;
    let place = data.place();
    provenance::begin(dir, identity.seed, (&dataset, place), &chosen.name, runs.opened())?;

    let start = training::resume(dir, model.as_mut(), device)?;
    let row = Row::of(config, evaluator.judge().map(|judge| judge.info().name));
    let mut watch = Watch::open((dir, &taken), &training, evaluator.context(), &row, &start)?
        .saving(save_every);
    let stream = training::batches(model.as_ref(), &training, &dataset, device);
    let batches = |step| stream.batch(step);
    let watched = interrupt::watched();
    let outcome = trainer::train(model.as_mut(), &batches, &training.plan, start, &mut watch)?;
    watch.close()?;
    drop(watched);
    let outcome = match (outcome, checkpoint::broken_tensor(model.as_ref())) {
        (Outcome::Finished { .. }, Some(name)) => Outcome::Diverged {
            step: training.plan.total_steps(),
            scalar: format!("weight {name}"),
        },
        (outcome, _) => outcome,
    };
    taken.require()?;
    if let (Outcome::Finished { .. }, true) = (&outcome, interrupt::signalled()) {
        // All steps are saved; the numbers are for the next time.
        provenance::happened(dir, training.plan.total_steps(), "interrupted")?;
        provenance::finish(dir, "interrupted")?;
        return Ok(Ended::Interrupted);
    }

    match outcome {
        Outcome::Finished { seconds } => {
            let trained = Trained { model, training, seconds };
            publish((dir, &taken), &identity, trained, &evaluator)?;
            provenance::finish(dir, "finished")?;
            genlab_report::run::write_run_report(dir.path(), &genlab_metrics::CATALOGUE)?;
            Ok(Ended::Finished)
        }
        Outcome::Stopped { step } => {
            provenance::happened(dir, step, "interrupted")?;
            provenance::finish(dir, "interrupted")?;
            Ok(Ended::Interrupted)
        }
        Outcome::Diverged { step, scalar } => {
            let mut results = scoring::empty(&identity, "diverged");
            results.notes.push(format!("{scalar} was not a number in step {step}."));
            board::failed(dir, step)?;
            dir.write_results(&results)?;
            provenance::happened(dir, step, &format!("{scalar} was not a number"))?;
            provenance::finish(dir, "diverged")?;
            Ok(Ended::Diverged { step, scalar })
        }
    }
}

/// Drops of a finished run what only further training would need.
///
/// # Errors
/// When a file cannot be written or removed.
pub(crate) fn keep_weights(dir: &RunDir) -> Result<()> {
    let _taken = directory::take(dir)?;
    checkpoint::prune(&dir.checkpoints(), 1)?;
    if let Some(last) = checkpoint::list(&dir.checkpoints()).pop() {
        checkpoint::drop_optimizer(&last)?;
    }
    Ok(())
}

/// The dataset of a run, with download progress on the terminal.
///
/// # Errors
/// When it cannot be found or read.
pub(crate) fn load(data: &Source) -> Result<Dataset> {
    let options = LoadOptions {
        data_dir: data.dir.clone(),
        image_size: data.image_size.map(|[height, width]| (height, width)),
        colour: data.colour,
        progress: Some(Box::new(terminal::download)),
        notice: Some(Box::new(terminal::note)),
    };
    let dataset = genlab_data::load(&data.dataset, &options)?;
    if let Some(dir) = data.dir.as_ref().filter(|_| !genlab_data::is_official(&data.dataset)) {
        terminal::note(&format!(
            "--data-dir {} has no effect: {} has no files there",
            dir.display(),
            data.dataset
        ));
    }
    if dataset.name != data.dataset {
        terminal::warn(&terminal::plain(&format!(
            "the files are not those of {}: results call them {}",
            data.dataset, dataset.name
        )));
    }
    Ok(dataset)
}

/// The dataset of the finished run in `dir`, where its settings say that it lies, seen from here, or else where it lay when
/// the run was made.
///
/// # Errors
/// When it cannot be read at either place.
pub(crate) fn load_again(dir: &Path, data: &Source) -> Result<Dataset> {
    let error = match load(data) {
        Ok(dataset) => return Ok(dataset),
        Err(error) => error,
    };
    let then = provenance::place_then(&RunDir::new(dir))?.and_then(|place| data.at(place));
    match then.as_ref().map(load) {
        // It is the same, whatever the way to it.
        Some(Ok(dataset)) => Ok(Dataset { name: data.dataset.clone(), ..dataset }),
        _ => Err(error),
    }
}

/// The dataset of the finished run in `dir`, as [`load_again`] finds it; where it cannot be read any more, what the run
/// remembers of it and why it cannot.
///
/// # Errors
/// When it cannot be read, and the run remembers nothing.
pub(crate) fn load_or_remember(
    dir: &Path,
    data: &Source,
) -> Result<(Dataset, Option<anyhow::Error>)> {
    let error = match load_again(dir, data) {
        Ok(dataset) => return Ok((dataset, None)),
        Err(error) => error,
    };
    match provenance::remembered(&RunDir::new(dir))? {
        Some(dataset) => Ok((dataset, Some(error))),
        None => Err(error),
    }
}

/// A model at the end of its budget.
struct Trained {
    model: Box<dyn Train>,
    training: Training,
    seconds: f64,
}

/// Measures a trained model and writes what there is to show: pictures, archives, results.json.
fn publish(
    (dir, taken): (&RunDir, &directory::Taken),
    identity: &Identity,
    trained: Trained,
    evaluator: &Evaluator<'_>,
) -> Result<()> {
    let Trained { model, training, seconds } = trained;
    let (context, step) = (evaluator.context(), training.plan.total_steps());
    let average = average::choose(dir, &training, context.dataset, evaluator)?;
    let frozen = match &average {
        Some(chosen) => {
            terminal::note(&average::line(chosen));
            average::freeze(dir, &training, chosen, context.dataset, &context.device)?
        }
        None => model.freeze(),
    };
    drop(model);
    let mut evaluation = evaluator.evaluate(frozen.as_ref(), &|stage| {
        terminal::note(&format!("{}: evaluating {stage}", identity.model));
    });
    evaluation.figures.extend(figures::of_model(frozen.as_ref(), context));
    taken.require()?;
    let mut shown = board::results(dir)?;
    let artefacts =
        artefacts::write(dir, frozen.as_ref(), context, &evaluation, shown.writer(), step)?;
    evaluation.notes.extend(average.as_ref().map(average::line));
    let mut results = scoring::results(identity, evaluator, evaluation);
    results.average = average;
    results.artefacts = artefacts;
    let kind = context.dataset.space.kind;
    scoring::push_costs(&mut results, kind, &training.plan, seconds);
    board::numbers(shown.writer(), &results.metrics, step)?;
    shown.publish()?;
    Ok(dir.write_results(&results)?)
}
