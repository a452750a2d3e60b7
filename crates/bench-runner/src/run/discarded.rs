//! The run that was in a directory before `--fresh`: moved aside, and gone for good only once the new one has its first
//! checkpoint.

use super::directory::{self, RunDir};
use anyhow::{Context, Result};
use genlab_core::checkpoint;
use std::{
    fs,
    path::{Path, PathBuf},
};

/// Where it lies in the directory.
pub(super) const FOLDER: &str = ".discarded";

/// Moves what the run in `dir` has written aside. Its settings go last: a run that is half moved is still one.
///
/// # Errors
/// When a file cannot be moved.
pub(super) fn put(dir: &RunDir) -> Result<()> {
    if is_whole(dir) {
        // What is there now has no checkpoint and is not missed; the run before it might be.
        return directory::clear(dir);
    }
    for path in directory::own(dir)? {
        let inside =
            path.strip_prefix(dir.path()).context("a run's own file lies in its folder")?;
        moved(&path, &dir.path().join(FOLDER).join(inside))?;
    }
    directory::remove_empty_folders(dir);
    Ok(())
}

/// Brings a run back whose discarding was broken off; leaves it aside where the new one has begun.
///
/// # Errors
/// When a file cannot be moved.
pub(super) fn recover(dir: &RunDir) -> Result<()> {
    let aside = dir.path().join(FOLDER);
    if !aside.is_dir() {
        return Ok(());
    }
    if is_whole(dir) && dir.config().exists() {
        return if checkpoint::list(&dir.checkpoints()).is_empty() { Ok(()) } else { drop_it(dir) };
    }
    for path in files(&aside)? {
        let inside = path.strip_prefix(&aside).context("a file of the folder lies in it")?;
        moved(&path, &dir.path().join(inside))?;
    }
    remove(&aside)
}

/// Removes it, if there is one.
///
/// # Errors
/// When a file cannot be removed.
pub(super) fn drop_it(dir: &RunDir) -> Result<()> {
    let aside = dir.path().join(FOLDER);
    if aside.is_dir() { remove(&aside) } else { Ok(()) }
}

/// Whether all of it is there.
fn is_whole(dir: &RunDir) -> bool {
    directory::is_run(&RunDir::new(dir.path().join(FOLDER)))
}

fn moved(from: &Path, to: &Path) -> Result<()> {
    let folder = to.parent().unwrap_or(to);
    fs::create_dir_all(folder)
        .and_then(|()| fs::rename(from, to))
        .with_context(|| format!("cannot move {} to {}", from.display(), to.display()))
}

fn remove(folder: &Path) -> Result<()> {
    fs::remove_dir_all(folder).with_context(|| format!("cannot remove {}", folder.display()))
}

/// All files at and below `folder`, its settings last.
fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let cannot = || format!("cannot read {}", folder.display());
        for entry in fs::read_dir(&folder).with_context(cannot)? {
            let path = entry.with_context(cannot)?.path();
            if path.is_dir() { folders.push(path) } else { found.push(path) }
        }
    }
    let settings = RunDir::new(folder).config();
    found.sort_by_key(|path| *path == settings);
    Ok(found)
}
