//! What can go wrong, in one sentence each: what, where, and how to mend it.

use std::path::{Path, PathBuf};

/// Why a file could not be read, understood or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReportError {
    /// A run without results has nothing to report.
    #[error("{} has no results.json: the run is not finished; run the same command again to resume", dir.display())]
    NotFinished {
        /// The run directory.
        dir: PathBuf,
    },
    /// None of the runs of a comparison has results.
    #[error(
        "none of the {count} runs has a results.json; finish at least one of them, then compare"
    )]
    NothingToCompare {
        /// How many runs were given.
        count: usize,
    },
    /// A file could not be read.
    #[error("could not read {}: {source}; check that it exists and that you may read it", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The operating system's answer.
        source: std::io::Error,
    },
    /// A file could not be written.
    #[error("could not write {}: {source}; check the free space and the folder's permissions", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// The operating system's answer.
        source: std::io::Error,
    },
    /// A file is not what its name promises.
    #[error("{} is damaged: {reason}; restore it, or run the same command again with --fresh", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it, with the line where there is one.
        reason: String,
    },
    /// The results were written by another version of genlab.
    #[error("{} has schema version {found}, this genlab reads {known}; evaluate the run again with this version", path.display())]
    Schema {
        /// The file.
        path: PathBuf,
        /// The version in the file.
        found: u32,
        /// The version that this crate reads.
        known: u32,
    },
    /// The pixels do not fill the declared shape.
    #[error(
        "a picture of {count} x {channels} x {height} x {width} needs {needed} bytes, not {found}; \
         the sizes must be at least 1 and the channels 1 or 3"
    )]
    PictureShape {
        /// Images.
        count: usize,
        /// Channels.
        channels: usize,
        /// Rows.
        height: usize,
        /// Columns.
        width: usize,
        /// Bytes that the shape asks for.
        needed: usize,
        /// Bytes that came.
        found: usize,
    },
    /// A picture could not be turned into a file format.
    #[error("could not encode a picture as {format}: {reason}; try fewer or smaller images")]
    Encode {
        /// `PNG` or `npz`.
        format: &'static str,
        /// The encoder's answer.
        reason: String,
    },
    /// Bytes handed over as a PNG are none.
    #[error("the image {tag} is no PNG file; encode it with genlab_report::png::encode_grid")]
    NotPng {
        /// The TensorBoard tag.
        tag: String,
    },
    /// A histogram of nothing.
    #[error(
        "the histogram {tag} at step {step} has no finite value; log it only once values exist"
    )]
    EmptyHistogram {
        /// The TensorBoard tag.
        tag: String,
        /// The step.
        step: u64,
    },
    /// A template failed to render.
    #[error("could not render {page}: {reason}; this is a bug in genlab-report, please report it")]
    Render {
        /// The page.
        page: &'static str,
        /// The template engine's answer.
        reason: String,
    },
}

impl ReportError {
    pub(crate) fn read(path: &Path, source: std::io::Error) -> Self {
        Self::Read { path: path.to_owned(), source }
    }

    pub(crate) fn write(path: &Path, source: std::io::Error) -> Self {
        Self::Write { path: path.to_owned(), source }
    }

    pub(crate) fn damaged(path: &Path, reason: impl Into<String>) -> Self {
        Self::Damaged { path: path.to_owned(), reason: reason.into() }
    }
}

/// Writes a whole file or nothing.
pub(crate) fn write_file(path: &Path, bytes: &[u8]) -> Result<()> {
    genlab_results::atomic::write(path, bytes).map_err(|source| ReportError::write(path, source))
}

/// What every fallible function of this crate returns.
pub type Result<T> = std::result::Result<T, ReportError>;
