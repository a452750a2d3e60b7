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
#[cfg(test)]
mod mutations;
mod registry;
mod run;
mod summary;
mod terminal;
mod watch;
mod workshop;

use clap::Parser;
use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: genlab_kernels::Allocator = genlab_kernels::Allocator;

fn main() -> ExitCode {
    genlab_kernels::set_up_process();
    let cli = cli::Cli::parse();
    match commands::dispatch(cli) {
        Ok(exit) if exit == ExitCode::SUCCESS && !terminal::all_printed() => ExitCode::FAILURE,
        Ok(exit) => exit,
        Err(error) => {
            terminal::error(&error);
            ExitCode::FAILURE
        }
    }
}
