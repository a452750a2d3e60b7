//! Successive halving, by thirds: all settings for a little of the budget, the best of them for more (Jamieson and
//! Talwalkar 2016, arXiv:1502.07943). Each part of the budget is trained from the start, because schedules depend on its
//! length.

use super::{
    Trained,
    plan::{self, Entry},
    report, search, train,
};
use crate::{
    cli::SweepArgs,
    interrupt,
    run::directory::{self, RunDir},
    terminal,
};
use anyhow::{Result, bail};
use genlab_report::counted;
use std::{path::Path, process::ExitCode};

/// The parts of the budget; of each but the last, one setting in three goes on.
const PARTS: [u64; 3] = [9, 3, 1];
const GOES_ON: usize = 3;

/// # Errors
/// When files cannot be written, or no run finishes.
pub(super) fn execute(args: &SweepArgs, plan: &[Entry], runs: &Path) -> Result<ExitCode> {
    let home = runs.join(plan::name(plan));
    let _taken = directory::take(&RunDir::new(&home))?;
    let mut alive: Vec<Entry> = plan.to_vec();
    let mut failed = Vec::new();
    for part in PARTS {
        let rung: Vec<Entry> = alive.iter().map(|entry| of_budget(entry, part)).collect();
        let images = rung[0].config.budget.images;
        terminal::note(&format!("{} of {images} images", counted(rung.len(), "run")));
        let Trained::Whole(bad) = train(args, &rung, runs, &home)? else {
            return Ok(interrupt::status());
        };
        failed.extend(bad);
        let Some((by, settings)) = search::ranked(runs, &rung, args.by.as_deref())? else {
            bail!("no run has a number to choose by; the messages above say why")
        };
        if part == 1 {
            let code = report(&rung, runs, &home, &failed)?;
            search::announce(runs, &by, &settings);
            return Ok(code);
        }
        let keep = settings.len().div_ceil(GOES_ON);
        let chosen: Vec<_> = settings.iter().take(keep).filter(|one| one.score.is_some()).collect();
        terminal::note(&format!("by {}: {} of {} go on", by.metric, chosen.len(), settings.len()));
        let goes_on = |entry: &Entry| {
            let same = |one: &Entry| {
                one.settings == entry.settings
                    && one.config.model.name() == entry.config.model.name()
            };
            chosen.iter().any(|setting| same(setting.entries[0]))
        };
        alive = plan.iter().filter(|entry| goes_on(entry)).cloned().collect();
    }
    unreachable!("the last part is the whole budget")
}

/// The same for a part of its budget, in whole batches.
fn of_budget(entry: &Entry, part: u64) -> Entry {
    let mut entry = entry.clone();
    let batch = entry.config.batch_size as u64;
    if part > 1 {
        entry.config.budget.images =
            entry.config.budget.images.div_ceil(part).div_ceil(batch) * batch;
    }
    entry
}
