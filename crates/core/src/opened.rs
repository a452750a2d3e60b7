//! Finished runs that a model may be built on: a base to train further, a teacher, a classifier, an
//! autoencoder.

use crate::{model::Generative, space::Space, state::StateReader};
use burn::tensor::{Int, Tensor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use std::{
    fmt,
    path::{Component, Path, PathBuf},
};

/// A finished run, opened by a model that builds on it.
pub struct OpenedRun {
    /// The name of its model.
    pub model: String,
    /// The model's settings, as files have them.
    pub settings: Value,
    /// The space of its dataset.
    pub space: Space,
    /// Number of its dataset's classes, where it has some.
    pub classes: Option<usize>,
    /// The captions of its training values, `[n, T]` numbers of words, where its dataset is of scenes.
    pub captions: Option<Tensor<2, Int>>,
    /// The frozen model, with averaged weights where the run kept an average.
    pub frozen: Box<dyn Generative>,
    /// Everything that its last checkpoint keeps.
    pub state: StateReader,
}

/// A path without the parts that say nothing, so that a run has one name: `./runs/a/` is `runs/a`.
pub fn plain_path(path: &Path) -> PathBuf {
    let plain: PathBuf =
        path.components().filter(|part| !matches!(part, Component::CurDir)).collect();
    if plain.as_os_str().is_empty() { path.to_owned() } else { plain }
}

/// The setting of a run's directory, as [`plain_path`].
///
/// # Errors
/// When it is no path.
pub fn deserialize_path<'de, D: Deserializer<'de>>(source: D) -> Result<PathBuf, D::Error> {
    PathBuf::deserialize(source).map(|path| plain_path(&path))
}

/// The setting of a run's directory, or none, likewise.
///
/// # Errors
/// When it is neither.
pub fn deserialize_optional_path<'de, D: Deserializer<'de>>(
    source: D,
) -> Result<Option<PathBuf>, D::Error> {
    Option::<PathBuf>::deserialize(source).map(|path| path.map(|path| plain_path(&path)))
}

/// Why a run cannot be opened and how to mend it, as the rest of a sentence that begins with the run: "is not there; give …".
#[derive(Clone, Debug, thiserror::Error)]
#[error("{0}")]
pub struct OpenError(pub String);

/// Opens finished runs on behalf of a model, and keeps a record of which.
pub trait OpenRuns: fmt::Debug + Send + Sync {
    /// The finished run in the run directory `path`.
    ///
    /// # Errors
    /// When there is none, or it is damaged.
    fn open(&self, path: &Path) -> Result<OpenedRun, OpenError>;
}

/// There are no runs to open.
#[derive(Clone, Copy, Debug)]
pub struct NoRuns;

impl OpenRuns for NoRuns {
    fn open(&self, _path: &Path) -> Result<OpenedRun, OpenError> {
        Err(OpenError("is not opened here; leave it out".to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_has_one_name_however_its_path_is_written() {
        for (written, plain) in [
            ("./runs/a/", "runs/a"),
            ("runs/./a", "runs/a"),
            ("../a", "../a"),
            (".", "."),
            ("", ""),
        ] {
            assert_eq!(plain_path(Path::new(written)), Path::new(plain));
        }
    }
}
