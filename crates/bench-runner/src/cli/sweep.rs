//! Arguments of `sweep`.

use super::{SavingArgs, SettingArgs};
use clap::{Args, ValueEnum};
use std::{path::PathBuf, time::Duration};

/// `sweep`
#[derive(Debug, Args)]
pub(crate) struct SweepArgs {
    /// What is done with the sweep.
    #[arg(value_enum, default_value_t = SweepWhat::Run)]
    pub what: SweepWhat,
    /// Several values of a --set, with commas, are tried one by one, those of several with each other.
    #[command(flatten)]
    pub settings: SettingArgs,
    /// Seeds of each setting: a count such as 5 (from 0), a range such as 2..5 (2, 3 and 4), or a list such as 0,3,7.
    #[arg(long, default_value = "1")]
    pub seeds: String,
    /// Draw this many settings in place of trying all: of values with commas one each, of a range such as
    /// --set model.vae.beta=0.1..10 a number in it. Measured on the validation split, so that nothing is chosen by the test
    /// split. More trials later begin with the same ones.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub trials: Option<u32>,
    /// Train all settings for a ninth of the budget, the best third of them for a third of it, and the best third of those
    /// for all of it.
    #[arg(long, conflicts_with_all = ["index", "status"])]
    pub halving: bool,
    /// What settings are chosen by, such as negative_elbo; without it the first number of the table.
    #[arg(long, value_name = "METRIC")]
    pub by: Option<String>,
    /// Runs at a time, each in a process of its own with its share of the processors; with slurm: tasks at a time.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub jobs: u16,
    /// Folder of the run directories. What is finished there is not trained again.
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    #[command(flatten)]
    pub saving: SavingArgs,
    /// An option for sbatch, such as --time=01:00:00 or --cpus-per-task=4. May be repeated.
    #[arg(long, value_name = "OPTION", allow_hyphen_values = true)]
    pub sbatch: Vec<String>,
    /// Stop after this long, as for a single run.
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration)]
    pub max_time: Option<Duration>,
    /// Print the plan, a line of JSON a run, and do nothing.
    #[arg(long, conflicts_with_all = ["status", "index"])]
    pub dry_run: bool,
    /// Print what has been found so far, and do nothing.
    #[arg(long, conflicts_with = "index")]
    pub status: bool,
    /// Train the one run of that number in the plan: what each task of a cluster's job array does.
    #[arg(long, value_name = "N")]
    pub index: Option<usize>,
}

/// What can be done with a sweep.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum SweepWhat {
    /// Train the runs here.
    Run,
    /// Print what has been found so far.
    Status,
    /// Write a job array for Slurm, a task a run, and submit it.
    Slurm,
}
