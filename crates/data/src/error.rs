//! Everything that can go wrong between a name and its images.

use std::{
    io,
    path::{Path, PathBuf},
};

/// One sentence each: what is wrong, where, and how to mend it.
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
    /// An option that this dataset cannot honour.
    #[error("{option} does not fit {dataset}: {fault}; {cure}")]
    Option {
        /// The option, as the command line writes it.
        option: &'static str,
        /// The dataset's name.
        dataset: String,
        /// What does not fit.
        fault: String,
        /// How to mend it.
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
        /// How to mend it.
        cure: String,
    },
    /// A file whose content is not what its format or its dataset asks for.
    #[error("{file}: {fault}; {cure}")]
    Malformed {
        /// The file.
        file: String,
        /// What is wrong in it.
        fault: String,
        /// How to mend it.
        cure: String,
    },
    /// Files of a dataset are not where they were looked for.
    #[error("{dataset} is not complete in {}: missing {missing}; {cure}", folder.display())]
    Missing {
        /// The dataset's name.
        dataset: String,
        /// The folder that was searched.
        folder: PathBuf,
        /// The files that are absent.
        missing: String,
        /// How to mend it.
        cure: String,
    },
    /// No mirror gave the file.
    #[error("cannot download {file} of {dataset} ({attempts}); {cure}")]
    Download {
        /// The file.
        file: String,
        /// The dataset's name.
        dataset: String,
        /// Each mirror with what went wrong there.
        attempts: String,
        /// How to mend it.
        cure: String,
    },
    /// A folder of images that does not make a dataset.
    #[error("folder {}: {fault}; {cure}", folder.display())]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// What is wrong with it.
        fault: String,
        /// How to mend it.
        cure: String,
    },
    /// Images that make no archive.
    #[error("cannot write these images as an .npz archive: {fault}; {cure}")]
    Npz {
        /// What is wrong with them.
        fault: String,
        /// How to mend it.
        cure: String,
    },
}

impl DataError {
    /// A file with a fault, and the cure that always helps.
    pub(crate) fn malformed(file: impl Into<String>, fault: impl Into<String>) -> Self {
        let cure = "replace the file by an undamaged copy".to_owned();
        Self::Malformed { file: file.into(), fault: fault.into(), cure }
    }

    /// A folder with a fault.
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
