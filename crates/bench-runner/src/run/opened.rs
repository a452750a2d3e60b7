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
    path::{Path, PathBuf},
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

/// What tells a finished run's weights from others: the SHA-256 of the lines for weights and their average
/// in its last checkpoint's manifest.
fn hash(run: &Path) -> Result<String> {
    let manifest = training::last_checkpoint(run)?.join("MANIFEST");
    let text = fs::read_to_string(&manifest);
    let text = text.with_context(|| format!("cannot read {}", manifest.display()))?;
    let of_weights = |line: &&str| {
        line.ends_with("  weights.safetensors") || line.ends_with("  ema.safetensors")
    };
    let lines: Vec<&str> = text.lines().filter(of_weights).collect();
    Ok(sha256(lines.join("\n").as_bytes()))
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
/// When a run that is opened lies in the directory of this one, or the other way round: discarding the one
/// would discard the other.
pub(super) fn require_elsewhere(dir: &RunDir, opened: impl Iterator<Item = PathBuf>) -> Result<()> {
    let Ok(own) = dir.path().canonicalize() else { return Ok(()) };
    for path in opened {
        // One that is not there cannot be discarded, and is missed where it is opened.
        let Ok(other) = path.canonicalize() else { continue };
        if other.starts_with(&own) || own.starts_with(&other) {
            bail!(
                "run {} and the run directory {} are not apart; choose another --out",
                path.display(),
                dir.path().display()
            );
        }
    }
    Ok(())
}

/// # Errors
/// When a run that this one was built on is still there and has other weights by now: the same command
/// would train another run.
pub(super) fn require_unchanged(dir: &RunDir) -> Result<()> {
    let Some(record) = dir.read_record()? else { return Ok(()) };
    for before in &record.opened {
        // What is gone cannot be asked, and is not needed any more.
        let now = hash(Path::new(&before.path)).unwrap_or_else(|_| before.sha256.clone());
        if now != before.sha256 {
            bail!(
                "run {} has other weights than when {} began; choose another --out, or pass --fresh to \
                 begin anew from those that it has now",
                before.path,
                dir.path().display()
            );
        }
    }
    Ok(())
}
