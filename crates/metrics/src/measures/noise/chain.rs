//! The variational bound of the steps that samples take, where these are draws from normal distributions: what fewer steps
//! cost, and what the variance of a step is worth. Needs values of 256 levels.

use crate::{context::Context, features::host::floats, findings::Findings};
use genlab_core::{Conditions, Denoise};
use genlab_results::{Direction::Lower, Entry, Section};
use std::f64::consts::LN_2;

const BASE: Entry =
    Entry { unit: "bits per dimension", section: Section::Likelihood, ..Entry::BASE };

const TOTAL: Entry = Entry {
    name: "bound/chain_bits_per_dim",
    title: "Variational bound of the sampler's steps",
    better: Some(Lower),
    meaning: "Upper bound on -log p(x) of held-out images of 256 grey levels, where p is what the sampler draws from \
              in its own steps.",
    ..BASE
};

const PRIOR: Entry = Entry {
    name: "bound/chain_prior",
    title: "Bound of the steps: prior",
    meaning: "KL of the noisiest values from the noise that sampling begins with.",
    ..BASE
};

const DIFFUSION: Entry = Entry {
    name: "bound/chain_diffusion",
    title: "Bound of the steps: diffusion",
    meaning: "What all steps but the last cost.",
    ..BASE
};

const RECONSTRUCTION: Entry = Entry {
    name: "bound/chain_reconstruction",
    title: "Bound of the steps: reconstruction",
    meaning: "What the grey levels cost, given the values before the last step.",
    ..BASE
};

/// Every entry, in the order of reports.
pub const ENTRIES: [&Entry; 4] = [&TOTAL, &PRIOR, &DIFFUSION, &RECONSTRUCTION];

/// Images that are measured.
const IMAGES: usize = 256;

/// The bound and its terms, as means over images.
pub(super) fn measure(
    denoiser: &dyn Denoise,
    conditions: Conditions,
    context: &Context<'_>,
    out: &mut Findings,
) {
    let images = context.split().sample(IMAGES);
    if images.bytes().is_none() {
        return;
    }
    let unit = LN_2 * context.dataset.space.shape.pixels() as f64;
    let mut totals: Vec<f64> = Vec::new();
    let mut terms: Vec<Vec<f64>> = vec![Vec::new(); 3];
    for part in context.batches(&images, conditions) {
        let (noise, first) = (context.noise(), part.rows.start);
        let Some(bound) = denoiser.chain_bound(part.values, &part.condition, noise, first) else {
            return;
        };
        let bits = bound
            .into_iter()
            .map(|term| floats(term.nats))
            .map(|nats| nats.into_iter().map(|nats| f64::from(nats) / unit).collect::<Vec<f64>>());
        let bits: Vec<Vec<f64>> = bits.collect();
        totals.extend((0..bits[0].len()).map(|row| bits.iter().map(|term| term[row]).sum::<f64>()));
        terms.iter_mut().zip(bits).for_each(|(all, part)| all.extend(part));
    }
    for (entry, values) in ENTRIES.into_iter().zip(std::iter::once(totals).chain(terms)) {
        out.push(context.mean(entry, &values));
    }
}
