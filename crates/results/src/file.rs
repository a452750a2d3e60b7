//! Files that may be absent, and what can be wrong with those that are there.

use std::{
    io::ErrorKind,
    path::{Path, PathBuf},
};

/// Why a file of a run could not be read, understood or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FileError {
    /// It could not be read.
    #[error("could not read {}: {reason}; check its permissions", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The operating system's answer.
        reason: std::io::Error,
    },
    /// It could not be written.
    #[error("could not write {}: {reason}; check the free space and the folder's permissions", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// The operating system's answer.
        reason: std::io::Error,
    },
    /// It is not what its name promises.
    #[error("{} is damaged: {reason}; {cure}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it, with the line where there is one.
        reason: String,
        /// What helps.
        cure: &'static str,
    },
    /// Another version of genlab wrote it.
    #[error(
        "{} has schema version {found}, and this genlab reads {known}; use the version that wrote it",
        path.display()
    )]
    Schema {
        /// The file.
        path: PathBuf,
        /// The version in the file.
        found: u64,
        /// The version that is read.
        known: u32,
    },
}

/// The cure where a file is written again without training.
pub const WRITTEN_AGAIN: &str =
    "delete it and run the training command again, which goes on from the last checkpoint";
/// The cure where a file is written again by another evaluation.
pub const EVALUATED_AGAIN: &str = "delete it and results.json and run the training command again";
/// The cure where only training writes the file.
pub const TRAINED_AGAIN: &str = "restore it, or train the run anew with --fresh";

impl FileError {
    /// That `path` could not be written.
    pub fn write(path: &Path, reason: std::io::Error) -> Self {
        Self::Write { path: path.to_owned(), reason }
    }

    /// That `path` is damaged: `reason` completes "is damaged: ...", and `cure` ends the sentence.
    pub fn damaged(path: &Path, reason: impl Into<String>, cure: &'static str) -> Self {
        Self::Damaged { path: path.to_owned(), reason: reason.into(), cure }
    }
}

/// Bytes of a file of a run at most: figures of many runs have a hundredth of it.
const MOST_BYTES: u64 = 1 << 30;

/// The bytes of a file; None if there is none.
///
/// # Errors
/// When it is there and cannot be read, or is no regular file: a pipe never begins, a device never ends.
pub fn read(path: &Path) -> Result<Option<Vec<u8>>, FileError> {
    match read_regular(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(reason) => Err(FileError::Read { path: path.to_owned(), reason }),
    }
}

fn read_regular(path: &Path) -> std::io::Result<Vec<u8>> {
    let data = std::fs::metadata(path)?;
    if !data.is_file() || data.len() > MOST_BYTES {
        let fault = if data.is_file() { "it is longer than 1 GiB" } else { "it is no file" };
        return Err(std::io::Error::new(ErrorKind::InvalidInput, fault));
    }
    std::fs::read(path)
}
