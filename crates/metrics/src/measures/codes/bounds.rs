//! Bounds on the likelihood and their terms. Needs a density.

use super::{
    measure::{CodeMeasure, Subject},
    pixels::Pixels,
    terms::Terms,
};
use crate::findings::Findings;
use genlab_results::{
    Direction::{Higher, Lower},
    Entry, Rank, Section,
};

const NEGATIVE_ELBO: Entry = Entry {
    name: "negative_elbo",
    title: "Negative ELBO",
    unit: "nats per image",
    better: Some(Lower),
    section: Section::Likelihood,
    rank: Rank::Leading,
    gloss: "upper bound on −log p(x), nats",
    meaning: "Upper bound on -log p(x); for Bernoulli pixels on held-out images binarised once.",
    meaning_beyond_images: "Upper bound on -log p(x) of held-out values.",
    ..Entry::BASE
};

const ELBO: Entry = Entry {
    name: "elbo",
    title: "ELBO",
    unit: "nats per image",
    better: Some(Higher),
    section: Section::Likelihood,
    meaning: "Lower bound on log p(x): the upper bound on -log p(x), negated.",
    ..Entry::BASE
};

const NEGATIVE_ELBO_GREY: Entry = Entry {
    name: "negative_elbo_grey",
    title: "Negative ELBO, grey pixels",
    unit: "nats per image (cross-entropy, no likelihood)",
    better: Some(Lower),
    section: Section::Likelihood,
    meaning: "The training objective on grey images: comparable between runs, but not a likelihood.",
    ..Entry::BASE
};

const RECONSTRUCTION_NLL: Entry = Entry {
    name: "reconstruction/nll",
    title: "Reconstruction NLL",
    unit: "nats per image",
    better: Some(Lower),
    section: Section::Reconstruction,
    meaning: "Expected -log p(x|z) under the posterior; one of the terms of the negative ELBO.",
    ..Entry::BASE
};

/// −ELBO on the images that the likelihood is about and, where those are binary, on grey ones.
pub(super) struct Bounds;

impl CodeMeasure for Bounds {
    fn entries(&self) -> &'static [&'static Entry] {
        &[&NEGATIVE_ELBO, &ELBO, &NEGATIVE_ELBO_GREY, &RECONSTRUCTION_NLL]
    }

    fn measure(&self, subject: &Subject<'_>, out: &mut Findings) {
        let Some(terms) = subject.terms() else { return };
        let Some(total) = terms.total() else { return };
        out.push(subject.mean(&NEGATIVE_ELBO, &total));
        out.push(subject.mean(&ELBO, &total.iter().map(|v| -v).collect::<Vec<_>>()));
        if let Some(nll) = terms.get("reconstruction") {
            out.push(subject.mean(&RECONSTRUCTION_NLL, nll));
        }
        let pixels = subject.pixels();
        if let Pixels::Binary(_) = pixels {
            out.note(format!(
                "negative_elbo, reconstruction/nll, nll and kl are about {} of the held-out images \
                 (on with probability its grey level; static: the same draw for every run).",
                pixels.words(),
            ));
            grey(subject, out);
        }
    }
}

fn grey(subject: &Subject<'_>, out: &mut Findings) {
    let Some(density) = subject.model.density() else { return };
    let terms = Terms::new(density, Pixels::Grey, subject.conditions(), subject.context);
    if let Some(total) = terms.total() {
        out.push(subject.context.mean(&NEGATIVE_ELBO_GREY, &total));
        out.note(
            "negative_elbo_grey is a cross-entropy on grey pixels: it cannot fall below the entropy \
             of the grey levels and is not a likelihood.",
        );
    }
}
