//! Bounds on the likelihood.

use super::{Evaluation, Evaluator, pixels::Pixels};
use crate::{
    features::host,
    measures::codes::importance::{ImportanceBound, bits_per_dim},
};
use genlab_core::{Density, Observation};
use std::collections::BTreeMap;

/// Importance draws per call of a model: they share one pass of the encoder.
const DRAWS_PER_CALL: u64 = 50;

impl Evaluator<'_> {
    /// What `density` is a likelihood of: the pixels that its bounds are measured on.
    pub(super) fn pixels_of(&self, density: &dyn Density) -> Pixels {
        match density.observation() {
            Observation::Bernoulli => Pixels::Binary(self.settings.binarisation),
            Observation::Gaussian => Pixels::Grey,
        }
    }

    /// Every bound of `density`.
    pub(super) fn likelihood(&self, density: &dyn Density, out: &mut Evaluation) {
        let pixels = self.pixels_of(density);
        self.elbo(density, pixels, out);
        if let Pixels::Binary(_) = pixels {
            self.grey_bound(density, out);
        }
        self.importance_bound(density, pixels, out);
    }

    /// −ELBO and its terms on the images that the likelihood is about.
    fn elbo(&self, density: &dyn Density, pixels: Pixels, out: &mut Evaluation) {
        let terms = self.terms(density, pixels);
        let Some(total) = sum_of_terms(&terms) else { return };
        let mut push = |name: &str, values: &[f64]| {
            out.push(self.mean(name, values).map(|metric| metric.qualified(pixels.words())));
        };
        push("negative_elbo", &total);
        push("elbo", &total.iter().map(|v| -v).collect::<Vec<_>>());
        for (term, metric) in [("reconstruction", "reconstruction/nll"), ("kl", "kl/total")] {
            if let Some(values) = terms.get(term) {
                push(metric, values);
            }
        }
        if let Pixels::Binary(_) = pixels {
            out.note(format!(
                "negative_elbo, reconstruction/nll, nll and kl are about {} of the test images \
                 (on with probability its grey level; static: the same draw for every run).",
                pixels.words(),
            ));
        }
    }

    fn grey_bound(&self, density: &dyn Density, out: &mut Evaluation) {
        let terms = self.terms(density, Pixels::Grey);
        if let Some(total) = sum_of_terms(&terms) {
            out.push(self.mean("negative_elbo_grey", &total));
            out.note(
                "negative_elbo_grey is a cross-entropy on grey pixels: it cannot fall below the \
                 entropy of the grey levels and is no likelihood.",
            );
        }
    }

    /// −log p(x) by importance sampling, of the first images of the split.
    fn importance_bound(&self, density: &dyn Density, pixels: Pixels, out: &mut Evaluation) {
        let draws = self.settings.importance_samples as u64;
        let images = self.split().take(self.settings.importance_images);
        let mut nats = Vec::with_capacity(images.len());
        for (rows, batch) in self.batches(&images) {
            let first = rows.start as u64;
            let batch = pixels.of(batch, &rows, self.settings.seed);
            let mut bound = ImportanceBound::new(rows.len());
            for start in (0..draws).step_by(DRAWS_PER_CALL as usize) {
                let some = start..draws.min(start + DRAWS_PER_CALL);
                let count = (some.end - some.start) as usize;
                let weights = density.log_weights(batch.clone(), self.noise(), first, some);
                let Some(weights) = weights else { return };
                bound.add(&host::floats(weights), count);
            }
            nats.extend(bound.nats_per_image());
        }
        if draws == 0 || nats.is_empty() {
            return;
        }
        let bits: Vec<f64> =
            nats.iter().map(|nats| bits_per_dim(*nats, self.dataset.shape)).collect();
        let [nll, per_dim] = match pixels {
            Pixels::Binary(_) => ["nll/binarised", "nll/bits_per_dim_binarised"],
            Pixels::Grey => ["nll/density", "nll/bits_per_dim_density"],
        };
        for (name, values) in [(nll, &nats), (per_dim, &bits)] {
            let metric = self.mean(name, values);
            out.push(metric.map(|m| m.qualified(&format!("{}, k = {draws}", pixels.words()))));
        }
    }

    /// Each term's value per image of the split.
    fn terms(&self, density: &dyn Density, pixels: Pixels) -> BTreeMap<&'static str, Vec<f64>> {
        let mut terms: BTreeMap<&'static str, Vec<f64>> = BTreeMap::new();
        for (rows, images) in self.batches(self.split()) {
            let first = rows.start as u64;
            let images = pixels.of(images, &rows, self.settings.seed);
            for term in density.negative_elbo(images, self.noise(), first) {
                let values = host::floats(term.nats);
                terms.entry(term.name).or_default().extend(values.into_iter().map(f64::from));
            }
        }
        terms
    }
}

/// The sum over terms for each image; None without terms.
fn sum_of_terms(terms: &BTreeMap<&'static str, Vec<f64>>) -> Option<Vec<f64>> {
    let n = terms.values().next()?.len();
    Some((0..n).map(|i| terms.values().map(|term| term[i]).sum()).collect())
}
