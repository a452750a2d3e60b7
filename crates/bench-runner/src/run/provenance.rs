//! run.json: where a result comes from, and what happened on the way.

use super::directory::RunDir;
use anyhow::{Context, Result};
use genlab_core::{Seed, digest::sha256};
use genlab_data::Dataset;
use genlab_results::{Commit, DataRecord, Event, RunRecord, SCHEMA_VERSION};
use std::{
    fs,
    process::Command,
    time::{SystemTime, UNIX_EPOCH},
};

/// The dependencies this binary was built from.
const CARGO_LOCK: &[u8] = include_bytes!("../../../../Cargo.lock");

/// Writes run.json at the start of a session; how it ends comes with [`finish`]. What happened in
/// earlier sessions is kept.
///
/// # Errors
/// When it cannot be written, or that of an earlier session cannot be read.
pub(crate) fn begin(dir: &RunDir, seed: Seed, dataset: &Dataset, device: &str) -> Result<()> {
    let earlier = dir.read_record()?;
    dir.write_record(&RunRecord {
        schema_version: SCHEMA_VERSION,
        genlab_version: env!("CARGO_PKG_VERSION").to_owned(),
        argv: std::env::args().collect(),
        git: git(),
        cargo_lock_sha256: sha256(CARGO_LOCK),
        dataset: DataRecord {
            name: dataset.name.clone(),
            sha256: dataset.sha256.clone(),
            licence: dataset.licence.clone(),
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
        events: earlier.map(|earlier| earlier.events).unwrap_or_default(),
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

fn amend(dir: &RunDir, change: impl FnOnce(&mut RunRecord)) -> Result<()> {
    let record = dir.read_record()?;
    let mut record =
        record.with_context(|| format!("{} has disappeared", dir.record().display()))?;
    change(&mut record);
    Ok(dir.write_record(&record)?)
}

/// Commit and whether files differ from it, of the folder the command runs in; None outside a
/// checkout.
fn git() -> Option<Commit> {
    let ask = |args: &[&str]| {
        let out = Command::new("git").args(args).output().ok()?;
        out.status.success().then(|| String::from_utf8_lossy(&out.stdout).trim().to_owned())
    };
    let (hash, changes) = (ask(&["rev-parse", "HEAD"])?, ask(&["status", "--porcelain"])?);
    Some(Commit { hash, dirty: !changes.is_empty() })
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
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs());
    rfc3339(seconds)
}

/// Civil date from days since 1970 (Hinnant, "chrono-compatible low-level date algorithms").
fn rfc3339(seconds: u64) -> String {
    let (days, rest) = ((seconds / 86_400) as i64 + 719_468, seconds % 86_400);
    let era = days / 146_097;
    let day_of_era = days % 146_097;
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    let (h, m, s) = (rest / 3600, rest % 3600 / 60, rest % 60);
    format!("{year:04}-{month:02}-{day:02}T{h:02}:{m:02}:{s:02}Z")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_civil() {
        assert_eq!(rfc3339(0), "1970-01-01T00:00:00Z");
        assert_eq!(rfc3339(951_782_400), "2000-02-29T00:00:00Z");
        assert_eq!(rfc3339(1_735_689_599), "2024-12-31T23:59:59Z");
    }
}
