//! Arguments of `course`.

use clap::{Args, Subcommand};
use std::{path::PathBuf, time::Duration};

/// `course`
#[derive(Debug, Args)]
pub(crate) struct CourseArgs {
    #[command(subcommand)]
    pub what: CourseCommand,
}

/// What can be done with lessons.
#[derive(Debug, Subcommand)]
pub(crate) enum CourseCommand {
    /// List the lessons.
    List,
    /// Write the crate that a student begins with: an assignment, public tests, and todo!() where the lesson is.
    New {
        /// A lesson of `course list`.
        lesson: String,
        /// A folder that is not there yet.
        dir: PathBuf,
    },
    /// Run hidden checks on a student's crate; exit status 1 where one fails. This runs the student's code.
    Check {
        /// A folder that `course new` made.
        dir: PathBuf,
        /// Print the figures as JSON.
        #[arg(long)]
        json: bool,
        /// Stop checks that take longer than this; building them does not count.
        #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration, default_value = "2min")]
        limit: Duration,
    },
}
