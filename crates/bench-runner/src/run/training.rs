//! A model in training: new, resumed, or as a finished run left it.

use super::{directory::RunDir, provenance, stations::Training};
use crate::terminal;
use anyhow::{Context, Result, bail};
use burn::tensor::Device;
use genlab_core::{
    InitContext, NoRuns, OpenRuns, Start, Train,
    checkpoint::{self, CheckpointState},
    state::{CheckpointError, StateReader},
};
use genlab_data::{BatchStream, Dataset};
use std::{
    fs,
    io::ErrorKind,
    path::{Path, PathBuf},
    sync::Arc,
};

/// A model for the values of `dataset`, freshly initialised or to be restored.
///
/// # Errors
/// When its settings do not fit the data, or a run that it builds on cannot be used.
pub(super) fn init(
    training: &Training,
    dataset: &Dataset,
    device: &Device,
    runs: Arc<dyn OpenRuns>,
    start: Start,
) -> Result<Box<dyn Train>> {
    let context = InitContext {
        space: dataset.space,
        classes: dataset.classes.as_ref().map(Vec::len),
        past: dataset.past(),
        words: dataset.words(),
        objects: dataset.objects(),
        total_images: training.plan.total_images,
        device: device.clone(),
        seed: training.plan.seed,
        runs,
        start,
    };
    training
        .model
        .init(&context)
        .with_context(|| format!("{} cannot be trained on {}", training.model.name(), dataset.name))
}

/// The batches of the run's steps, with all that the model looks at.
pub(super) fn batches(
    model: &dyn Train,
    training: &Training,
    dataset: &Dataset,
    device: &Device,
) -> BatchStream {
    let plan = &training.plan;
    let stream = BatchStream::new(&dataset.train, plan.seed, plan.batch_size, device)
        .binarised(training.binarise);
    if model.needs_objects() { stream.with_objects(&dataset.train) } else { stream }
}

/// Restores the newest checkpoint, if there is one.
///
/// # Errors
/// When it is damaged, or run.json cannot be written.
pub(super) fn resume(
    dir: &RunDir,
    model: &mut dyn Train,
    device: &Device,
) -> Result<CheckpointState> {
    let mut saved = checkpoint::list(&dir.checkpoints());
    while let Some(path) = saved.pop() {
        match checkpoint::restore(&path, model, device) {
            Ok(state) => {
                terminal::note(&format!(
                    "resuming {} at step {}",
                    dir.path().display(),
                    state.step
                ));
                provenance::happened(dir, state.step, "resumed")?;
                return Ok(state);
            }
            Err(error) => {
                let Some(fault) = fault(&error).filter(|_| !saved.is_empty()) else {
                    return Err(error.into());
                };
                terminal::warn(&format!("{fault}; the run goes on from the checkpoint before it"));
                // Or it would count as the newest for ever.
                fs::remove_dir_all(&path)
                    .with_context(|| format!("cannot remove {}", path.display()))?;
            }
        }
    }
    Ok(CheckpointState::default())
}

/// What is wrong with a checkpoint, where that is the checkpoint's own fault.
fn fault(error: &CheckpointError) -> Option<String> {
    match error {
        CheckpointError::Damaged { path, why } => {
            Some(format!("{} is damaged ({why})", path.display()))
        }
        CheckpointError::Io { path, reason, .. } if reason.kind() == ErrorKind::NotFound => {
            Some(format!("{} is missing", path.display()))
        }
        _ => None,
    }
}

/// The model of a finished run, with the weights it ended with.
///
/// # Errors
/// When the run has no checkpoint of its last step, or that is damaged.
pub(crate) fn finished(
    dir: &Path,
    training: &Training,
    dataset: &Dataset,
    device: &Device,
) -> Result<Box<dyn Train>> {
    provenance::require_same_data(&RunDir::new(dir), dataset)?;
    let last = finished_checkpoint(dir, training, device)?;
    restored(training, dataset, device, last)
}

/// What the last checkpoint of a finished run keeps.
///
/// # Errors
/// When the run has no checkpoint of its last step, or that is damaged.
pub(super) fn finished_checkpoint(
    dir: &Path,
    training: &Training,
    device: &Device,
) -> Result<StateReader> {
    let (state, reader) = checkpoint::read(&last_checkpoint(dir)?, device)?;
    let total = training.plan.total_steps();
    if state.step < total {
        bail!(
            "{} stopped at step {} of {total}; run the same training command again to finish it",
            dir.display(),
            state.step,
        );
    }
    Ok(reader)
}

/// The model that keeps `state`.
///
/// # Errors
/// When it is that of another model.
pub(super) fn restored(
    training: &Training,
    dataset: &Dataset,
    device: &Device,
    mut state: StateReader,
) -> Result<Box<dyn Train>> {
    let mut model = init(training, dataset, device, Arc::new(NoRuns), Start::Restored)?;
    model.restore(&mut state)?;
    Ok(model)
}

/// The newest checkpoint of the run in `dir`.
///
/// # Errors
/// When there is none.
pub(super) fn last_checkpoint(dir: &Path) -> Result<PathBuf> {
    let found = checkpoint::list(&RunDir::new(dir).checkpoints()).pop();
    found.with_context(|| {
        format!("{} has no checkpoint; run its training command first", dir.display())
    })
}
