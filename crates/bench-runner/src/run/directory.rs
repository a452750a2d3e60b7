//! The run directory of this process: whose it is, what it holds, what may be discarded.

use crate::config::RunConfig;
use anyhow::{Context, Result, bail};
pub(crate) use genlab_results::RunDir;
use std::{
    fs::{self, File, TryLockError},
    path::{Path, PathBuf},
};

/// What a run directory holds when a command comes to it.
#[derive(Debug)]
pub(crate) enum Found {
    /// Nothing yet.
    New,
    /// A run that stopped before its end.
    Unfinished,
    /// A run with results.
    Finished,
}

/// Takes the directory for this process, creating it where needed. The lock ends with the returned
/// file.
///
/// # Errors
/// When the folder cannot be made, or another process trains in it.
pub(crate) fn lock(dir: &RunDir) -> Result<File> {
    let folder = dir.path().display();
    fs::create_dir_all(dir.path())
        .with_context(|| format!("cannot create run directory {folder}"))?;
    let path = dir.lock();
    let file = File::create(&path).with_context(|| format!("cannot write {}", path.display()))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            bail!("another process is training in {folder}; wait for it, or choose another --out")
        }
        Err(TryLockError::Error(error)) => {
            Err(error).with_context(|| format!("cannot lock {}", path.display()))
        }
    }
}

/// What is there, given the hash of the settings that the caller is about to run.
///
/// # Errors
/// When it holds a run with other settings, or files of something else.
pub(crate) fn find(dir: &RunDir, hash: &str) -> Result<Found> {
    let folder = dir.path().display();
    if !dir.config().exists() {
        if entries(dir)?.is_empty() {
            return Ok(Found::New);
        }
        bail!("{folder} is not empty and holds no run; choose another --out");
    }
    let there = read_config(dir.path())?;
    if there.hash() != hash {
        bail!(
            "{folder} holds a run with other settings (see its config.toml); choose another --out, \
             or pass --fresh to discard it"
        );
    }
    match dir.read_results()? {
        Some(results) if results.status == "finished" => Ok(Found::Finished),
        _ => Ok(Found::Unfinished),
    }
}

/// Empties the directory, if what it holds is a run.
///
/// # Errors
/// When it holds something else, or a file cannot be removed.
pub(crate) fn clear(dir: &RunDir) -> Result<()> {
    let entries = entries(dir)?;
    if !entries.is_empty() && !dir.config().exists() {
        bail!("{} holds no run; --fresh will not delete it", dir.path().display());
    }
    for path in entries {
        let removed =
            if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
        removed.with_context(|| format!("cannot remove {}", path.display()))?;
    }
    Ok(())
}

/// Everything in the directory but its lock.
fn entries(dir: &RunDir) -> Result<Vec<PathBuf>> {
    let cannot = || format!("cannot read {}", dir.path().display());
    let mut paths = Vec::new();
    for entry in fs::read_dir(dir.path()).with_context(cannot)? {
        paths.push(entry.with_context(cannot)?.path());
    }
    paths.retain(|path| *path != dir.lock());
    Ok(paths)
}

/// The settings of the run in `dir`.
///
/// # Errors
/// When there is none, or its config.toml is damaged.
pub(crate) fn read_config(dir: &Path) -> Result<RunConfig> {
    let path = RunDir::new(dir).config();
    let text = fs::read_to_string(&path).with_context(|| {
        format!("{} is not a run directory: it has no config.toml", dir.display())
    })?;
    RunConfig::from_toml(&text).with_context(|| format!("cannot use {}", path.display()))
}
