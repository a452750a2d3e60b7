//! run.json: where a result comes from, and what happened on the way.

use super::directory::RunDir;
use anyhow::{Context, Result, bail};
use genlab_core::{Check, Kind, Seed, Space, digest::sha256};
use genlab_data::{Dataset, Values};
use genlab_metrics::measures::units;
use genlab_results::{
    Commit, DataRecord, Event, FileError, OpenedRecord, RunRecord, SCHEMA_VERSION, file,
};
use jiff::Timestamp;
use std::{fs, path::PathBuf};

/// The dependencies this binary was built from.
const CARGO_LOCK: &[u8] = include_bytes!(env!("GENLAB_LOCK"));

/// Writes run.json at the start of a session; how it ends comes with [`finish`]. What happened in
/// earlier sessions is kept.
///
/// # Errors
/// When it cannot be written, or that of an earlier session cannot be read.
pub(crate) fn begin(
    dir: &RunDir,
    seed: Seed,
    (dataset, place): (&Dataset, Option<PathBuf>),
    device: &str,
    opened: Vec<OpenedRecord>,
) -> Result<()> {
    let earlier = dir.read_record()?.unwrap_or_default();
    // A session that goes on does not open again what its weights were built on.
    let mut all = earlier.opened;
    let same = |a: &OpenedRecord, b: &OpenedRecord| (a.role, &a.path) == (b.role, &b.path);
    all.retain(|before| !opened.iter().any(|now| same(now, before)));
    all.extend(opened);
    dir.write_record(&RunRecord {
        schema_version: SCHEMA_VERSION,
        genlab_version: env!("CARGO_PKG_VERSION").to_owned(),
        argv: std::env::args_os().map(|arg| arg.to_string_lossy().into_owned()).collect(),
        git: git(),
        cargo_lock_sha256: sha256(CARGO_LOCK),
        dataset: DataRecord {
            name: dataset.name.clone(),
            kind: units::noun(dataset.space.kind).to_owned(),
            sha256: dataset.sha256.clone(),
            licence: dataset.licence.clone(),
            place: place.map(|place| place.display().to_string()),
            space: serde_json::to_value(dataset.space).ok(),
            classes: dataset.classes.clone(),
            train: dataset.train.len(),
            validation: dataset.validation.len(),
            test: dataset.test.len(),
        },
        backend: device.split(':').next().unwrap_or(device).to_owned(),
        device: device.to_owned(),
        threads: rayon::current_num_threads(),
        seeds: vec![seed.0],
        start: now(),
        end: None,
        exit_reason: None,
        peak_memory_bytes: None,
        opened: all,
        events: earlier.events,
    })?;
    Ok(())
}

/// Adds something that happened.
///
/// # Errors
/// When run.json cannot be read or written.
pub(crate) fn happened(dir: &RunDir, step: u64, text: &str) -> Result<()> {
    amend(dir, |record| record.events.push(Event::new(step, text)))
}

/// Adds how the session ended.
///
/// # Errors
/// When run.json cannot be read or written.
pub(crate) fn finish(dir: &RunDir, reason: &str) -> Result<()> {
    amend(dir, |record| {
        record.end = Some(now());
        record.exit_reason = Some(reason.to_owned());
        record.peak_memory_bytes = peak_memory_bytes();
    })
}

/// How a run ends that has come to its end.
const FINISHED: &str = "finished";

/// Whether a run has its results and everything that is made of them: the end of its record and, written last, its report.
///
/// # Errors
/// When a file is damaged.
pub(crate) fn is_complete(dir: &RunDir) -> Result<bool> {
    let has_results = dir.read_results()?.is_some_and(|results| results.status == FINISHED);
    let told = dir.read_record()?.is_some_and(|r| r.exit_reason.as_deref() == Some(FINISHED));
    Ok(has_results && told && dir.report().exists())
}

/// Makes again what is missing of a run that has its results: a kill may have come before its record's end and its report.
///
/// # Errors
/// When they cannot be written.
pub(crate) fn complete(dir: &RunDir) -> Result<()> {
    if is_complete(dir)? {
        return Ok(());
    }
    finish(dir, FINISHED)?;
    genlab_report::run::write_run_report(dir.path(), &genlab_metrics::CATALOGUE)?;
    Ok(())
}

/// Where the files of the run's data lay when it was made; None where they lie nowhere or it does not say.
///
/// # Errors
/// When run.json is damaged.
pub(super) fn place_then(dir: &RunDir) -> Result<Option<PathBuf>> {
    Ok(dir.read_record()?.and_then(|record| record.dataset.place).map(PathBuf::from))
}

/// What the run in `dir` remembers of its data, without a single value of them; None of a run from before it did.
///
/// # Errors
/// When run.json is damaged.
pub(super) fn remembered(dir: &RunDir) -> Result<Option<Dataset>> {
    let Some(record) = dir.read_record()? else { return Ok(None) };
    let data = record.dataset;
    let Some(space) = data.space.and_then(|space| serde_json::from_value::<Space>(space).ok())
    else {
        return Ok(None);
    };
    space.check().map_err(|fault| {
        let reason = format!("dataset.space.{fault}");
        FileError::damaged(&dir.record(), reason, file::TRAINED_AGAIN)
    })?;
    let nothing = match space.kind {
        Kind::Images => Values { space, ..Values::images(space.shape, Vec::new()) },
        Kind::Points | Kind::Series => Values::floats(space, Vec::new()),
    };
    Ok(Some(Dataset {
        name: data.name,
        space,
        classes: data.classes,
        train: nothing.clone(),
        validation: nothing.clone(),
        test: nothing,
        sha256: data.sha256,
        licence: data.licence,
        truth: None,
    }))
}

fn amend(dir: &RunDir, change: impl FnOnce(&mut RunRecord)) -> Result<()> {
    let record = dir.read_record()?;
    let mut record =
        record.with_context(|| format!("{} has disappeared", dir.record().display()))?;
    change(&mut record);
    Ok(dir.write_record(&record)?)
}

/// # Errors
/// When the run in `dir`, if there is one, was made of other data than `dataset`, whatever both are called.
pub(crate) fn require_same_data(dir: &RunDir, dataset: &Dataset) -> Result<()> {
    let Some(record) = dir.read_record()? else { return Ok(()) };
    let then = &record.dataset.sha256;
    if then.is_empty() || *then == dataset.sha256 {
        return Ok(());
    }
    let short = |hash: &str| hash.chars().take(12).collect::<String>();
    bail!(
        "the data of {} have changed: {} had the SHA-256 {} when it was trained and has {} now; restore the data, or train \
         with another --out",
        dir.path().display(),
        dataset.name,
        short(then),
        short(&dataset.sha256),
    )
}

/// The commit that this program was built from, and whether files differed from it; None where it was built outside a
/// checkout.
pub(crate) fn git() -> Option<Commit> {
    let hash = option_env!("GENLAB_COMMIT")?.to_owned();
    Some(Commit { hash, dirty: option_env!("GENLAB_CHANGED") == Some("true") })
}

/// The largest resident set of this process so far, where the system tells (Linux).
pub(crate) fn peak_memory_bytes() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1024)
}

/// Now in UTC as 2026-11-22T06:30:00Z.
fn now() -> String {
    let now = Timestamp::now();
    // Without the fraction of a second.
    Timestamp::from_second(now.as_second()).unwrap_or(now).to_string()
}
