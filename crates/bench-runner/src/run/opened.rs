//! Finished runs that a run is built on.

use super::{
    directory::{self, RunDir},
    stations::Stations,
    training,
};
use anyhow::{Context, Result, bail};
use burn::tensor::Device;
use genlab_core::{OpenError, OpenRuns, OpenedRun, checkpoint, digest::sha256, state::Section};
use genlab_results::OpenedRecord;
use std::{
    fs,
    path::Path,
    sync::{Mutex, PoisonError},
};

/// Opens finished runs and remembers which.
#[derive(Debug)]
pub(crate) struct Runs {
    device: Device,
    opened: Mutex<Vec<OpenedRecord>>,
}

impl Runs {
    /// Frozen models are put on `device`.
    pub(crate) fn new(device: &Device) -> Self {
        Self { device: device.clone(), opened: Mutex::new(Vec::new()) }
    }

    /// Where frozen models are put.
    pub(crate) fn device(&self) -> &Device {
        &self.device
    }

    /// Every run that was opened, in order.
    pub(crate) fn opened(&self) -> Vec<OpenedRecord> {
        self.opened.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn read(&self, path: &Path) -> Result<OpenedRun> {
        let Stations { identity, data, training, .. } = Stations::of(directory::read_config(path)?);
        let dataset = super::load(&data)?;
        let model = training::finished(path, &training, &dataset, &self.device)?;
        let last = training::last_checkpoint(path)?;
        let (_, state) = checkpoint::read(&last, &self.device)?;
        let record = OpenedRecord {
            path: path.display().to_string(),
            model: identity.model.to_owned(),
            sha256: hash(path)?,
        };
        self.opened.lock().unwrap_or_else(PoisonError::into_inner).push(record);
        Ok(OpenedRun {
            model: identity.model.to_owned(),
            settings: training.model.settings(),
            space: dataset.space,
            classes: dataset.classes.as_ref().map(Vec::len),
            frozen: model.freeze(),
            state,
        })
    }
}

impl OpenRuns for Runs {
    fn open(&self, path: &Path) -> Result<OpenedRun, OpenError> {
        self.read(path).map_err(|error| {
            let causes: Vec<String> = error.chain().map(ToString::to_string).collect();
            OpenError(format!("cannot open run {}: {}", path.display(), causes.join(": ")))
        })
    }
}

/// What tells a finished run's weights from others: the SHA-256 of its last checkpoint's manifest, which
/// holds those of all its files.
fn hash(run: &Path) -> Result<String> {
    let manifest = training::last_checkpoint(run)?.join("MANIFEST");
    let bytes = fs::read(&manifest);
    Ok(sha256(&bytes.with_context(|| format!("cannot read {}", manifest.display()))?))
}

/// The SHA-256 of the file of weights that a finished run's frozen model has: their averages, where it keeps them.
///
/// # Errors
/// When there is no such file.
pub(crate) fn weights(run: &Path) -> Result<String> {
    let last = training::last_checkpoint(run)?;
    let bytes = |section: Section| {
        let path = last.join(section.file());
        let bytes = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let kept = !checkpoint::read_safetensors(&bytes, &path)?.is_empty();
        anyhow::Ok(kept.then_some(bytes))
    };
    let bytes = match bytes(Section::Average)? {
        Some(averages) => averages,
        None => bytes(Section::Weights)?.unwrap_or_default(),
    };
    Ok(sha256(&bytes))
}

/// # Errors
/// When a run that this one was built on has other weights by now.
pub(super) fn require_unchanged(dir: &RunDir, now: &[OpenedRecord]) -> Result<()> {
    let Some(record) = dir.read_record()? else { return Ok(()) };
    for before in &record.opened {
        let changed = now.iter().find(|run| run.path == before.path && run.sha256 != before.sha256);
        if let Some(changed) = changed {
            bail!(
                "run {} has other weights than when {} began; put them back, or pass --fresh to begin \
                 anew from those that it has now",
                changed.path,
                dir.path().display()
            );
        }
    }
    Ok(())
}
