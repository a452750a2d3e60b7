//! `fetch`: a dataset's files, now instead of when a run needs them.

use crate::{
    cli::FetchArgs,
    run::{self, stations::Source},
    terminal,
};
use anyhow::Result;
use genlab_core::Kind;
use genlab_data::{ColourMode, Values};
use genlab_report::counted;
use std::process::ExitCode;

/// # Errors
/// When it cannot be found, downloaded or read.
pub(crate) fn execute(args: &FetchArgs) -> Result<ExitCode> {
    let (dataset, dir) = (args.dataset.clone(), args.data_dir.clone());
    let source = Source { dataset, dir, image_size: None, colour: ColourMode::Auto };
    let found = run::load(&source)?;
    let shape = found.space.shape;
    let (noun, size) = match found.space.kind {
        Kind::Images => ("images", shape.to_string()),
        Kind::Points => ("points", counted(shape.pixels(), "number")),
        Kind::Series => ("windows of a series", counted(shape.pixels(), "number")),
    };
    let splits = [&found.train, &found.validation, &found.test].map(Values::len);
    let classes = found.classes.as_ref().map_or_else(
        || "no classes".to_owned(),
        |classes| match classes.len() {
            1 => "1 class".to_owned(),
            several => format!("{several} classes"),
        },
    );
    terminal::line(&format!("{}: {noun} of {size}, {classes}", terminal::plain(&found.name)));
    let [train, validation, test] = splits;
    terminal::line(&format!(
        "  {train} to train on, {validation} to validate by, {test} to test by"
    ));
    terminal::line(&format!("  {}", terminal::plain(&found.licence)));
    terminal::line(&format!("  SHA-256 of the values: {}", found.sha256));
    Ok(ExitCode::SUCCESS)
}
