//! `bench-runner`: trains generative models on the same images under the same budget, judges them
//! by the same metrics, and writes a report.
//!
//! This is the only crate that prints, and the only one that knows all models.

mod cli;
mod commands;
mod config;
mod device;
mod group;
mod image_source;
mod instruments;
mod interrupt;
mod registry;
mod run;
mod terminal;

use clap::Parser;
use std::process::ExitCode;

/// Training allocates one buffer per operation; an allocator that keeps freed pages saves their
/// faults.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = cli::Cli::parse();
    // The main thread is one of the workers: a training step is hundreds of short parallel loops, and
    // handing each to a pool of others costs two context switches. Fails only if a pool exists.
    let _ = rayon::ThreadPoolBuilder::new().use_current_thread().build_global();
    match commands::dispatch(cli) {
        Ok(exit) => exit,
        Err(error) => {
            terminal::error(&error);
            ExitCode::FAILURE
        }
    }
}
