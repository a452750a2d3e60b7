//! Search: settings that are drawn in place of all that there are, and what is best of those that were tried.

use super::plan::Entry;
use crate::{
    cli::{SettingArgs, SweepArgs},
    run::directory::RunDir,
    summary, terminal,
};
use anyhow::{Result, bail};
use genlab_core::digest::sha256;
use genlab_metrics::CATALOGUE;
use genlab_report::Estimate;
use genlab_results::{Direction, Results};
use std::{collections::BTreeMap, path::Path};

/// The setting that says on which split is measured.
const SPLIT: &str = "evaluation.split";
/// From this ratio of its ends on, a range of positive numbers is drawn from by its logarithm.
const WIDE: f64 = 8.0;

/// The settings, with numbers of the validation split where something is chosen by them.
///
/// # Errors
/// When somebody wants to choose by another one.
pub(super) fn on_validation(args: &SweepArgs) -> Result<SettingArgs> {
    let mut settings = args.settings.clone();
    if args.trials.is_none() && !args.halving && args.by.is_none() {
        return Ok(settings);
    }
    let prefix = format!("{SPLIT}=");
    let given = settings.set.iter().find_map(|line| line.strip_prefix(&prefix));
    match given.map(|value| value.trim_matches('"')) {
        None => settings.set.push(format!("{SPLIT}=validation")),
        Some("validation") => {}
        Some(other) => bail!(
            "--set {SPLIT}={other} would choose settings by the {other} split; leave it out, and measure the best one on \
             it afterwards"
        ),
    }
    Ok(settings)
}

/// # Errors
/// When `by` is no metric, or one of which neither less nor more is better.
pub(super) fn require_known(by: Option<&str>) -> Result<()> {
    let Some(by) = by else { return Ok(()) };
    let Some(entry) = CATALOGUE.get(by) else {
        let known: Vec<&str> = CATALOGUE
            .iter()
            .filter(|entry| entry.better.is_some() && !entry.name.starts_with("cost/"))
            .map(|entry| entry.name)
            .collect();
        bail!("--by {by} is no metric; there are {}", known.join(", "))
    };
    if entry.better.is_none() {
        bail!("--by {by}: neither less nor more of it is better; give another metric");
    }
    Ok(())
}

/// The ends of `key=LOW..HIGH`.
pub(super) fn range(line: &str) -> Option<(f64, f64)> {
    let (_, value) = line.split_once('=')?;
    let (low, high) = value.split_once("..")?;
    Some((low.trim().parse().ok()?, high.trim().parse().ok()?))
}

/// As many settings as `trials`: of each axis one of its values, or a number of its range. Trial n is the same
/// however many there are.
///
/// # Errors
/// When a range is empty, or there is nothing to draw.
pub(super) fn drawn(axes: &[Vec<String>], trials: u32) -> Result<Vec<Vec<String>>> {
    let open = |axis: &Vec<String>| axis.len() > 1 || axis.iter().any(|line| range(line).is_some());
    if !axes.iter().any(open) {
        bail!(
            "--trials {trials} has nothing to draw; give a --set values, such as model.vae.beta=0.5,1,4, or a range, such as model.vae.beta=0.1..10"
        );
    }
    for line in axes.iter().flatten() {
        if let Some((low, high)) = range(line)
            && !(low < high && low.is_finite() && high.is_finite())
        {
            bail!("--set {line} is an empty range; its first number must be less than its second");
        }
    }
    let one = |trial: u32, axis: &Vec<String>| {
        let key = axis[0].split_once('=').map_or(&*axis[0], |(key, _)| key);
        let line = &axis[(uniform(trial, key, "value") * axis.len() as f64) as usize];
        match range(line) {
            Some(ends) => format!("{key}={}", within(line, ends, uniform(trial, key, "range"))),
            None => line.clone(),
        }
    };
    Ok((0..trials).map(|trial| axes.iter().map(|axis| one(trial, axis)).collect()).collect())
}

/// A number in [0, 1) that trial and setting determine.
fn uniform(trial: u32, key: &str, of: &str) -> f64 {
    let hash = sha256(format!("{trial}/{key}/{of}").as_bytes());
    let bits = u64::from_str_radix(&hash[..13], 16).expect("a hash is hexadecimal");
    bits as f64 / (1_u64 << 52) as f64
}

/// The number at `share` of a range, with three digits; whole where both ends are written so.
fn within(line: &str, (low, high): (f64, f64), share: f64) -> String {
    let is_whole =
        !line.rsplit('=').next().unwrap_or(line).replace("..", "").contains(['.', 'e', 'E']);
    let top = if is_whole { high + 1.0 } else { high };
    let value = if low > 0.0 && high >= WIDE * low {
        low * (top / low).powf(share)
    } else {
        low + share * (top - low)
    };
    if is_whole {
        return format!("{}", value.floor().clamp(low, high));
    }
    let rounded: f64 = format!("{value:.2e}").parse().expect("a number is written as one");
    // As settings are written: with a point or an exponent.
    format!("{:?}", rounded.clamp(low, high))
}

/// Runs that differ in their seeds alone, and how good they are together.
pub(super) struct Setting<'a> {
    pub(super) entries: Vec<&'a Entry>,
    /// The mean over finished runs; none where none has the metric.
    pub(super) score: Option<f64>,
}

/// What settings are held against each other by.
pub(super) struct By {
    pub(super) metric: String,
    direction: Direction,
}

/// The settings of these runs, the best first, and by what; none if no run has a number that can be better or worse.
///
/// # Errors
/// When a results file is damaged.
pub(super) fn ranked<'a>(
    runs: &Path,
    entries: &'a [Entry],
    by: Option<&str>,
) -> Result<Option<(By, Vec<Setting<'a>>)>> {
    let mut groups: BTreeMap<(&str, &BTreeMap<String, String>), Vec<&Entry>> = BTreeMap::new();
    for entry in entries {
        groups.entry((entry.config.model.name(), &entry.settings)).or_default().push(entry);
    }
    let mut found: Vec<(Vec<&Entry>, Vec<Results>)> = Vec::new();
    for group in groups.into_values() {
        let mut finished = Vec::new();
        for entry in &group {
            let results = RunDir::new(runs.join(entry.config.run_name())).read_results()?;
            finished.extend(results.filter(|results| results.status == "finished"));
        }
        found.push((group, finished));
    }
    let all = || found.iter().flat_map(|(_, finished)| finished);
    let metric = by.map(str::to_owned).or_else(|| summary::leading(all()));
    let better = |metric: &String| all().find_map(|results| results.metric(metric)?.better);
    let Some(metric) = metric else { return Ok(None) };
    let Some(direction) = better(&metric) else { return Ok(None) };
    let score = |finished: &[Results]| {
        let values: Vec<f64> =
            finished.iter().filter_map(|one| Some(one.metric(&metric)?.value)).collect();
        Estimate::over_seeds(&values).map(|estimate| estimate.mean)
    };
    let mut settings: Vec<Setting> = found
        .into_iter()
        .map(|(entries, finished)| Setting { entries, score: score(&finished) })
        .collect();
    let by = By { metric, direction };
    settings.sort_by(|a, b| by.rank(a).total_cmp(&by.rank(b)));
    Ok(Some((by, settings)))
}

impl By {
    fn rank(&self, setting: &Setting<'_>) -> f64 {
        match (setting.score, self.direction) {
            (None, _) => f64::INFINITY,
            (Some(score), Direction::Lower) => score,
            (Some(score), Direction::Higher) => -score,
        }
    }
}

/// Says which of the settings that were [`ranked`] is best, and how to measure it on the test split.
pub(super) fn announce(runs: &Path, by: &By, settings: &[Setting<'_>]) {
    let Some((best, score)) = settings.first().and_then(|best| Some((best, best.score?))) else {
        return;
    };
    let entry = best.entries[0];
    let set: Vec<String> =
        entry.settings.iter().map(|(key, value)| format!("{key}={value}")).collect();
    terminal::line(&format!(
        "best on validation: {} {} ({} {})",
        entry.config.model.name(),
        set.join(" "),
        by.metric,
        terminal::number(score)
    ));
    let config = RunDir::new(runs.join(entry.config.run_name())).config();
    terminal::line(&format!(
        "on test: bench-runner --experiment {} --set {SPLIT}=test --seeds 3",
        config.display()
    ));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn axes(lines: &[&[&str]]) -> Vec<Vec<String>> {
        lines.iter().map(|axis| axis.iter().map(|&line| line.to_owned()).collect()).collect()
    }

    #[test]
    fn more_trials_begin_with_the_same_ones_and_stay_within_the_ranges() {
        let axes = axes(&[&["a=0.1..10"], &["b=1", "b=2"], &["c=4..8"], &["d=x"]]);
        let (few, many) = (drawn(&axes, 3).unwrap(), drawn(&axes, 400).unwrap());
        assert_eq!(few, many[..3]);
        let mut below_one = 0;
        for set in &many {
            let value = |index: usize| set[index].split_once('=').unwrap().1.to_owned();
            let a: f64 = value(0).parse().unwrap();
            assert!((0.1..=10.0).contains(&a) && value(0).contains('.'), "{set:?}");
            below_one += u32::from(a < 1.0);
            assert!(
                ["1", "2"].contains(&&*value(1)) && ["4", "5", "6", "7", "8"].contains(&&*value(2))
            );
            assert_eq!(set[3], "d=x");
        }
        // By its logarithm: half of them, give or take four standard deviations.
        assert!((160..=240).contains(&below_one), "{below_one}");
        for end in ["c=4", "c=8"] {
            let count = many.iter().filter(|set| set[2] == end).count();
            assert!((48..=112).contains(&count), "{end}: {count}");
        }
    }

    #[test]
    fn what_cannot_be_drawn_is_refused() {
        let refused = |lines: &[&[&str]]| drawn(&axes(lines), 2).unwrap_err().to_string();
        assert!(refused(&[&["a=1"]]).contains("nothing to draw"));
        assert!(refused(&[&["a=3..1"]]).contains("empty range"));
        assert!(require_known(Some("nosuch")).unwrap_err().to_string().contains("samples/frechet"));
        assert!(require_known(Some("samples/frechet")).is_ok());
    }
}
