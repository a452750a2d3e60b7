//! The run directory of this process: whose it is, what it holds, what may be discarded.

use super::discarded;
use crate::config::RunConfig;
use anyhow::{Context, Result, bail};
use genlab_core::{checkpoint, files};
use genlab_report::tensorboard;
pub(crate) use genlab_results::RunDir;
use genlab_results::{atomic, figure_files};
use std::{
    fs::{self, File, TryLockError},
    io::ErrorKind,
    path::{Path, PathBuf},
};

/// What a run directory holds when a command comes to it.
#[derive(Debug)]
pub(crate) enum Found {
    /// Nothing yet.
    New,
    /// A run that stopped before its end.
    Unfinished,
    /// A run with results. A kill may have left it without a report.
    Finished,
}

/// What the folder of an export can hold: the files that are written there, and what Python makes of one.
pub(crate) const EXPORTED: [&str; 6] = [
    "README.md",
    "check.safetensors",
    "config.json",
    "genlab.py",
    "model.safetensors",
    "__pycache__",
];

/// A run directory that this process has taken. What was made only to take it goes with it: a start that is
/// refused leaves nothing.
#[derive(Debug)]
pub(crate) struct Taken {
    dir: RunDir,
    /// Folders that did not exist before, the innermost first.
    made: Vec<PathBuf>,
    /// Until it is dropped.
    lock: File,
}

impl Taken {
    /// # Errors
    /// When the directory was removed meanwhile, or another stands in its place, which may be another process's by now.
    pub(crate) fn require(&self) -> Result<()> {
        if is_the_same(&self.lock, &self.dir.lock()) {
            return Ok(());
        }
        bail!(
            "{} was removed or replaced while this process used it, which therefore stops; give the command again",
            self.dir.path().display()
        )
    }
}

/// Whether `path` still leads to the open file.
#[cfg(unix)]
fn is_the_same(open: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let place = |data: fs::Metadata| (data.dev(), data.ino());
    match (open.metadata(), fs::metadata(path)) {
        (Ok(open), Ok(there)) => place(open) == place(there),
        _ => false,
    }
}

/// Whether there is such a file: elsewhere one that is open cannot be removed.
#[cfg(not(unix))]
fn is_the_same(_open: &File, path: &Path) -> bool {
    path.exists()
}

impl Drop for Taken {
    fn drop(&mut self) {
        // What another process has made in its place is that one's.
        if self.require().is_err() {
            return;
        }
        if !is_run(&self.dir) && fs::remove_file(self.dir.lock()).is_ok() {
            remove_if_empty(&self.made);
        }
    }
}

/// Takes the directory for this process, creating it where needed.
///
/// # Errors
/// When the folder cannot be made, or another process trains in it.
pub(crate) fn take(dir: &RunDir) -> Result<Taken> {
    let folder = dir.path().display();
    let made = missing(dir.path());
    fs::create_dir_all(dir.path())
        .with_context(|| format!("cannot create run directory {folder}"))?;
    let path = dir.lock();
    let file = File::create(&path).with_context(|| format!("cannot write {}", path.display()))?;
    match file.try_lock() {
        Ok(()) => {
            if !is_the_same(&file, &path) {
                // Whoever had it has just removed it.
                drop(file);
                return take(dir);
            }
            sweep(dir)?;
            Ok(Taken { dir: dir.clone(), made, lock: file })
        }
        Err(TryLockError::WouldBlock) => {
            bail!("another process is at work in {folder}; wait for it, or choose another --out")
        }
        Err(TryLockError::Error(error)) => {
            Err(error).with_context(|| format!("cannot lock {}", path.display()))
        }
    }
}

/// Whether it is a file or folder in the making, which a process that was killed has left behind.
fn is_leftover(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.starts_with(atomic::PREFIX) && name.ends_with(atomic::SUFFIX)
        || name.starts_with(checkpoint::WRITING)
}

/// Removes what other processes left behind when they were killed. Only who has taken the directory may.
fn sweep(dir: &RunDir) -> Result<()> {
    let folders =
        [dir.checkpoints(), dir.projector(), dir.samples(), dir.figures(), dir.samplers()];
    for folder in [dir.path().to_owned()].into_iter().chain(folders) {
        let Ok(entries) = fs::read_dir(&folder) else { continue };
        let paths = entries.filter_map(|entry| entry.ok().map(|entry| entry.path()));
        for path in paths.filter(|path| is_leftover(path)) {
            let is_folder = path.is_dir() && !path.is_symlink();
            let removed =
                if is_folder { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
            removed.with_context(|| format!("cannot remove {}", path.display()))?;
        }
    }
    Ok(())
}

/// `folder` and those above it that do not exist, the innermost first.
pub(crate) fn missing(folder: &Path) -> Vec<PathBuf> {
    let named = folder.ancestors().filter(|path| !path.as_os_str().is_empty());
    named.take_while(|path| !path.exists()).map(Path::to_owned).collect()
}

/// Removes these folders, the innermost first, as far as they are empty.
pub(crate) fn remove_if_empty(folders: &[PathBuf]) {
    for folder in folders {
        if fs::remove_dir(folder).is_err() {
            return;
        }
    }
}

/// What is there, given the hash of the settings that the caller is about to run.
///
/// # Errors
/// When it holds a run with other settings, or files of something else.
pub(crate) fn find(dir: &RunDir, hash: &str) -> Result<Found> {
    let folder = dir.path().display();
    if !is_run(dir) {
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

/// Whether the directory bears the mark of a run: settings with their version, or beside a record that names genlab's, as
/// no other program's config.toml.
pub(crate) fn is_run(dir: &RunDir) -> bool {
    let marked = |path: PathBuf, mark: &str| {
        files::read_text(&path, files::MOST_SETTINGS)
            .is_ok_and(|text| text.lines().any(|line| line.trim_start().starts_with(mark)))
    };
    marked(dir.config(), "settings_version")
        || dir.config().exists() && marked(dir.record(), "\"genlab_version\"")
}

/// # Errors
/// When the directory holds something that is no run, which is never discarded.
pub(crate) fn require_discardable(dir: &RunDir) -> Result<()> {
    if !entries(dir)?.is_empty() && !is_run(dir) {
        bail!("{} holds no run of genlab; --fresh will not delete it", dir.path().display());
    }
    Ok(())
}

/// Removes what a run writes, if that is what the directory holds. Everything else in it stays.
///
/// # Errors
/// When it holds something else, or a file cannot be removed.
pub(crate) fn clear(dir: &RunDir) -> Result<()> {
    require_discardable(dir)?;
    for path in own(dir)? {
        let removed = if path.is_dir() && !path.is_symlink() {
            fs::remove_dir_all(&path)
        } else {
            fs::remove_file(&path)
        };
        removed.with_context(|| format!("cannot remove {}", path.display()))?;
    }
    remove_empty_folders(dir);
    Ok(())
}

/// Removes the folders that a run makes, as far as they are empty.
pub(super) fn remove_empty_folders(dir: &RunDir) {
    let folders = [
        dir.checkpoints(),
        dir.tensorboard(),
        dir.projector(),
        dir.samples(),
        dir.figures(),
        dir.samplers(),
        dir.export(),
    ];
    for folder in folders {
        remove_if_empty(&[folder]);
    }
}

/// What a run has written, with settings last, so that a run that is half removed is still one.
pub(super) fn own(dir: &RunDir) -> Result<Vec<PathBuf>> {
    let listed = dir.read_results().ok().flatten().map(|results| results.artefacts);
    let listed = listed.unwrap_or_default();
    let pictures = listed.iter().map(|artefact| dir.path().join(&artefact.file));
    let inside = |path: &PathBuf| path.starts_with(dir.path()) && path.is_file();
    let mut paths: Vec<PathBuf> = pictures.filter(inside).collect();
    let named = |folder: PathBuf, is_own: fn(&str) -> bool| -> Result<Vec<PathBuf>> {
        if !folder.is_dir() {
            return Ok(Vec::new());
        }
        let all = fs::read_dir(&folder)
            .and_then(Iterator::collect::<std::io::Result<Vec<_>>>)
            .with_context(|| format!("cannot read {}", folder.display()))?;
        let own = |entry: &fs::DirEntry| entry.file_name().to_str().is_some_and(is_own);
        Ok(all.iter().filter(|entry| own(entry)).map(fs::DirEntry::path).collect())
    };
    paths.extend(named(dir.checkpoints(), |name| name.starts_with("step-"))?);
    for folder in [dir.path().to_owned(), dir.tensorboard()] {
        paths.extend(named(folder, |name| tensorboard::holding(name).is_some())?);
    }
    paths.extend(
        tensorboard::PROJECTOR_FILES.map(|file| dir.path().join(file)).into_iter().filter(inside),
    );
    paths.extend(named(dir.samples(), |name| {
        name == "samples.npz" || name.starts_with("samples-s") || name.starts_with("edit-")
    })?);
    paths.extend(named(dir.samplers(), |name| {
        ["samplers.csv", "samplers.json", "figures.json"].contains(&name)
    })?);
    paths.extend(figure_files::own(&dir.figures())?);
    paths.extend(named(dir.export(), |name| EXPORTED.contains(&name))?);
    let files = [
        dir.metrics(),
        dir.curves(),
        dir.results(),
        dir.report(),
        dir.prior(),
        dir.record(),
        dir.config(),
    ];
    paths.extend(files.into_iter().filter(|file| file.is_file()));
    Ok(paths)
}

/// # Errors
/// When a comparison that is written to `out` would take the place of a run's report, or of a file that is none of genlab's.
pub(crate) fn require_no_run(out: &Path) -> Result<()> {
    let dir = RunDir::new(out);
    if is_run(&dir) {
        bail!("{} is a run, whose report would be lost; choose another --out", out.display());
    }
    if let Some(path) = genlab_report::run::foreign(out) {
        bail!("{} is not genlab's; choose another --out", path.display());
    }
    Ok(())
}

/// Everything in the directory but its lock and what is left behind.
fn entries(dir: &RunDir) -> Result<Vec<PathBuf>> {
    let cannot = || format!("cannot read {}", dir.path().display());
    let mut paths = Vec::new();
    for entry in fs::read_dir(dir.path()).with_context(cannot)? {
        paths.push(entry.with_context(cannot)?.path());
    }
    let aside = dir.path().join(discarded::FOLDER);
    paths.retain(|path| *path != dir.lock() && *path != aside && !is_leftover(path));
    Ok(paths)
}

/// Why a place without settings is no run: nothing is there, or no folder, or several runs are.
fn no_run(dir: &Path) -> String {
    let entries = fs::read_dir(dir).into_iter().flatten().filter_map(Result::ok);
    let runs = entries.filter(|entry| RunDir::new(entry.path()).config().exists());
    let mut names: Vec<_> =
        runs.map(|run| run.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    let folder = dir.display();
    match names.first() {
        Some(first) => format!(
            "{folder} is not a run directory but holds several; give one of them, such as {}",
            dir.join(first).display()
        ),
        None if dir.is_dir() => format!(
            "{folder} is not a run directory: it has no config.toml; give one that bench-runner list names"
        ),
        None if dir.exists() => format!("{folder} is a file; give the directory of a run"),
        None => format!("{folder} is not there; give the directory of a run"),
    }
}

/// The settings of the run in `dir`.
///
/// # Errors
/// When there is none, or its config.toml is damaged.
pub(crate) fn read_config(dir: &Path) -> Result<RunConfig> {
    let path = RunDir::new(dir).config();
    let text = match files::read_text(&path, files::MOST_SETTINGS) {
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            bail!("{}", no_run(dir))
        }
        text => text.with_context(|| format!("cannot read {}", path.display()))?,
    };
    RunConfig::from_toml(&text).with_context(|| format!("cannot use {}", path.display()))
}
