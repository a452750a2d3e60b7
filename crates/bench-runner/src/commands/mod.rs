//! From parsed arguments to work.

mod compare;
mod course;
mod doctor;
mod edit;
mod evaluate;
pub(crate) mod export;
mod fetch;
pub(crate) mod list;
mod made;
mod metrics;
mod sample;
mod samplers;
mod sweep;

use crate::{
    cli::{Cli, Command, Keep, RunArgs},
    config::{self, RunConfig},
    device,
    group::{self, Shown},
    interrupt,
    run::{
        self, Ended, Existing,
        directory::{self, Found, RunDir},
        stations::Stations,
    },
    terminal,
    watch::{self, Beside},
};
use anyhow::Result;
use clap::CommandFactory;
use std::{collections::HashSet, path::Path, process::ExitCode};

/// Does what the command line asks.
///
/// # Errors
/// One sentence: what, where, how to mend it.
pub(crate) fn dispatch(cli: Cli) -> Result<ExitCode> {
    interrupt::install()?;
    match cli.command {
        None if std::env::args_os().len() == 1 => {
            terminal::line(FIRST_WORDS);
            Ok(ExitCode::SUCCESS)
        }
        None => train(&cli.run),
        Some(Command::Train(args)) => train(&args),
        Some(Command::Compare(args)) => compare::execute(&args),
        Some(Command::Sweep(args)) => sweep::execute(&args),
        Some(Command::Sample(args)) => sample::execute(&args),
        Some(Command::Samplers(args)) => samplers::execute(&args),
        Some(Command::Edit(args)) => edit::execute(&args),
        Some(Command::Evaluate(args)) => evaluate::execute(&args),
        Some(Command::Export(args)) => export::execute(&args),
        Some(Command::Metrics(args)) => metrics::execute(&args),
        Some(Command::Watch(args)) => watch::execute(&args),
        Some(Command::List(args)) => list::execute(&args),
        Some(Command::Config(args)) => {
            terminal::line(&config::described(args.what.as_deref(), args.dataset.as_deref())?);
            Ok(ExitCode::SUCCESS)
        }
        Some(Command::Fetch(args)) => fetch::execute(&args),
        Some(Command::Course(args)) => course::execute(&args.what),
        Some(Command::Doctor) => Ok(doctor::execute()),
        Some(Command::Completions(args)) => {
            let mut script = Vec::new();
            clap_complete::generate(args.shell, &mut Cli::command(), "bench-runner", &mut script);
            terminal::line(String::from_utf8_lossy(&script).trim_end());
            Ok(ExitCode::SUCCESS)
        }
        Some(Command::Man) => {
            let mut page = Vec::new();
            clap_mangen::Man::new(Cli::command()).render(&mut page)?;
            terminal::line(String::from_utf8_lossy(&page).trim_end());
            Ok(ExitCode::SUCCESS)
        }
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
    if args.quiet {
        terminal::be_quiet();
    }
    let configs = config::resolve(&args.settings, args.seed, args.seeds)?;
    if args.dry_run {
        return planned(&configs, args);
    }
    if args.tui {
        watch::require_terminal(
            "--tui",
            "leave it out, or look on with bench-runner watch from a terminal",
        )?;
    }
    if let Some(time) = args.max_time {
        interrupt::stop_after(time);
    }
    match configs.as_slice() {
        [config] => train_one(config, &place(config, args), args),
        configs => {
            // Data that cannot be read should fail once, not once per model.
            drop(run::load(&Stations::of(configs[0].clone()).data)?);
            group::execute(configs, args)
        }
    }
}

/// The directory of a single run.
fn place(config: &RunConfig, args: &RunArgs) -> RunDir {
    let path = args.out.clone();
    RunDir::new(path.unwrap_or_else(|| Path::new("runs").join(config.run_name())))
}

/// What is done with a run that is there already.
fn existing(args: &RunArgs) -> Existing {
    if args.fresh { Existing::Discard } else { Existing::Keep }
}

/// Says which runs there would be.
///
/// # Errors
/// When one of them could not begin or go on.
fn planned(configs: &[RunConfig], args: &RunArgs) -> Result<ExitCode> {
    let mut rows = vec![["run", "images", "steps", "state"].map(str::to_owned).to_vec()];
    let mut possible = HashSet::new();
    let existing = existing(args);
    for config in configs {
        let dir = match configs {
            [config] => place(config, args),
            configs => RunDir::new(group::folder_of(configs, args).join(group::member(config))),
        };
        let state = if !dir.path().exists() {
            "new"
        } else if args.fresh {
            directory::require_discardable(&dir)?;
            if directory::is_run(&dir) { "would be trained anew" } else { "new" }
        } else {
            match directory::find(&dir, &config.hash())? {
                Found::New => "new",
                Found::Unfinished => "would go on",
                Found::Finished => FINISHED,
            }
        };
        // Seeds of one setting that are as far are possible alike.
        let alike = (state, RunConfig { seed: 0, ..config.clone() }.hash());
        if state != FINISHED && possible.insert(alike) {
            run::require_possible(config, &dir, &args.settings.device, existing)?;
        }
        let images = config.budget.images;
        let steps = images.div_ceil(config.batch_size as u64);
        let name = terminal::plain(&dir.path().display().to_string());
        rows.push(vec![name, images.to_string(), steps.to_string(), state.to_owned()]);
    }
    terminal::line(&terminal::table(rows));
    Ok(ExitCode::SUCCESS)
}

const FINISHED: &str = "finished";

fn train_one(config: &RunConfig, dir: &RunDir, args: &RunArgs) -> Result<ExitCode> {
    let existing = existing(args);
    let screen = args.tui.then(|| Beside::open(vec![dir.clone()])).transpose()?;
    let ended = run::execute(config, dir, &args.settings.device, existing, args.saving.save_every);
    drop(screen);
    match ended? {
        Ended::Finished => {
            if args.saving.keep == Keep::Weights {
                run::keep_weights(dir)?;
            }
            if std::env::var_os(group::QUIET).is_none() {
                group::print(&[dir.path().to_owned()], Shown::Each, args.json)?;
                terminal::report(&dir.report(), args.open)?;
            }
            Ok(ExitCode::SUCCESS)
        }
        Ended::Interrupted => {
            terminal::note(&format!(
                "stopped and saved in {}; the same command goes on from here",
                dir.path().display()
            ));
            Ok(interrupt::status())
        }
        Ended::Diverged { step, scalar } => anyhow::bail!(
            "{} diverged: {scalar} was not a number in step {step}; try a smaller learning rate",
            config.model.name()
        ),
    }
}

/// What `bench-runner` says by itself.
const FIRST_WORDS: &str = "\
genlab trains generative models on the same data, budget and judge.

Try this first; it needs no network and takes half a minute:
  bench-runner --model vae

Then:
  bench-runner --model all    all five models and one side-by-side report
  bench-runner list           the runs that are here
  bench-runner watch          a run in training: curves, samples, time left
  bench-runner config vae     what can be set, what it means, what it can be
  bench-runner doctor         whether this machine can train
  bench-runner --help         everything else";
