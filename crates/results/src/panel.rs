//! What several judges say of the samples of the same runs.

use crate::{metric::Metric, results::JudgeInfo};
use serde::Serialize;

/// Several judges of the same samples, and how far they agree.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Panel {
    /// Who judges, the runs' own judges first.
    pub judges: Vec<JudgeInfo>,
    /// What they say of each run.
    pub runs: Vec<JudgedRun>,
    /// How far each two of them agree, those of the first judge first.
    pub agreements: Vec<Agreement>,
    /// Whether the runs were given different things, so that no order of them says which model is better.
    pub apart: bool,
    /// What is absent, and why, in sentences.
    #[serde(skip)]
    pub notes: Vec<String>,
}

/// A run before all judges.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct JudgedRun {
    /// Its folder.
    pub run: String,
    /// One for each judge; None where that one has no number for it.
    pub places: Vec<Option<Place>>,
}

/// Where one judge puts a run among the others.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Place {
    /// What it is put there by: the same metric for all runs, in the judge's features.
    pub metric: Metric,
    /// 1 for the best; equal numbers share the mean of their places.
    pub rank: f64,
}

/// How far two judges agree on the order of the runs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Agreement {
    /// Their indices in [`Panel::judges`].
    pub judges: [usize; 2],
    /// Kendall's tau-b of the runs' ranks, from −1 (reversed) to 1 (the same); None for fewer than three runs, and where one
    /// of the judges puts all of them in one place.
    pub tau_b: Option<f64>,
    /// Runs that both have a number for.
    pub runs: usize,
}
