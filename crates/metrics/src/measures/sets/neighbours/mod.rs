//! Coverage, and precision, recall and density: who lies in whose neighbourhood. Needs a judge, and
//! more images a side than make a neighbourhood. They are resampled with the radii of the full sets.
//!
//! Two measures, because reports lead with coverage; what they read they share through the pair.

pub mod maths;
pub(crate) mod resampled;

use super::{
    measure::{Draw, Resampled, SetMeasure},
    pair::Pair,
};
use crate::findings::Findings;
use genlab_results::{Direction::Higher, Entry, Rank, Section};
use maths::{NEAREST, Neighbourhoods};
use rayon::prelude::*;
use resampled::Memberships;

pub(super) const COVERAGE: Entry = Entry {
    name: "samples/coverage",
    title: "Coverage",
    unit: "fraction of real images",
    better: Some(Higher),
    range: [0.0, 1.0],
    section: Section::Samples,
    rank: Rank::Leading,
    gloss: "share of real images with a sample near",
    meaning: "Real images with at least one sample in their neighbourhood.",
    meaning_beyond_images: "Real ones with at least one sample in their neighbourhood.",
    ..Entry::BASE
};

const RECALL: Entry = Entry {
    name: "samples/recall",
    title: "Recall",
    unit: "fraction of real images",
    better: Some(Higher),
    range: [0.0, 1.0],
    section: Section::Samples,
    meaning: "Real images that lie in the neighbourhood of some sample.",
    meaning_beyond_images: "Real ones that lie in the neighbourhood of some sample.",
    ..Entry::BASE
};

const DENSITY: Entry = Entry {
    name: "samples/density",
    title: "Density",
    unit: "ratio, about 1 for real images",
    better: Some(Higher),
    range: [0.0, f64::INFINITY],
    section: Section::Samples,
    meaning: "How many real images' neighbourhoods a sample lies in, over k.",
    meaning_beyond_images: "How many neighbourhoods of real ones a sample lies in, over k.",
    ..Entry::BASE
};

const PRECISION: Entry = Entry {
    name: "samples/precision",
    title: "Precision",
    unit: "fraction of samples",
    better: Some(Higher),
    range: [0.0, 1.0],
    section: Section::Samples,
    meaning: "Samples that lie in the neighbourhood of some real image.",
    meaning_beyond_images: "Samples that lie in the neighbourhood of some real one.",
    ..Entry::BASE
};

/// Coverage.
pub(super) struct Coverage;

/// Recall, density and precision; they are resampled with coverage.
pub(super) struct RecallDensityPrecision;

impl SetMeasure for Coverage {
    fn entries(&self) -> &'static [&'static Entry] {
        &[&COVERAGE]
    }

    fn score(&self, pair: &Pair<'_>, out: &mut Findings) {
        if let Some(found) = pair.neighbourhoods() {
            out.push(pair.metric(&COVERAGE, found.coverage));
        } else if pair.readings().is_some() {
            let few = pair.samples.images.len().min(pair.real.images.len());
            out.note(format!(
                "samples/precision, recall, density and coverage are absent: {few} images are too \
                 few for {NEAREST} neighbours."
            ));
        }
    }

    /// All four: one look at who lies in whose neighbourhood tells them.
    fn resampled(&self, pair: &Pair<'_>, draws: &[Draw]) -> Vec<Resampled> {
        let Some([samples, real]) = pair.readings() else { return Vec::new() };
        let memberships = Memberships::new(&samples.features, &real.features, NEAREST);
        let Some(memberships) = memberships else { return Vec::new() };
        let among = |draw: &Draw| memberships.among(&draw.samples, &draw.real);
        let found: Vec<Neighbourhoods> = draws.par_iter().map(among).collect();
        let part = |entry, part: fn(&Neighbourhoods) -> f64| Resampled {
            entry,
            values: found.iter().map(part).collect(),
        };
        vec![
            part(&COVERAGE, |found| found.coverage),
            part(&RECALL, |found| found.recall),
            part(&DENSITY, |found| found.density),
            part(&PRECISION, |found| found.precision),
        ]
    }
}

impl SetMeasure for RecallDensityPrecision {
    fn entries(&self) -> &'static [&'static Entry] {
        &[&RECALL, &DENSITY, &PRECISION]
    }

    fn score(&self, pair: &Pair<'_>, out: &mut Findings) {
        let Some(found) = pair.neighbourhoods() else { return }; // noted with coverage
        out.push(pair.metric(&RECALL, found.recall));
        out.push(pair.metric(&DENSITY, found.density));
        out.push(pair.metric(&PRECISION, found.precision));
    }
}
