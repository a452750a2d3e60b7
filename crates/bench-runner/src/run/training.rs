//! A model in training: new, resumed, or as a finished run left it.

use super::{directory::RunDir, provenance, stations::Training};
use crate::terminal;
use anyhow::{Context, Result, bail};
use burn::tensor::Device;
use genlab_core::{
    InitContext, Train,
    checkpoint::{self, CheckpointState},
};
use genlab_data::{BatchStream, Dataset};
use std::path::Path;

/// A freshly initialised model for the images of `dataset`.
pub(super) fn init(training: &Training, dataset: &Dataset, device: &Device) -> Box<dyn Train> {
    training.model.init(&InitContext {
        shape: dataset.shape,
        classes: dataset.classes.as_ref().map(Vec::len),
        device: device.clone(),
        seed: training.plan.seed,
    })
}

/// The batches of the run's steps.
pub(super) fn batches(training: &Training, dataset: &Dataset, device: &Device) -> BatchStream {
    let plan = &training.plan;
    BatchStream::new(&dataset.train, plan.seed, plan.batch_size, device)
        .binarised(training.binarise)
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
    match checkpoint::list(&dir.checkpoints()).pop() {
        Some(path) => {
            let state = checkpoint::restore(&path, model, device)?;
            terminal::note(&format!("resuming {} at step {}", dir.path().display(), state.step));
            provenance::happened(dir, state.step, "resumed")?;
            Ok(state)
        }
        None => Ok(CheckpointState::default()),
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
    let path = RunDir::new(dir).checkpoints();
    let last = checkpoint::list(&path).pop().with_context(|| {
        format!("{} has no checkpoint; run its training command first", dir.display())
    })?;
    let mut model = init(training, dataset, device);
    let state = checkpoint::restore(&last, model.as_mut(), device)?;
    let total = training.plan.total_steps();
    if state.step < total {
        bail!(
            "{} stopped at step {} of {total}; run the same training command again to finish it",
            dir.display(),
            state.step,
        );
    }
    Ok(model)
}
