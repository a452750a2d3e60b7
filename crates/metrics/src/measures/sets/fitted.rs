//! What samples score that come through a prior fitted on the codes, of a model that has a prior of its own: beside
//! its own samples.

use super::{frechet, memorisation::MEMORISED, neighbours::COVERAGE};
use genlab_results::{Entry, Metric};

/// The distance.
const FRECHET: Entry = Entry {
    name: "fitted_prior/frechet",
    title: "Fréchet distance through a fitted prior",
    meaning: "The same of samples decoded from a density fitted on training codes, instead of from the model's own prior.",
    meaning_beyond_images: "The same of samples decoded from a density fitted on training codes, instead of from the \
                            model's own prior.",
    rank: Entry::BASE.rank,
    ..frechet::FRECHET
};

const COVERED: Entry = Entry {
    name: "fitted_prior/coverage",
    title: "Coverage through a fitted prior",
    meaning: "The same of samples decoded from a density fitted on training codes.",
    meaning_beyond_images: "The same of samples decoded from a density fitted on training codes.",
    rank: Entry::BASE.rank,
    ..COVERAGE
};

const COPIED: Entry = Entry {
    name: "fitted_prior/memorised",
    title: "Memorised through a fitted prior",
    meaning: "The same of samples decoded from a density fitted on training codes.",
    meaning_beyond_images: "The same of samples decoded from a density fitted on training codes.",
    ..MEMORISED
};

/// The entries, in the order of reports.
pub const ENTRIES: [&Entry; 3] = [&FRECHET, &COVERED, &COPIED];

/// A metric of samples under the name that it has for samples through a fitted prior; None for one that has no such
/// name.
pub fn renamed(metric: Metric) -> Option<Metric> {
    let name = metric.name.strip_prefix("samples/")?;
    let entry =
        ENTRIES.iter().find(|entry| entry.name.strip_prefix("fitted_prior/") == Some(name))?;
    Some(Metric { name: entry.name.to_owned(), ..metric })
}
