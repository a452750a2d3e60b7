//! What it takes to be a measure of a set of images beside real ones.

use super::pair::Pair;
use crate::{findings::Findings, numerics::matrix::Rows};
use genlab_results::Entry;

/// A measure of a set of images: one file, one line in [`super::SET_MEASURES`].
pub trait SetMeasure: Sync {
    /// The entries of its metrics, in the order of reports.
    fn entries(&self) -> &'static [&'static Entry];

    /// Scores the samples of a pair. Where the pair lacks what the measure needs, it finds nothing,
    /// with a note where a reader might wonder.
    fn score(&self, pair: &Pair<'_>, out: &mut Findings);

    /// What its metrics are on drawn sets, for intervals; nothing for metrics that have an interval of
    /// their own or none, and where a hundred repetitions would take too long.
    fn resampled(&self, _pair: &Pair<'_>, _draws: &[Draw]) -> Vec<Resampled> {
        Vec::new()
    }
}

/// Rows drawn with replacement from both sides of a pair.
#[derive(Clone, Debug)]
pub struct Draw {
    /// Samples.
    pub samples: Vec<usize>,
    /// Real images.
    pub real: Vec<usize>,
}

/// A metric on drawn sets.
#[derive(Clone, Debug)]
pub struct Resampled {
    /// Which.
    pub entry: &'static Entry,
    /// One value per draw.
    pub values: Vec<f64>,
}

/// The rows at these places, with repetitions.
pub(super) fn chosen(rows: &Rows, places: &[usize]) -> Rows {
    Rows::new(rows.dim, places.iter().flat_map(|&row| rows.row(row)).copied().collect())
}
