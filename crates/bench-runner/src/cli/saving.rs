//! What of training is saved, when, and what stays of it.

use clap::{Args, ValueEnum};
use std::{str::FromStr, time::Duration};

/// What is saved of a run. Its numbers are the same with any of it.
#[derive(Clone, Copy, Debug, Default, Args)]
pub(crate) struct SavingArgs {
    /// Save a checkpoint after so many steps, such as 500, or so much time, such as 30s or 10min: a killed run loses at
    /// most that. A signal that stops the run saves as well.
    #[arg(long, value_name = "STEPS|TIME", default_value_t)]
    pub save_every: SaveEvery,
    /// What stays of the checkpoints of a finished run: all of the two newest, or the weights of the last, at about a
    /// quarter of the size. It can still be sampled, evaluated, exported and built on.
    #[arg(long, value_enum, default_value_t)]
    pub keep: Keep,
}

impl SavingArgs {
    /// The same on the command line of a run in a process of its own.
    pub(crate) fn flags(&self) -> Vec<String> {
        let mut flags = Vec::new();
        if self.save_every != SaveEvery::default() {
            flags.push(format!("--save-every={}", self.save_every));
        }
        if self.keep == Keep::Weights {
            flags.push("--keep=weights".to_owned());
        }
        flags
    }
}

/// When a checkpoint is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SaveEvery {
    /// So many steps after the last one, or the start.
    Steps(u64),
    /// So long after it, at the end of a step.
    Time(Duration),
}

impl SaveEvery {
    /// Whether one is due so many steps and so long after the one before.
    pub(crate) fn is_due(self, steps: u64, time: Duration) -> bool {
        match self {
            Self::Steps(every) => steps >= every,
            Self::Time(every) => time >= every,
        }
    }
}

impl Default for SaveEvery {
    fn default() -> Self {
        Self::Time(Duration::from_mins(1))
    }
}

impl std::fmt::Display for SaveEvery {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Steps(steps) => write!(f, "{steps}"),
            // Without spaces: it is one word of a command.
            Self::Time(time) => {
                write!(f, "{}", humantime::format_duration(*time).to_string().replace(' ', ""))
            }
        }
    }
}

impl FromStr for SaveEvery {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let every = match text.parse() {
            Ok(steps) => Self::Steps(steps),
            Err(_) => Self::Time(humantime::parse_duration(text).map_err(|_| {
                "give a number of steps, such as 500, or a time, such as 30s or 10min".to_owned()
            })?),
        };
        match every {
            Self::Steps(0) | Self::Time(Duration::ZERO) => Err("it must be more than 0".to_owned()),
            every => Ok(every),
        }
    }
}

/// What stays of the checkpoints of a finished run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Keep {
    /// Everything.
    #[default]
    All,
    /// Weights and their averages.
    Weights,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_and_times_are_told_apart_and_come_back_as_they_were_given() {
        for text in ["500", "30s", "1m", "1h30m"] {
            assert_eq!(text.parse::<SaveEvery>().unwrap().to_string(), text);
        }
        assert_eq!(SaveEvery::default().to_string(), "1m");
        assert_eq!("90s".parse::<SaveEvery>(), "1m30s".parse());
        for text in ["0", "0s", "-1", "soon", "5 parsecs"] {
            assert!(text.parse::<SaveEvery>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_checkpoint_is_due_by_what_was_asked_for_alone() {
        let (short, long) = (Duration::from_secs(1), Duration::from_secs(100));
        assert!(SaveEvery::Steps(5).is_due(5, short) && !SaveEvery::Steps(5).is_due(4, long));
        assert!(SaveEvery::default().is_due(1, long) && !SaveEvery::default().is_due(9, short));
    }
}
