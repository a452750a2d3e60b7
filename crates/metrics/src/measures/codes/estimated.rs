//! The likelihood of images of 256 levels, under a density that is known up to chance. Needs a model that
//! estimates it, and `likelihood_images`.
//!
//! A density says nothing of grey levels, and may be arbitrarily large at one. Level k is therefore spread over its bin,
//! x = (k + u) / 255 with u uniform in [−1/2, 1/2) (Theis et al. 2016, arXiv:1511.01844, section 3.1). With P(k) for what the
//! density holds in the bin, whose width is 1/255 in each of the D numbers, Jensen's inequality gives
//!
//! ```text
//! −ln P(k) ≤ E_u[−ln p(x)] + D ln 255
//! ```

use super::measure::{CodeMeasure, Subject};
use crate::{
    context::{Context, Part},
    features::host,
    findings::Findings,
};
use burn::tensor::Tensor;
use genlab_results::{Direction::Lower, Entry, Rank, Section};
use std::{f64::consts::LN_2, ops::Range};

/// −log P in bits per dimension.
pub const ESTIMATED: Entry = Entry {
    name: "nll/bits_per_dim",
    title: "Estimated NLL",
    unit: "bits per dimension",
    better: Some(Lower),
    section: Section::Likelihood,
    rank: Rank::Headline,
    meaning: "-log p(x) of held-out images of 256 grey levels, each spread over its bin; exact on average over probes.",
    ..Entry::BASE
};

/// Bins from black to white: the distance of two levels.
const BINS: f64 = 255.0;

/// The measure.
pub(super) struct EstimatedLikelihood;

impl CodeMeasure for EstimatedLikelihood {
    fn entries(&self) -> &'static [&'static Entry] {
        &[&ESTIMATED]
    }

    fn measure(&self, subject: &Subject<'_>, out: &mut Findings) {
        let context = subject.context;
        let Some(estimate) = subject.model.likelihood_estimate() else { return };
        let Some(count) = context.settings.likelihood_images else { return };
        if context.split().bytes().is_none() {
            return;
        }
        let (images, probes) = (context.split().sample(count), context.settings.likelihood_probes);
        let numbers = context.dataset.space.shape.pixels() as f64;
        let mut bits = Vec::new();
        for Part { rows, values, condition } in context.batches(&images, subject.conditions()) {
            let (noise, first) = (context.noise(), rows.start);
            let spread = dequantised(values, rows, context);
            let found = estimate.log_likelihood(spread, &condition, probes, noise, first);
            let found = host::floats(found).into_iter().map(f64::from);
            bits.extend(found.map(|nats| (BINS.ln() - nats / numbers) / LN_2));
        }
        let words = [subject.words(), "uniformly dequantised".to_owned(), estimate.method(probes)]
            .join(", ");
        out.push(context.mean(&ESTIMATED, &bits).map(|metric| metric.qualified(&words)));
    }
}

/// Every number of `values` anywhere in the bin around it.
fn dequantised(values: Tensor<4>, rows: Range<u64>, context: &Context<'_>) -> Tensor<4> {
    let shape = values.dims();
    let noise = context.noise().uniform("evaluate/dequantise", 0, rows, shape, &context.device);
    values + (noise - 0.5) / BINS
}
