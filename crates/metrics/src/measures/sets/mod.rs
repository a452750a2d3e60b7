//! How good a set of images is beside a set of real ones.

pub mod agreement;
pub mod census;
pub mod classes;
pub mod fitted;
pub mod frechet;
pub mod frechet_infinity;
pub mod intervals;
pub mod kernel;
pub mod kernel_distance;
pub mod measure;
pub mod memorisation;
pub mod neighbours;
pub mod pair;
pub mod pixel_mmd;
pub mod pixels;
pub mod roughness;
pub mod sliced;
pub mod true_modes;
pub mod vendi;

use crate::findings::Findings;
use genlab_results::{Entry, Metric};
use measure::SetMeasure;
use pair::Pair;

/// Every measure of sets, in the order of reports.
pub const SET_MEASURES: &[&dyn SetMeasure] = &[
    &frechet::Frechet,
    &frechet_infinity::FrechetInfinity,
    &true_modes::TrueModes,
    &agreement::Agreement,
    &neighbours::Coverage,
    &kernel_distance::KernelDistance,
    &neighbours::RecallDensityPrecision,
    &memorisation::Memorised,
    &roughness::Roughness,
    &classes::Classes,
    &vendi::Vendi,
    &sliced::SlicedWasserstein,
    &pixel_mmd::PixelMmd,
];

/// Those of them that say how good samples are, quickly enough for samples that are drawn in many ways.
pub const QUICK_MEASURES: &[&dyn SetMeasure] = &[
    &frechet::Frechet,
    &agreement::Agreement,
    &neighbours::Coverage,
    &neighbours::RecallDensityPrecision,
];

/// Those that say whether samples through a fitted prior are near, everywhere, and no copies.
pub const FITTED_MEASURES: &[&dyn SetMeasure] =
    &[&frechet::Frechet, &neighbours::Coverage, &memorisation::Memorised];

/// The entries of all measures, in the order of reports.
pub fn entries() -> impl Iterator<Item = &'static Entry> {
    SET_MEASURES.iter().flat_map(|measure| measure.entries()).copied().chain(fitted::ENTRIES)
}

/// Every metric of the pair's samples that the pair allows of, in the order of reports, with pictures.
/// Metrics of the judge's features are left out where a side has none.
pub fn score(pair: &Pair<'_>) -> Findings {
    score_by(SET_MEASURES, pair)
}

/// As [`score`], by these measures alone.
pub fn score_by(measures: &[&dyn SetMeasure], pair: &Pair<'_>) -> Findings {
    let mut found = Findings::default();
    for measure in measures {
        measure.score(pair, &mut found);
    }
    found
}

/// Gives the metrics of [`score`] that have none an interval by resampling both sides, where that is
/// affordable: some seconds.
pub fn add_intervals(metrics: &mut [Metric], pair: &Pair<'_>) {
    intervals::add(metrics, SET_MEASURES, pair);
}

/// Gives the Fréchet distance among these metrics an interval, and no other.
pub fn add_distance_interval(metrics: &mut [Metric], pair: &Pair<'_>) {
    intervals::add(metrics, &[&frechet::Frechet], pair);
}

#[cfg(test)]
mod tests;
