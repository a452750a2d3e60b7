//! What can go wrong, in one sentence each: what, where, and how to mend it.

use crate::names::counted;
use genlab_results::FileError;
use std::path::PathBuf;

/// Why a report could not be made.
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
        "no results.json in {}; finish at least one run, then compare", counted(*count, "run")
    )]
    NothingToCompare {
        /// How many runs were given.
        count: usize,
    },
    /// A file could not be read, understood or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// The pixels do not fill the declared shape.
    #[error(
        "{bytes} bytes are not a whole number of images of {channels} x {height} x {width}; there \
         must be at least one image, of one channel or three"
    )]
    Strip {
        /// Channels.
        channels: usize,
        /// Rows.
        height: usize,
        /// Columns.
        width: usize,
        /// Bytes that came.
        bytes: usize,
    },
    /// Images could not be turned into a picture.
    #[error("could not encode a PNG picture: {reason}; try fewer or smaller images")]
    Encode {
        /// The encoder's answer.
        reason: String,
    },
    /// Bytes were handed over as a PNG file and are something else.
    #[error("the image {tag} is not a PNG file; encode it with genlab_report::png::encode_grid")]
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

/// What every fallible function of this crate returns.
pub type Result<T> = std::result::Result<T, ReportError>;
