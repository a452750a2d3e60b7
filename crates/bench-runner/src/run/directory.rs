//! The run directory: where everything of one run lies, and who may write there.

use crate::config::RunConfig;
use anyhow::{Context, Result, bail};
use genlab_results::Results;
use std::{
    fs::{self, File, TryLockError},
    path::{Path, PathBuf},
};

/// A run directory.
#[derive(Clone, Debug)]
pub(crate) struct RunDir(PathBuf);

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

impl RunDir {
    /// The directory at `path`.
    pub(crate) fn new(path: PathBuf) -> Self {
        Self(path)
    }

    /// The directory itself.
    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// `config.toml`.
    pub(crate) fn config(&self) -> PathBuf {
        self.0.join("config.toml")
    }

    /// `results.json`.
    pub(crate) fn results(&self) -> PathBuf {
        self.0.join("results.json")
    }

    /// `metrics.jsonl`.
    pub(crate) fn metrics(&self) -> PathBuf {
        self.0.join("metrics.jsonl")
    }

    /// `checkpoints/`.
    pub(crate) fn checkpoints(&self) -> PathBuf {
        self.0.join("checkpoints")
    }

    /// `samples/`.
    pub(crate) fn samples(&self) -> PathBuf {
        self.0.join("samples")
    }

    /// `tensorboard/`.
    pub(crate) fn tensorboard(&self) -> PathBuf {
        self.0.join("tensorboard")
    }

    /// Takes the directory for this process, creating it where needed. The lock ends with the
    /// returned file.
    ///
    /// # Errors
    /// When the folder cannot be made, or another process trains in it.
    pub(crate) fn lock(&self) -> Result<File> {
        fs::create_dir_all(&self.0)
            .with_context(|| format!("cannot create run directory {}", self.0.display()))?;
        let path = self.0.join(".lock");
        let file =
            File::create(&path).with_context(|| format!("cannot write {}", path.display()))?;
        match file.try_lock() {
            Ok(()) => Ok(file),
            Err(TryLockError::WouldBlock) => bail!(
                "another process is training in {}; wait for it, or choose another --out",
                self.0.display()
            ),
            Err(TryLockError::Error(error)) => {
                Err(error).with_context(|| format!("cannot lock {}", path.display()))
            }
        }
    }

    /// What is there, given the hash of the settings that the caller is about to run.
    ///
    /// # Errors
    /// When it holds a run with other settings, or files of something else.
    pub(crate) fn find(&self, hash: &str) -> Result<Found> {
        let path = self.config();
        if !path.exists() {
            let strangers = fs::read_dir(&self.0)
                .with_context(|| format!("cannot read {}", self.0.display()))?
                .filter_map(Result::ok)
                .any(|entry| entry.file_name() != ".lock");
            if strangers {
                bail!("{} is not empty and holds no run; choose another --out", self.0.display());
            }
            return Ok(Found::New);
        }
        let there = read_config(&self.0)?;
        if there.hash() != hash {
            bail!(
                "{} holds a run with other settings (see its config.toml); choose another --out, \
                 or pass --fresh to discard it",
                self.0.display()
            );
        }
        match read_results(&self.0)? {
            Some(results) if results.status == "finished" => Ok(Found::Finished),
            _ => Ok(Found::Unfinished),
        }
    }

    /// Empties the directory, if what it holds is a run.
    ///
    /// # Errors
    /// When it holds something else, or a file cannot be removed.
    pub(crate) fn clear(&self) -> Result<()> {
        let entries: Vec<PathBuf> = fs::read_dir(&self.0)
            .with_context(|| format!("cannot read {}", self.0.display()))?
            .filter_map(|entry| entry.ok().map(|e| e.path()))
            .filter(|path| path.file_name().is_some_and(|name| name != ".lock"))
            .collect();
        if !entries.is_empty() && !self.config().exists() {
            bail!("{} holds no run; --fresh will not delete it", self.0.display());
        }
        for path in entries {
            let removed =
                if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
            removed.with_context(|| format!("cannot remove {}", path.display()))?;
        }
        Ok(())
    }
}

/// The settings of the run in `dir`.
///
/// # Errors
/// When there is none, or its config.toml is damaged.
pub(crate) fn read_config(dir: &Path) -> Result<RunConfig> {
    let path = dir.join("config.toml");
    let text = fs::read_to_string(&path)
        .with_context(|| format!("{} is not a run directory: no config.toml", dir.display()))?;
    RunConfig::from_toml(&text).with_context(|| format!("cannot use {}", path.display()))
}

/// The results of the run in `dir`, where there are some.
///
/// # Errors
/// When results.json is there but damaged.
pub(crate) fn read_results(dir: &Path) -> Result<Option<Results>> {
    let path = dir.join("results.json");
    match fs::read(&path) {
        Ok(bytes) => {
            let results = serde_json::from_slice(&bytes).with_context(|| {
                format!("{} is damaged; delete it and run again", path.display())
            })?;
            Ok(Some(results))
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
    }
}

/// Writes a whole file or nothing.
///
/// # Errors
/// When the file system refuses.
pub(crate) fn write_atomically(path: &Path, bytes: &[u8]) -> Result<()> {
    let temporary = path.with_extension("partial");
    fs::write(&temporary, bytes)
        .and_then(|()| fs::rename(&temporary, path))
        .with_context(|| format!("cannot write {}", path.display()))
}
