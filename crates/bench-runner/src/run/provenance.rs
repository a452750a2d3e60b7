//! run.json: where a result comes from.

use super::directory::{RunDir, write_atomically};
use anyhow::Result;
use genlab_core::{Seed, digest::sha256};
use genlab_data::Dataset;
use serde_json::{Value, json};
use std::{
    fs,
    process::Command,
    time::{SystemTime, UNIX_EPOCH},
};

/// The dependencies this binary was built from.
const CARGO_LOCK: &[u8] = include_bytes!("../../../../Cargo.lock");

/// Writes run.json at the start of a session; `end` and what follows come with [`finish`].
///
/// # Errors
/// When it cannot be written.
pub(crate) fn begin(dir: &RunDir, seed: Seed, dataset: &Dataset, device: &str) -> Result<()> {
    let value = json!({
        "schema_version": 1,
        "genlab_version": env!("CARGO_PKG_VERSION"),
        "argv": std::env::args().collect::<Vec<_>>(),
        "git": git(),
        "cargo_lock_sha256": sha256(CARGO_LOCK),
        "dataset": {
            "name": dataset.name,
            "sha256": dataset.sha256,
            "licence": dataset.licence,
            "train": dataset.train.len(),
            "validation": dataset.validation.len(),
            "test": dataset.test.len(),
        },
        "backend": device.split(':').next().unwrap_or(device),
        "device": device,
        "threads": rayon::current_num_threads(),
        "seeds": [seed.0],
        "start": now(),
        "end": null,
        "exit_reason": null,
        "peak_memory_bytes": null,
    });
    write(dir, &value)
}

/// Adds how the session ended.
///
/// # Errors
/// When run.json cannot be read or written.
pub(crate) fn finish(dir: &RunDir, reason: &str) -> Result<()> {
    let bytes = fs::read(dir.path().join("run.json"))?;
    let mut value: Value = serde_json::from_slice(&bytes)?;
    value["end"] = json!(now());
    value["exit_reason"] = json!(reason);
    value["peak_memory_bytes"] = json!(peak_memory_bytes());
    write(dir, &value)
}

fn write(dir: &RunDir, value: &Value) -> Result<()> {
    write_atomically(&dir.path().join("run.json"), &serde_json::to_vec_pretty(value)?)
}

/// Commit and whether files differ from it, of the folder the command runs in; null outside a
/// checkout.
fn git() -> Value {
    let ask = |args: &[&str]| {
        let out = Command::new("git").args(args).output().ok()?;
        out.status.success().then(|| String::from_utf8_lossy(&out.stdout).trim().to_owned())
    };
    match (ask(&["rev-parse", "HEAD"]), ask(&["status", "--porcelain"])) {
        (Some(hash), Some(changes)) => json!({ "hash": hash, "dirty": !changes.is_empty() }),
        _ => Value::Null,
    }
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
