//! Finished runs that a model may be built on: a base to train further, a teacher, a classifier, an
//! autoencoder.

use crate::{model::Generative, space::Space, state::StateReader};
use serde_json::Value;
use std::{fmt, path::Path};

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
    /// The frozen model, with averaged weights where the run kept an average.
    pub frozen: Box<dyn Generative>,
    /// Everything that its last checkpoint keeps.
    pub state: StateReader,
}

/// Why a run cannot be opened: one sentence.
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
    fn open(&self, path: &Path) -> Result<OpenedRun, OpenError> {
        Err(OpenError(format!("cannot open run {}: runs are not opened here", path.display())))
    }
}
