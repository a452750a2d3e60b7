//! Arguments of the commands that look around: no training.

use clap::Args;
use clap_complete::Shell;
use std::path::PathBuf;

/// `list [DIR]`
#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    /// Folder of run directories, of groups and of sweeps.
    #[arg(default_value = "runs")]
    pub folder: PathBuf,
    /// Print the list as JSON.
    #[arg(long)]
    pub json: bool,
}

/// `watch [RUN]`
#[derive(Debug, Args)]
pub(crate) struct WatchArgs {
    /// A run directory, or a folder of several: a group's, a sweep's, or that of all runs.
    #[arg(default_value = "runs")]
    pub run: PathBuf,
    /// Print one frame of 80 columns and 24 lines as text and end.
    #[arg(long)]
    pub once: bool,
}

/// `config [WHAT]`
#[derive(Debug, Args)]
pub(crate) struct ConfigArgs {
    /// A model, for its own settings, or a name or part of one, such as budget or model.vae.prior. Without it: the
    /// settings that all models share.
    pub what: Option<String>,
    /// Dataset that the defaults are for.
    #[arg(long)]
    pub dataset: Option<String>,
}

/// `fetch DATASET`
#[derive(Debug, Args)]
pub(crate) struct FetchArgs {
    /// A dataset, as after --dataset.
    pub dataset: String,
    /// Folder with the files of mnist, fashion-mnist or cifar10, which are then only checked.
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
}

/// `completions SHELL`
#[derive(Debug, Args)]
pub(crate) struct CompletionsArgs {
    /// The shell to complete in.
    pub shell: Shell,
}
