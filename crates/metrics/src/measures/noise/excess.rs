//! How much of a denoiser's error is its own. Needs a dataset whose distribution is known.

use super::curve::Curve;
use crate::{context::Context, findings::Findings};
use genlab_results::{Direction::Lower, Entry, Section};

const BASE: Entry = Entry {
    unit: "fraction of the least possible error",
    better: Some(Lower),
    section: Section::Likelihood,
    ..Entry::BASE
};

/// The mean over levels.
const EXCESS: Entry = Entry {
    name: "denoising/excess",
    title: "Denoising error above the optimum",
    meaning: "Squared distance of the model's denoised values from the best possible ones, in the least possible \
              squared error at that level of noise; mean over levels.",
    ..BASE
};

/// The greatest of all levels.
const GREATEST: Entry = Entry {
    name: "denoising/greatest_excess",
    title: "Denoising error above the optimum, at the worst level",
    meaning: "The same at the level of noise where it is greatest.",
    ..BASE
};

/// Every entry, in the order of reports.
pub const ENTRIES: [&Entry; 2] = [&EXCESS, &GREATEST];

/// Both, where the best possible denoiser is known.
pub(super) fn measure(curve: &Curve, context: &Context<'_>, out: &mut Findings) {
    let excess = |level: &super::curve::Level| Some(level.apart? / level.least?);
    let Some(excess) = curve.levels.iter().map(excess).collect::<Option<Vec<f64>>>() else {
        return;
    };
    let mean = excess.iter().sum::<f64>() / excess.len() as f64;
    out.push(context.metric(&EXCESS, mean, curve.count));
    out.push(context.metric(&GREATEST, excess.into_iter().fold(0.0, f64::max), curve.count));
}
