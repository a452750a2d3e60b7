//! Finished runs that a run is built on.

use super::{
    average,
    directory::{self, RunDir},
    stations::Stations,
    training,
};
use anyhow::{Context, Result, bail};
use burn::tensor::Device;
use genlab_core::{
    OpenError, OpenRuns, OpenedRun, checkpoint,
    digest::sha256,
    files,
    state::{CheckpointError, Section},
};
use genlab_results::{OpenedRecord, OpenedRole};
use std::{
    path::{Component, Path, PathBuf},
    sync::{Mutex, PoisonError},
};

/// Opens finished runs and remembers which.
#[derive(Debug)]
pub(crate) struct Runs {
    device: Device,
    /// The directory of the run that uses them, and which it has used before; None for none.
    user: Option<(PathBuf, Vec<OpenedRecord>)>,
    opened: Mutex<Vec<OpenedRecord>>,
}

impl Runs {
    /// Frozen models are put on `device`; paths are those from the current folder.
    pub(crate) fn new(device: &Device) -> Self {
        Self { device: device.clone(), user: None, opened: Mutex::default() }
    }

    /// The same for the run in `dir`. What it has used before is looked for from its own directory first, so
    /// that it is found wherever the command is given, and after both were moved.
    ///
    /// # Errors
    /// When its run.json is damaged.
    pub(crate) fn of(dir: &RunDir, device: &Device) -> Result<Self> {
        let before = dir.read_record()?.unwrap_or_default().opened;
        Ok(Self { user: Some((dir.path().to_owned(), before)), ..Self::new(device) })
    }

    /// The same for a run that begins anew in `dir`, whatever is there.
    pub(crate) fn discarding(dir: &RunDir, device: &Device) -> Self {
        Self { user: Some((dir.path().to_owned(), Vec::new())), ..Self::new(device) }
    }

    /// Where frozen models are put.
    pub(crate) fn device(&self) -> &Device {
        &self.device
    }

    /// Every run that was opened, in order.
    pub(crate) fn opened(&self) -> Vec<OpenedRecord> {
        self.opened.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Where the run lies that settings call `path`.
    pub(crate) fn place(&self, path: &Path) -> PathBuf {
        let known = self.user.as_ref().and_then(|(dir, before)| {
            let record = before.iter().find(|record| Path::new(&record.path) == path)?;
            beside(dir, record)
        });
        known.unwrap_or_else(|| path.to_owned())
    }

    /// The finished run that settings call `path`, as a judge.
    ///
    /// # Errors
    /// As [`OpenRuns::open`].
    pub(crate) fn open_judge(&self, path: &Path) -> Result<OpenedRun, OpenError> {
        self.open_as(OpenedRole::Judge, path)
    }

    fn open_as(&self, role: OpenedRole, path: &Path) -> Result<OpenedRun, OpenError> {
        self.read(role, path).map_err(|error| {
            let cause = match error.downcast_ref::<CheckpointError>() {
                // The cures of a run that is trained itself are none of one that is only read.
                Some(CheckpointError::Damaged { path, why }) => format!(
                    "its checkpoint file {} is damaged ({why}); restore the file, or train that run again",
                    path.display()
                ),
                _ => error.chain().map(ToString::to_string).collect::<Vec<_>>().join(": "),
            };
            let of_the_run = cause.strip_prefix(&format!("{} ", self.place(path).display()));
            OpenError(of_the_run.map_or_else(|| format!("cannot be opened: {cause}"), str::to_owned))
        })
    }

    fn read(&self, role: OpenedRole, path: &Path) -> Result<OpenedRun> {
        let place = self.place(path);
        let Stations { identity, data, training, .. } =
            Stations::of(directory::read_config(&place)?).with_chosen_average(&place)?;
        let mut last = training::finished_checkpoint(&place, &training, &self.device)?;
        let dataset = super::load_again(&place, &data)?;
        let model = training::restored(&training, &dataset, &self.device, last.clone())?;
        if let Some(chosen) = average::of(&place)? {
            last.use_average(chosen.decay);
        }
        let record = OpenedRecord {
            role,
            path: path.display().to_string(),
            from_run: self.seen_by_user(&place),
            model: identity.model.to_owned(),
            dataset: identity.dataset,
            sha256: hash(&place)?,
        };
        self.opened.lock().unwrap_or_else(PoisonError::into_inner).push(record);
        Ok(OpenedRun {
            model: identity.model.to_owned(),
            settings: training.model.settings(),
            space: dataset.space,
            classes: dataset.classes.as_ref().map(Vec::len),
            captions: dataset.train.captions(0..dataset.train.len(), &self.device),
            frozen: model.freeze(),
            state: last,
        })
    }

    /// `place` seen from the directory of the run that uses it; empty where there is none.
    fn seen_by_user(&self, place: &Path) -> String {
        let Some((dir, _)) = &self.user else { return String::new() };
        relative(&absolute(dir), &absolute(place)).display().to_string()
    }
}

impl OpenRuns for Runs {
    fn open(&self, path: &Path) -> Result<OpenedRun, OpenError> {
        self.open_as(OpenedRole::Base, path)
    }
}

/// Where a run that `dir` has used lies beside it, if one is there.
fn beside(dir: &Path, record: &OpenedRecord) -> Option<PathBuf> {
    let place = dir.join(&record.from_run);
    let there = !record.from_run.is_empty() && RunDir::new(&place).config().exists();
    there.then(|| place.canonicalize().unwrap_or(place))
}

/// The whole path of a folder, with links followed as far as it exists.
fn absolute(folder: &Path) -> PathBuf {
    let path = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
    let real = path.ancestors().find_map(|above| Some((above, above.canonicalize().ok()?)));
    match real {
        Some((above, real)) => {
            let below = path.strip_prefix(above).expect("it is one of its ancestors");
            if below.as_os_str().is_empty() { real } else { real.join(below) }
        }
        None => path,
    }
}

/// The way from the folder `from` to `to`, both absolute.
fn relative(from: &Path, to: &Path) -> PathBuf {
    let shared = from.components().zip(to.components()).take_while(|(a, b)| a == b).count();
    if shared == 0 {
        return to.to_owned();
    }
    let up = from.components().skip(shared).map(|_| Component::ParentDir);
    let way: PathBuf = up.chain(to.components().skip(shared)).collect();
    if way.as_os_str().is_empty() { PathBuf::from(".") } else { way }
}

/// What tells a finished run's weights from others: the SHA-256 of the lines for weights and their average
/// in its last checkpoint's manifest.
fn hash(run: &Path) -> Result<String> {
    let manifest = training::last_checkpoint(run)?.join("MANIFEST");
    let text = files::read_text(&manifest, files::MOST_SETTINGS);
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
        let bytes = files::read(&path, u64::MAX)
            .with_context(|| format!("cannot read {}", path.display()))?;
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
        let place = beside(dir.path(), before).unwrap_or_else(|| PathBuf::from(&before.path));
        let now = hash(&place).unwrap_or_else(|_| before.sha256.clone());
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
