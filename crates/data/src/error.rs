//! Everything that can go wrong between a name and its values.

use std::{
    io,
    path::{Path, PathBuf},
};

/// One sentence each: what is wrong, where, and how to fix it.
///
/// Causes are part of the sentence and not chained as sources, so that a report that prints the
/// chain does not say them twice.
#[derive(Debug, thiserror::Error)]
pub enum DataError {
    /// No dataset has this name.
    #[error("there is no dataset called `{name}`: {cure}")]
    UnknownName {
        /// What was asked for.
        name: String,
        /// The nearest name, or all of them.
        cure: String,
    },
    /// An option that does not suit this dataset.
    #[error("{option} does not fit {dataset}: {fault}; {cure}")]
    Option {
        /// The option, as the command line writes it.
        option: &'static str,
        /// The dataset's name.
        dataset: String,
        /// What does not fit.
        fault: String,
        /// How to fix it.
        cure: String,
    },
    /// The operating system refused to read or write something.
    #[error("cannot {action} {}: {reason}; {cure}", path.display())]
    Io {
        /// `read`, `create`, ...
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the operating system said.
        reason: io::Error,
        /// How to fix it.
        cure: String,
    },
    /// A file whose content does not match its format or its dataset.
    #[error("{file} {fault}; {cure}")]
    Malformed {
        /// The file.
        file: String,
        /// What is wrong with it, as a predicate: "is not a valid gzip file".
        fault: String,
        /// How to fix it.
        cure: String,
    },
    /// Files of a dataset are missing from the folder that should contain them.
    #[error("files of {dataset} are missing from {}: {missing}; {cure}", folder.display())]
    Missing {
        /// The dataset's name.
        dataset: String,
        /// The folder that was searched.
        folder: PathBuf,
        /// The files that are missing.
        missing: String,
        /// How to fix it.
        cure: String,
    },
    /// There is nowhere to download files to.
    #[error("there is no folder to download {dataset} to: this user has no cache folder; {cure}")]
    NoCache {
        /// The dataset's name.
        dataset: String,
        /// How to fix it.
        cure: String,
    },
    /// No mirror delivered the file.
    #[error("cannot download {file} of {dataset} ({attempts}); {cure}")]
    Download {
        /// The file.
        file: String,
        /// The dataset's name.
        dataset: String,
        /// Each mirror, with what went wrong there.
        attempts: String,
        /// How to fix it.
        cure: String,
    },
    /// A folder that cannot be used.
    #[error("folder {} {fault}; {cure}", folder.display())]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// What is wrong with it, as a predicate: "does not exist".
        fault: String,
        /// How to fix it.
        cure: String,
    },
    /// Values that cannot be written as an archive.
    #[error("cannot write these values as an .npz archive: {fault}; {cure}")]
    Npz {
        /// What is wrong with them.
        fault: String,
        /// How to fix it.
        cure: String,
    },
}

impl DataError {
    /// A file with a fault (a predicate), and the cure that always helps.
    pub(crate) fn malformed(file: impl Into<String>, fault: impl Into<String>) -> Self {
        let cure = "replace it with an undamaged copy".to_owned();
        Self::Malformed { file: file.into(), fault: fault.into(), cure }
    }

    /// A folder with a fault (a predicate).
    pub(crate) fn folder(folder: &Path, fault: impl Into<String>, cure: impl Into<String>) -> Self {
        Self::Folder { folder: folder.to_owned(), fault: fault.into(), cure: cure.into() }
    }

    /// The same fault with a cure that fits where the file came from.
    pub(crate) fn with_cure(mut self, better: &str) -> Self {
        if let Self::Malformed { cure, .. } = &mut self {
            better.clone_into(cure);
        }
        self
    }
}
