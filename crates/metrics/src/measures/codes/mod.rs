//! What codes, and the bounds that come with them, are like.

pub mod active_units;
pub mod aggregated;
pub mod bounds;
pub mod dictionary;
pub mod encode;
pub mod estimated;
pub mod exact;
pub mod importance;
pub mod jacobian;
pub mod kl;
pub mod map;
pub mod measure;
pub mod moment_matched;
pub mod pixels;
pub mod probes;
pub mod sparsity;
pub mod terms;
pub mod units_shown;

use crate::{context::Context, findings::Findings};
use genlab_core::Generative;
use genlab_results::Entry;
use measure::{CodeMeasure, Subject};

/// Every measure of codes and bounds, in the order of reports.
pub const CODE_MEASURES: &[&dyn CodeMeasure] = &[
    &bounds::Bounds,
    &exact::ExactLikelihood,
    &estimated::EstimatedLikelihood,
    &importance::ImportanceSampled,
    &kl::KlToPrior,
    &aggregated::Aggregated,
    &active_units::ActiveUnits,
    &moment_matched::MomentMatched,
    &probes::Probes,
    &jacobian::Slope,
    &map::Map,
    &sparsity::SparseUnits,
    &dictionary::PlantedDictionary,
    &units_shown::UnitsShown,
];

/// Their entries, in the order of reports.
pub fn entries() -> impl Iterator<Item = &'static Entry> {
    CODE_MEASURES.iter().flat_map(|measure| measure.entries()).copied()
}

/// Measures the codes and bounds of a model.
pub fn measure(model: &dyn Generative, context: &Context<'_>, out: &mut Findings) {
    let subject = Subject::new(model, context);
    if subject.has_diverged() {
        out.note("What describes codes is absent: some are not finite. The model has diverged.");
    }
    for measure in CODE_MEASURES {
        measure.measure(&subject, out);
    }
}
