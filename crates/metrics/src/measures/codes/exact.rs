//! The likelihood itself. Needs a model that gives it.

use super::measure::{CodeMeasure, Subject};
use crate::{context::Part, features::host, findings::Findings};
use genlab_results::{Direction::Lower, Entry, Rank, Section};

/// −ln p(x), also of the true density and of densities that are fitted without a network.
pub const EXACT: Entry = Entry {
    name: "nll/exact",
    title: "Exact NLL",
    unit: "nats per image",
    better: Some(Lower),
    section: Section::Likelihood,
    rank: Rank::Headline,
    meaning: "-log p(x) of held-out values under the model's own density; no bound. May be negative.",
    ..Entry::BASE
};

/// The measure.
pub(super) struct ExactLikelihood;

impl CodeMeasure for ExactLikelihood {
    fn entries(&self) -> &'static [&'static Entry] {
        &[&EXACT]
    }

    fn measure(&self, subject: &Subject<'_>, out: &mut Findings) {
        let Some(likelihood) = subject.model.likelihood() else { return };
        let context = subject.context;
        let mut nats = Vec::new();
        for Part { values, condition, .. } in context.batches(context.split(), subject.conditions())
        {
            let found = host::floats(likelihood.log_likelihood(values, &condition));
            nats.extend(found.into_iter().map(|v| -f64::from(v)));
        }
        let words = [subject.words(), likelihood.method()];
        let words: Vec<String> = words.into_iter().filter(|words| !words.is_empty()).collect();
        out.push(context.mean(&EXACT, &nats).map(|metric| metric.qualified(&words.join(", "))));
    }
}
