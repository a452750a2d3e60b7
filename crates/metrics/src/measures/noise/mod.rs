//! How well a model takes noise away, level by level, and the bound on the likelihood that follows.

pub mod bound;
pub mod chain;
pub mod curve;
pub mod excess;

use super::attended;
use crate::{context::Context, findings::Findings};
use curve::Curve;
use genlab_core::{Conditions, Denoise};
use genlab_results::{Axes, Entry, Figure, Plot};

/// Every entry, in the order of reports.
pub fn entries() -> impl Iterator<Item = &'static Entry> {
    bound::ENTRIES.into_iter().chain(chain::ENTRIES).chain(excess::ENTRIES)
}

/// Measures a denoiser.
pub fn measure(
    denoiser: &dyn Denoise,
    conditions: Conditions,
    context: &Context<'_>,
    out: &mut Findings,
) {
    let curve = Curve::new(denoiser, conditions, context);
    bound::measure(&curve, context, out);
    chain::measure(denoiser, conditions, context, out);
    excess::measure(&curve, context, out);
    out.figures.push(figure(&curve));
    out.figures.extend(attended::told(denoiser, conditions, context));
}

/// The error of v at each level beside the least that any model can have, where that is known.
fn figure(curve: &Curve) -> Figure {
    let points = |error: &dyn Fn(&curve::Level) -> Option<f64>| {
        let levels = curve.levels.iter();
        let point = |at: &curve::Level| Some((at.ratio.log10(), error(at)? * at.error_of_v()));
        levels.filter_map(point).collect::<Vec<_>>()
    };
    let series = [
        ("this model".to_owned(), points(&|at| Some(at.error))),
        ("least possible".to_owned(), points(&|at| at.least)),
    ];
    Figure {
        name: "denoising".to_owned(),
        section: "Denoising".to_owned(),
        title: String::new(),
        caption: "Squared error of held-out values that the model takes noise away from, at each level of noise, \
                  as an error of v: 1 is what an untrained network has."
            .to_owned(),
        scope: genlab_results::Scope::Run,
        plot: Plot::Lines {
            series: series.into_iter().filter(|(_, points)| !points.is_empty()).collect(),
            bands: Vec::new(),
            x_label: "log10 of the noise's standard deviation, in those of the data".to_owned(),
            y_label: "squared error of v per number".to_owned(),
            axes: Axes::Linear,
        },
    }
}
