//! The kernel distance between two sets of features. Needs a judge.

use super::{
    kernel::{Kernel, Subsets, kernel_distance},
    measure::SetMeasure,
    pair::Pair,
};
use crate::{
    findings::Findings,
    numerics::matrix::{Rows, Z95},
};
use genlab_results::{Direction::Lower, Entry, Section};

const KERNEL_DISTANCE: Entry = Entry {
    name: "samples/kernel_distance",
    title: "Kernel distance",
    unit: "judge features",
    better: Some(Lower),
    section: Section::Samples,
    meaning: "Unbiased squared MMD with a cubic polynomial kernel on the judge's features.",
    meaning_beyond_images: "Unbiased squared MMD with a cubic polynomial kernel on the coordinates.",
    ..Entry::BASE
};

/// The measure.
pub(super) struct KernelDistance;

impl SetMeasure for KernelDistance {
    fn entries(&self) -> &'static [&'static Entry] {
        &[&KERNEL_DISTANCE]
    }

    fn score(&self, pair: &Pair<'_>, out: &mut Findings) {
        let Some([samples, real]) = pair.readings() else { return };
        let sides = [&samples.features, &real.features];
        push(&KERNEL_DISTANCE, sides, Kernel::Cubic, pair, out);
    }
}

/// The distance between samples and real images under `entry`. It has an interval of its own, from
/// the spread of its subsets.
pub(super) fn push(
    entry: &Entry,
    [samples, real]: [&Rows; 2],
    kernel: Kernel,
    pair: &Pair<'_>,
    out: &mut Findings,
) {
    match kernel_distance(samples, real, kernel, Subsets::default(), pair.settings.seed) {
        Some(found) => {
            let metric = pair.metric(entry, found.mean);
            out.push(metric.map(|m| m.with_half_width(Z95 * found.standard_error)));
        }
        None => out.absent(entry.name, "it needs four values on each side"),
    }
}
