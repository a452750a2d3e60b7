//! The terms of a bound on the likelihood, image by image.

use super::pixels::Pixels;
use crate::{
    context::{Context, Part},
    features::host,
};
use genlab_core::{Conditions, Density};
use std::collections::BTreeMap;

/// One value per image of the split for each term, in nats.
#[derive(Clone, Debug)]
pub struct Terms(BTreeMap<&'static str, Vec<f64>>);

impl Terms {
    /// The terms of `density` on the split as these pixels.
    pub fn new(
        density: &dyn Density,
        pixels: Pixels,
        conditions: Conditions,
        context: &Context<'_>,
    ) -> Self {
        let mut terms: BTreeMap<&'static str, Vec<f64>> = BTreeMap::new();
        for part in context.batches(context.split(), conditions) {
            let Part { rows, values, condition } = part;
            let first = rows.start;
            let values = pixels.of(values, rows, context.seed);
            for term in density.negative_elbo(values, &condition, context.noise(), first) {
                let values = host::floats(term.nats);
                terms.entry(term.name).or_default().extend(values.into_iter().map(f64::from));
            }
        }
        Self(terms)
    }

    /// The term of that name.
    pub fn get(&self, name: &str) -> Option<&[f64]> {
        self.0.get(name).map(Vec::as_slice)
    }

    /// The sum over terms for each image; None without terms.
    pub fn total(&self) -> Option<Vec<f64>> {
        let n = self.0.values().next()?.len();
        Some((0..n).map(|i| self.0.values().map(|term| term[i]).sum()).collect())
    }
}
