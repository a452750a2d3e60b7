//! The road of one run: config, data on the device, steps, checkpoint, frozen model, metrics,
//! results.json, report.html.

pub(crate) mod artefacts;
pub(crate) mod directory;
#[cfg(test)]
mod draws;
mod observer;
pub(crate) mod provenance;

use crate::{
    config::{Binarise, PrecisionConfig, RunConfig},
    device::Chosen,
    instruments, terminal,
};
use anyhow::{Context, Result, bail};
use burn::tensor::{Device, FloatDType};
use directory::{Found, RunDir, write_atomically};
use genlab_core::{
    InitContext, Seed, Train,
    checkpoint::{self, CheckpointState},
    trainer::{self, Outcome, Plan},
};
use genlab_data::{BatchStream, Dataset};
use genlab_kernels::Precision;
use genlab_metrics::{
    Evaluation, Evaluator, Judge, ReferenceCache, generators::latent::Prior,
    measures::cost::Training,
};
use genlab_results::{Plot, Results};
use observer::Watch;
use std::{path::Path, time::UNIX_EPOCH};

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

/// Trains, evaluates and reports one run in `dir`.
///
/// # Errors
/// One sentence about what went wrong; what was saved stays.
pub(crate) fn execute(
    config: &RunConfig,
    dir: &RunDir,
    device_name: &str,
    existing: Existing,
) -> Result<Ended> {
    let Chosen { device, name: device_name } = crate::device::choose(device_name)?;
    if config.precision == PrecisionConfig::Bf16 && !device.supports_dtype(FloatDType::BF16) {
        bail!("{device_name} has no bf16; train with --precision f32, or on another --device");
    }
    let dataset = load(config)?;
    let _lock = dir.lock()?;
    if existing == Existing::Discard {
        dir.clear()?;
    }
    if let Found::Finished = dir.find(config)? {
        terminal::note(&format!("{} is finished; --fresh trains it anew", dir.path().display()));
        return Ok(Ended::Finished);
    }
    // First of all, so that a file that is missing costs no training.
    let evaluator = evaluator(config, &dataset, &device)?;
    write_atomically(&dir.config(), config.to_toml().as_bytes())?;
    provenance::begin(dir, config, &dataset, &device_name)?;

    let context = init_context(config, &dataset, &device);
    let mut model = config.model.init(&context);
    let start = resume(dir, model.as_mut(), &device)?;
    let plan = plan(config);
    let mut watch = Watch::open(dir, config, &dataset, &device, plan, &start)?;
    let stream = BatchStream::new(&dataset.train, Seed(config.seed), config.batch_size, &device)
        .binarised(match config.data.binarise {
            Binarise::None => genlab_data::Binarise::None,
            Binarise::Dynamic => genlab_data::Binarise::Dynamic,
        });
    let batches = |step| stream.batch(step);
    let outcome = trainer::train(model.as_mut(), &batches, &plan, start, &mut watch)?;
    let mut board = watch.close()?;

    match outcome {
        Outcome::Finished { seconds } => {
            let frozen = model.freeze();
            drop(model);
            let evaluation = evaluator.evaluate(frozen.as_ref(), &|stage| {
                terminal::note(&format!("{}: evaluating {stage}", config.model.name()));
            });
            let at = (Seed(config.seed), plan.total_steps());
            artefacts::write(dir, frozen.as_ref(), &dataset, &device, &evaluation, &mut board, at)?;
            let mut results = results(config, &evaluator, evaluation);
            push_costs(&mut results, &plan, seconds);
            for metric in &results.metrics {
                board.scalar(
                    &format!("final/{}", metric.name),
                    plan.total_steps(),
                    metric.value,
                )?;
            }
            board.flush()?;
            write_atomically(&dir.results(), &serde_json::to_vec_pretty(&results)?)?;
            provenance::finish(dir, "finished")?;
            genlab_report::run::write_run_report(dir.path())?;
            Ok(Ended::Finished)
        }
        Outcome::Stopped { .. } => {
            provenance::finish(dir, "interrupted")?;
            Ok(Ended::Interrupted)
        }
        Outcome::Diverged { step, scalar } => {
            let mut results =
                Results::new(config.model.name(), &config.dataset, config.seed, "diverged");
            results.notes.push(format!("{scalar} was not a number in step {step}."));
            write_atomically(&dir.results(), &serde_json::to_vec_pretty(&results)?)?;
            provenance::finish(dir, "diverged")?;
            Ok(Ended::Diverged { step, scalar })
        }
    }
}

/// The dataset of a run, with download progress on the terminal.
///
/// # Errors
/// When it cannot be found or read.
pub(crate) fn load(config: &RunConfig) -> Result<Dataset> {
    let mut options = config.load_options();
    options.progress = Some(Box::new(terminal::download));
    Ok(genlab_data::load(&config.dataset, &options)?)
}

/// What the model's config needs to build it.
pub(crate) fn init_context(config: &RunConfig, dataset: &Dataset, device: &Device) -> InitContext {
    InitContext {
        shape: dataset.shape,
        classes: dataset.classes.as_ref().map(Vec::len),
        device: device.clone(),
        seed: Seed(config.seed),
    }
}

/// Scores models of this run. A labelled dataset without a judge gets one here, on first use.
///
/// # Errors
/// When the weights of a judge or of LPIPS cannot be used.
pub(crate) fn evaluator<'a>(
    config: &RunConfig,
    dataset: &'a Dataset,
    device: &Device,
) -> Result<Evaluator<'a>> {
    let judge = instruments::judge(&config.evaluation, dataset, device)?;
    let lpips = instruments::lpips(&config.evaluation, dataset, device)?;
    let (seed, settings) = (Seed(config.seed), config.evaluation.settings);
    let evaluator = Evaluator::new(dataset, judge, device, seed, settings).with_lpips(lpips);
    Ok(match reference_cache() {
        Some(cache) => evaluator.with_cache(cache),
        None => evaluator,
    })
}

/// Reference rows in the user's cache folder. They belong to this very build of the program, which
/// its size and the time of its last change stand for; None where either cannot be told.
fn reference_cache() -> Option<ReferenceCache> {
    let folder = genlab_data::cache_folder()?.join("references");
    let file = std::env::current_exe().and_then(std::fs::metadata).ok()?;
    let changed = file.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
    Some(ReferenceCache::new(folder, format!("{} {}", file.len(), changed.as_nanos())))
}

/// results.json of an evaluation, without costs of training.
pub(crate) fn results(
    config: &RunConfig,
    evaluator: &Evaluator<'_>,
    evaluation: Evaluation,
) -> Results {
    let mut results = Results::new(config.model.name(), &config.dataset, config.seed, "finished");
    results.judge = evaluator.judge().map(Judge::info);
    results.prior = evaluation.prior.as_ref().map(Prior::title);
    results.metrics = evaluation.metrics;
    results.references = evaluation.references;
    results.notes = evaluation.notes;
    // Pictures are files of their own.
    let is_data = |plot: &Plot| !matches!(plot, Plot::Strip(_));
    results.figures = evaluation.figures;
    results.figures.retain(|figure| is_data(&figure.plot));
    results
}

/// The model of a finished run, with the weights it ended with.
///
/// # Errors
/// When the run has no checkpoint of its last step, or that is damaged.
pub(crate) fn restore(
    dir: &Path,
    config: &RunConfig,
    dataset: &Dataset,
    device: &Device,
) -> Result<Box<dyn Train>> {
    let path = RunDir::new(dir.to_owned()).checkpoints();
    let last = checkpoint::list(&path).pop().with_context(|| {
        format!("{} has no checkpoint; run its training command first", dir.display())
    })?;
    let mut model = config.model.init(&init_context(config, dataset, device));
    let state = checkpoint::restore(&last, model.as_mut(), device)?;
    if state.step < plan(config).total_steps() {
        anyhow::bail!(
            "{} stopped at step {} of {}; run the same training command again to finish it",
            dir.display(),
            state.step,
            plan(config).total_steps()
        );
    }
    Ok(model)
}

fn plan(config: &RunConfig) -> Plan {
    let mut plan = Plan {
        seed: Seed(config.seed),
        batch_size: config.batch_size,
        total_images: config.budget.images,
        log_every: 1,
        precision: match config.precision {
            PrecisionConfig::F32 => Precision::F32,
            PrecisionConfig::Bf16 => Precision::Bf16,
        },
    };
    plan.log_every = (plan.total_steps() / config.evaluation.log_lines).max(1);
    plan
}

/// Restores the newest checkpoint, if there is one.
fn resume(dir: &RunDir, model: &mut dyn Train, device: &Device) -> Result<CheckpointState> {
    match checkpoint::list(&dir.checkpoints()).pop() {
        Some(path) => {
            let state = checkpoint::restore(&path, model, device)?;
            terminal::note(&format!("resuming {} at step {}", dir.path().display(), state.step));
            Ok(state)
        }
        None => Ok(CheckpointState::default()),
    }
}

fn push_costs(results: &mut Results, plan: &Plan, seconds: f64) {
    let images = plan.progress(plan.total_steps()).images;
    let training = Training { images, seconds, peak_memory_bytes: provenance::peak_memory_bytes() };
    for metric in training.metrics() {
        match metric {
            Ok(metric) => results.metrics.push(metric),
            Err(reason) => results.notes.push(reason.to_string()),
        }
    }
}
