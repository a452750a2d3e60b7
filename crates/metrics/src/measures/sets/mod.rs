//! How good a set of images is beside a set of real ones.

pub mod agreement;
pub mod classes;
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

/// Their entries, in the order of reports.
pub fn entries() -> impl Iterator<Item = &'static Entry> {
    SET_MEASURES.iter().flat_map(|measure| measure.entries()).copied()
}

/// Every metric of the pair's samples that the pair allows of, in the order of reports, with pictures.
/// Metrics of the judge's features are left out where a side has none.
pub fn score(pair: &Pair<'_>) -> Findings {
    let mut found = Findings::default();
    for measure in SET_MEASURES {
        measure.score(pair, &mut found);
    }
    found
}

/// Gives the metrics of [`score`] that have none an interval by resampling both sides, where that is
/// affordable: some seconds.
pub fn add_intervals(metrics: &mut [Metric], pair: &Pair<'_>) {
    intervals::add(metrics, SET_MEASURES, pair);
}

#[cfg(test)]
mod tests;
