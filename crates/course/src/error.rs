//! Why a lesson cannot be begun or checked.

use genlab_results::FileError;
use std::{io, path::PathBuf};

/// One sentence: what, where, how to mend it.
#[derive(Debug, thiserror::Error)]
pub enum CourseError {
    /// No lesson is called so.
    #[error("there is no lesson {name}; there are {known}")]
    NoLesson {
        /// What was asked for.
        name: String,
        /// Those that there are.
        known: String,
    },
    /// The folder of a new crate is taken.
    #[error("{} is there already; choose another folder for the lesson", .0.display())]
    Taken(PathBuf),
    /// A folder that holds no crate of a lesson.
    #[error(
        "{} is no lesson ({why}); give a folder that `bench-runner course new` made", dir.display()
    )]
    NoStarter {
        /// The folder.
        dir: PathBuf,
        /// What is missing.
        why: String,
    },
    /// The sources that this program was built from are needed and gone.
    #[error(
        "the genlab sources that this program was built from are not in {} any more; build it again where they are now",
        .0.display()
    )]
    NoSources(PathBuf),
    /// cargo cannot be started.
    #[error(
        "cannot start {program}: {reason}; a lesson is checked with Rust's cargo, see rustup.rs"
    )]
    NoCargo {
        /// What was to be started.
        program: String,
        /// What the system answered.
        reason: io::Error,
    },
    /// The checks themselves cannot be built or started.
    #[error("the checks of {lesson} cannot be built, which is no fault of the solution:\n{why}")]
    Broken {
        /// The lesson.
        lesson: &'static str,
        /// What cargo or the system said.
        why: String,
    },
    /// The file system said no.
    #[error("cannot {action} {}: {reason}", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// On which file.
        path: PathBuf,
        /// What the system answered.
        reason: io::Error,
    },
    /// A file could not be written.
    #[error(transparent)]
    File(#[from] FileError),
}

impl CourseError {
    pub(crate) fn io(
        action: &'static str,
        path: &std::path::Path,
    ) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |reason| Self::Io { action, path, reason }
    }
}
