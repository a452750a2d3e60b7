//! From parsed arguments to work.

mod compare;
mod edit;
mod evaluate;
mod made;
mod metrics;
mod sample;
mod samplers;
mod sweep;

use crate::{
    cli::{Cli, Command, RunArgs},
    config::{self, RunConfig},
    device,
    group::{self, Seeds},
    interrupt,
    run::{self, Ended, Existing, directory::RunDir, stations::Stations},
    terminal,
};
use anyhow::Result;
use std::{path::Path, process::ExitCode};

/// Does what the command line asks.
///
/// # Errors
/// One sentence: what, where, how to mend it.
pub(crate) fn dispatch(cli: Cli) -> Result<ExitCode> {
    match cli.command {
        None => train(&cli.run),
        Some(Command::Compare(args)) => compare::execute(&args),
        Some(Command::Sweep(args)) => sweep::execute(&args),
        Some(Command::Sample(args)) => sample::execute(&args),
        Some(Command::Samplers(args)) => samplers::execute(&args),
        Some(Command::Edit(args)) => edit::execute(&args),
        Some(Command::Evaluate(args)) => evaluate::execute(&args),
        Some(Command::Metrics(args)) => metrics::execute(&args),
        Some(Command::Devices) => {
            for row in device::list() {
                let there = if row.there { "yes" } else { "no" };
                terminal::line(&format!("{:<10} {there:<4} {}", row.name, row.what));
            }
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn train(args: &RunArgs) -> Result<ExitCode> {
    interrupt::install()?;
    let configs = config::resolve(&args.settings, args.seed, args.seeds)?;
    let existing = if args.fresh { Existing::Discard } else { Existing::Keep };
    match configs.as_slice() {
        [config] => {
            let path = args.out.clone();
            let path = path.unwrap_or_else(|| Path::new("runs").join(config.run_name()));
            train_one(config, &RunDir::new(path), &args.settings.device, existing, args.json)
        }
        configs => {
            // Data that cannot be read should fail once, not once per model.
            drop(run::load(&Stations::of(configs[0].clone()).data)?);
            let out = args.out.as_deref();
            group::execute(configs, out, &args.settings.device, existing, args.json)
        }
    }
}

fn train_one(
    config: &RunConfig,
    dir: &RunDir,
    device: &str,
    existing: Existing,
    json: bool,
) -> Result<ExitCode> {
    match run::execute(config, dir, device, existing)? {
        Ended::Finished => {
            if std::env::var_os(group::QUIET).is_none() {
                group::print(&[dir.path().to_owned()], Seeds::Apart, json)?;
                terminal::note(&format!("report: {}", dir.report().display()));
            }
            Ok(ExitCode::SUCCESS)
        }
        Ended::Interrupted => {
            terminal::note(&format!(
                "stopped and saved in {}; the same command goes on from here",
                dir.path().display()
            ));
            Ok(ExitCode::from(interrupt::EXIT_INTERRUPTED))
        }
        Ended::Diverged { step, scalar } => anyhow::bail!(
            "{} diverged: {scalar} was not a number in step {step}; try a smaller learning rate",
            config.model.name()
        ),
    }
}
