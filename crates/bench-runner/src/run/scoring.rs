//! From a frozen model to the contents of results.json.

use super::{
    opened::Runs,
    provenance,
    stations::{Identity, Scoring},
};
use crate::{instruments, terminal};
use anyhow::Result;
use genlab_core::{Kind, trainer::Plan};
use genlab_data::Dataset;
use genlab_metrics::{
    Evaluation, Evaluator, Judge, ReferenceCache,
    generators::latent::Prior,
    measures::{cost::Training, units},
};
use genlab_results::{Figure, Results};
use std::time::UNIX_EPOCH;

/// Scores models of this run. A labelled dataset without a judge gets one here, on first use.
///
/// # Errors
/// When the weights of a judge or of LPIPS cannot be used.
pub(crate) fn evaluator<'a>(
    scoring: &Scoring,
    dataset: &'a Dataset,
    runs: &Runs,
) -> Result<Evaluator<'a>> {
    let judge = instruments::judge(scoring, dataset, runs)?;
    let device = runs.device();
    let lpips = instruments::lpips(scoring.lpips.as_ref(), dataset, device)?;
    let settings = scoring.settings.clone();
    let evaluator =
        Evaluator::new(dataset, judge, device, scoring.seed, settings).with_lpips(lpips);
    Ok(match reference_cache() {
        Some(cache) => evaluator.with_cache(cache),
        None => evaluator,
    })
}

/// Reference rows in the user's cache folder. They belong to this very build of the program, which
/// its size and the time of its last change stand for; None where either cannot be told.
fn reference_cache() -> Option<ReferenceCache> {
    let folder = genlab_data::cache_folder()?.join("references");
    let file = std::env::current_exe().and_then(std::fs::metadata).ok()?;
    let changed = file.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
    let program = format!("{} {}", file.len(), changed.as_nanos());
    Some(ReferenceCache::new(folder, program, terminal::warn))
}

/// The results of a run that has nothing to show yet.
pub(super) fn empty(identity: &Identity, status: &str) -> Results {
    let results = Results::new(identity.model, &identity.dataset, identity.seed.0, status);
    Results { model_title: identity.model_title.to_owned(), ..results }
}

/// results.json of an evaluation, without costs of training.
pub(crate) fn results(
    identity: &Identity,
    evaluator: &Evaluator<'_>,
    evaluation: Evaluation,
) -> Results {
    let mut results = empty(identity, "finished");
    results.judge = evaluator.judge().map(Judge::info);
    results.prior = evaluation.prior.as_ref().map(Prior::title);
    results.metrics = evaluation.metrics;
    results.references = evaluation.references;
    results.notes = evaluation.notes;
    results.oracles = evaluation.oracles;
    // Pictures are files of their own, listed in the manifest.
    results.figures = evaluation.figures;
    results.figures.retain(Figure::is_data);
    results
}

/// Adds what training has cost.
pub(super) fn push_costs(results: &mut Results, kind: Kind, plan: &Plan, seconds: f64) {
    let images = plan.progress(plan.total_steps()).images;
    let training = Training { images, seconds, peak_memory_bytes: provenance::peak_memory_bytes() };
    for metric in training.metrics() {
        match metric {
            Ok(metric) => results.metrics.push(units::of(metric, kind)),
            Err(reason) => results.notes.push(reason.to_string()),
        }
    }
}
