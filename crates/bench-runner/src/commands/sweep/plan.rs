//! Which runs a sweep consists of: models by values of settings by seeds.

use super::search;
use crate::{
    cli::{SettingArgs, SweepArgs},
    config::{self, RunConfig},
};
use anyhow::{Result, bail};
use genlab_core::digest::sha256;
use serde::Serialize;
use std::collections::{BTreeMap, HashSet};

/// One run of a sweep.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) config: RunConfig,
    /// The swept settings that it has, as they were given.
    pub(crate) settings: BTreeMap<String, String>,
}

/// A line of `plan.jsonl`.
#[derive(Serialize)]
struct Line<'a> {
    index: usize,
    run: String,
    model: &'a str,
    seed: u64,
    set: &'a BTreeMap<String, String>,
}

/// All runs, seed by seed, so that every setting has its first result early. Settings of other models change nothing,
/// and equal runs are one.
///
/// # Errors
/// When seeds or a setting cannot be read.
pub(crate) fn plan(args: &SweepArgs) -> Result<Vec<Entry>> {
    let settings = search::on_validation(args)?;
    let axes: Vec<Vec<String>> = settings.set.iter().map(|line| alternatives(line)).collect();
    let tried = match args.trials {
        None => combinations(&axes),
        Some(trials) => search::drawn(&axes, trials)?,
    };
    let range = |axis: &Vec<String>| axis.iter().any(|line| search::range(line).is_some());
    let swept: Vec<bool> = axes.iter().map(|axis| axis.len() > 1 || range(axis)).collect();
    let mut entries = Vec::new();
    let mut known = HashSet::new();
    for seed in read_seeds(&args.seeds)? {
        for set in &tried {
            if let Some(line) = set.iter().find(|line| search::range(line).is_some()) {
                bail!(
                    "--set {line} is a range; say with --trials N how many numbers to draw from it"
                );
            }
            let args = SettingArgs { set: set.clone(), ..settings.clone() };
            for config in config::resolve(&args, Some(seed), 1)? {
                if !known.insert(config.run_name()) {
                    continue;
                }
                let mine = set.iter().zip(&swept).filter(|(_, swept)| **swept);
                let mine = mine.filter_map(|(line, _)| line.split_once('='));
                let mine = mine.filter(|(key, _)| concerns(key, config.model.name()));
                let settings = mine.map(|(key, value)| (key.to_owned(), value.to_owned()));
                entries.push(Entry { settings: settings.collect(), config });
            }
        }
    }
    Ok(entries)
}

/// Whether a setting may change runs of `model`.
fn concerns(key: &str, model: &str) -> bool {
    key.strip_prefix("model.").is_none_or(|rest| rest.split('.').next() == Some(model))
}

/// `plan.jsonl`: a line a run, in the order of `--index`.
pub(crate) fn lines(plan: &[Entry]) -> String {
    let line = |(index, entry): (usize, &Entry)| {
        let Entry { config, settings } = entry;
        let (run, model, seed) = (config.run_name(), config.model.name(), config.seed);
        let line = Line { index, run, model, seed, set: settings };
        serde_json::to_string(&line).expect("a line is plain values") + "\n"
    };
    plan.iter().enumerate().map(line).collect()
}

/// A short name for the whole.
pub(crate) fn name(plan: &[Entry]) -> String {
    let runs: Vec<String> = plan.iter().map(|entry| entry.config.run_name()).collect();
    format!("sweep-{}", &sha256(runs.join(" ").as_bytes())[..8])
}

/// The seeds of `5` (0 to 4), `2..5` (2, 3 and 4) and `0,3,7`.
fn read_seeds(text: &str) -> Result<Vec<u64>> {
    let number = |part: &str| part.trim().parse::<u64>().ok();
    let seeds: Option<Vec<u64>> = if let Some((from, to)) = text.split_once("..") {
        number(from).zip(number(to)).map(|(from, to)| (from..to).take(MOST_SEEDS + 1).collect())
    } else if text.contains(',') {
        text.split(',').map(number).collect()
    } else {
        number(text).map(|count| (0..count).take(MOST_SEEDS + 1).collect())
    };
    match seeds {
        Some(seeds) if seeds.len() > MOST_SEEDS => {
            bail!("--seeds {text} are more than {MOST_SEEDS}; give fewer")
        }
        Some(seeds) if !seeds.is_empty() => Ok(seeds),
        _ => bail!(
            "--seeds {text} names no seed; give a count such as 5, a range such as 2..5 or a list such as 0,3,7"
        ),
    }
}

/// Seeds of a sweep at most.
const MOST_SEEDS: usize = 10_000;

/// `key=a,b` as `key=a` and `key=b`. Commas within brackets, braces and quotes belong to a value.
fn alternatives(line: &str) -> Vec<String> {
    let Some((key, values)) = line.split_once('=') else { return vec![line.to_owned()] };
    let (mut depth, mut quoted) = (0_i32, false);
    let mut parts = vec![String::new()];
    for c in values.chars() {
        match c {
            '"' => quoted = !quoted,
            '[' | '{' if !quoted => depth += 1,
            ']' | '}' if !quoted => depth -= 1,
            ',' if !quoted && depth == 0 => {
                parts.push(String::new());
                continue;
            }
            _ => {}
        }
        parts.last_mut().expect("there is always one").push(c);
    }
    parts.into_iter().map(|value| format!("{key}={}", value.trim())).collect()
}

/// One of each, the last changing fastest.
fn combinations(axes: &[Vec<String>]) -> Vec<Vec<String>> {
    let start = vec![Vec::new()];
    axes.iter().fold(start, |before, axis| {
        let with = |before: &Vec<String>, value: &String| {
            before.iter().cloned().chain([value.clone()]).collect()
        };
        before.iter().flat_map(|before| axis.iter().map(move |value| with(before, value))).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::{Cli, Command};
    use clap::Parser;

    fn planned(args: &str) -> Result<Vec<Entry>> {
        let words = ["bench-runner", "sweep"].into_iter().chain(args.split(' '));
        let Some(Command::Sweep(args)) = Cli::parse_from(words).command else { panic!("a sweep") };
        plan(&args)
    }

    #[test]
    fn a_sweep_is_models_by_values_by_seeds_and_what_changes_nothing_is_not_run_twice() {
        let plan = planned("--model ae,vae --seeds 2 --set model.vae.beta=0.5,1").unwrap();
        let told: Vec<_> = plan
            .iter()
            .map(|entry| {
                let beta = entry.settings.get("model.vae.beta").map(String::as_str);
                (entry.config.model.name(), entry.config.seed, beta)
            })
            .collect();
        let (half, one) = (Some("0.5"), Some("1"));
        let expected =
            [0, 1].map(|seed| [("ae", seed, None), ("vae", seed, half), ("vae", seed, one)]);
        assert_eq!(told, expected.concat());
        assert_eq!(lines(&plan).lines().count(), 6);
        let first: serde_json::Value =
            serde_json::from_str(lines(&plan).lines().nth(1).unwrap()).unwrap();
        assert_eq!((&first["index"], &first["set"]["model.vae.beta"]), (&1.into(), &"0.5".into()));
    }

    #[test]
    fn commas_within_a_value_do_not_part_it() {
        assert_eq!(alternatives("a=[1,2],[3]"), ["a=[1,2]", "a=[3]"]);
        assert_eq!(alternatives("a={kind=\"x\",s=1},y"), ["a={kind=\"x\",s=1}", "a=y"]);
        assert_eq!(alternatives("a=\"x,y\""), ["a=\"x,y\""]);
        assert_eq!(alternatives("dataset"), ["dataset"]);
    }

    #[test]
    fn seeds_are_a_count_a_range_or_a_list() {
        assert_eq!(read_seeds("3").unwrap(), [0, 1, 2]);
        assert_eq!(read_seeds("2..4").unwrap(), [2, 3]);
        assert_eq!(read_seeds("7,0").unwrap(), [7, 0]);
        for text in ["0", "4..2", "a", "1,", "", "-1", "0..99999999999"] {
            assert!(read_seeds(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_slip_in_one_value_is_refused_before_anything_runs() {
        let error = planned("--model vae --set model.vae.beta=1,x").unwrap_err().to_string();
        assert!(error.contains("model.vae.beta"), "{error}");
    }
}
