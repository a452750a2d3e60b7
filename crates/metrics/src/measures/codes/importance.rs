//! The likelihood by importance sampling. Needs a density with a posterior that can be drawn from.

use super::measure::{CodeMeasure, Subject};
use crate::{context::Part, features::host, findings::Findings};
use genlab_core::{Density, ImageShape, Observation};
use genlab_results::{Direction::Lower, Entry, Section};

const BINARISED: Entry = Entry {
    name: "nll/binarised",
    title: "Importance-sampled NLL",
    unit: "nats per image",
    better: Some(Lower),
    section: Section::Likelihood,
    meaning: "-log p(x) of binarised images by importance sampling with k draws; an upper bound that \
              tightens with k.",
    ..Entry::BASE
};

const BITS_BINARISED: Entry = Entry {
    name: "nll/bits_per_dim_binarised",
    title: "Bits per dimension, binarised",
    unit: "bits per dimension",
    better: Some(Lower),
    section: Section::Likelihood,
    meaning: "The same over ln 2 and the number of pixels; a fair coin per pixel takes 1.",
    ..Entry::BASE
};

/// The bound on the density of real numbers.
pub const DENSITY: Entry = Entry {
    name: "nll/density",
    title: "Importance-sampled NLL of the density",
    unit: "nats per image",
    better: Some(Lower),
    section: Section::Likelihood,
    meaning: "-log p(x) of a density of real numbers, by importance sampling with k draws; may be \
              negative.",
    ..Entry::BASE
};

/// The bound on the probability of grey levels.
const LEVELS: Entry = Entry {
    name: "nll/levels",
    title: "Importance-sampled NLL of grey levels",
    unit: "nats per image",
    better: Some(Lower),
    section: Section::Likelihood,
    meaning: "-log P(x) of images of 256 grey levels, by importance sampling with k draws; an upper bound that \
              tightens with k.",
    ..Entry::BASE
};

const BITS_LEVELS: Entry = Entry {
    name: "nll/bits_per_dim_levels",
    title: "Bits per dimension, grey levels",
    unit: "bits per dimension",
    better: Some(Lower),
    section: Section::Likelihood,
    meaning: "The same over ln 2 and the number of pixel values; 256 levels that are all alike take 8.",
    ..Entry::BASE
};

const BITS_DENSITY: Entry = Entry {
    name: "nll/bits_per_dim_density",
    title: "Bits per dimension of the density",
    unit: "bits per dimension",
    better: Some(Lower),
    section: Section::Likelihood,
    meaning: "The same over ln 2 and the number of pixel values; add 8 for levels of 0 to 255.",
    meaning_beyond_images: "The same over ln 2 and the number of coordinates.",
    ..Entry::BASE
};

/// Importance draws per call of a model: they share one pass of the encoder.
const DRAWS_PER_CALL: u64 = 50;

/// −log p(x) of the first images of the split.
pub(super) struct ImportanceSampled;

impl CodeMeasure for ImportanceSampled {
    fn entries(&self) -> &'static [&'static Entry] {
        &[&BINARISED, &BITS_BINARISED, &DENSITY, &BITS_DENSITY, &LEVELS, &BITS_LEVELS]
    }

    fn measure(&self, subject: &Subject<'_>, out: &mut Findings) {
        let Some(draws) = subject.context.settings.importance_samples else { return };
        let nats = subject.model.density().and_then(|density| nats(density, draws as u64, subject));
        let Some(nats) = nats.filter(|nats| !nats.is_empty()) else { return };
        let shape = subject.context.dataset.space.shape;
        let bits: Vec<f64> = nats.iter().map(|nats| bits_per_dim(*nats, shape)).collect();
        let (in_nats, in_bits) = match subject.model.density().map(Density::observation) {
            Some(Observation::Bernoulli) => (&BINARISED, &BITS_BINARISED),
            Some(Observation::Levels) => (&LEVELS, &BITS_LEVELS),
            Some(Observation::Gaussian) | None => (&DENSITY, &BITS_DENSITY),
        };
        let words = subject.words();
        let comma = if words.is_empty() { "" } else { ", " };
        let qualifier = format!("{words}{comma}k = {draws}");
        for (entry, values) in [(in_nats, &nats), (in_bits, &bits)] {
            out.push(subject.context.mean(entry, values).map(|m| m.qualified(&qualifier)));
        }
    }
}

/// The bound of each image by `draws` draws; None where the model gives no weights.
fn nats(density: &dyn Density, draws: u64, subject: &Subject<'_>) -> Option<Vec<f64>> {
    let context = subject.context;
    let images = context.split().sample(context.settings.importance_images);
    let mut nats = Vec::with_capacity(images.len());
    for part in context.batches(&images, subject.conditions()) {
        let Part { rows, values: batch, condition } = part;
        let (first, count) = (rows.start, (rows.end - rows.start) as usize);
        let batch = subject.pixels().of(batch, rows, context.seed);
        let mut bound = ImportanceBound::new(count);
        for start in (0..draws).step_by(DRAWS_PER_CALL as usize) {
            let some = start..draws.min(start + DRAWS_PER_CALL);
            let count = (some.end - some.start) as usize;
            let (batch, noise) = (batch.clone(), context.noise());
            let weights = density.log_weights(batch, &condition, noise, first, some)?;
            bound.add(&host::floats(weights), count);
        }
        nats.extend(bound.nats_per_image());
    }
    Some(nats)
}

/// −ln (1/k) Σ wₖ of each image from streamed log-weights: Eq. 8 of Burda et al. 2016
/// (arXiv:1509.00519). An upper bound on −log p(x) in expectation that falls towards it as k grows;
/// k = 1 is a one-draw −ELBO. Sums are in f64 and keep one maximum and one sum per image, whatever k.
#[derive(Clone, Debug)]
pub struct ImportanceBound {
    largest: Vec<f64>,
    /// Σ exp(log w − largest).
    sums: Vec<f64>,
    draws: usize,
}

impl ImportanceBound {
    /// The bound of `images` images, without any draw yet.
    pub fn new(images: usize) -> Self {
        Self { largest: vec![f64::NEG_INFINITY; images], sums: vec![0.0; images], draws: 0 }
    }

    /// Takes `log_weights` in nats: `draws` for each image, image after image.
    pub fn add(&mut self, log_weights: &[f32], draws: usize) {
        assert_eq!(log_weights.len(), self.sums.len() * draws, "{draws} weights per image");
        let images = self.largest.iter_mut().zip(&mut self.sums);
        for ((largest, sum), weights) in images.zip(log_weights.chunks(draws.max(1))) {
            for weight in weights.iter().map(|&w| f64::from(w)) {
                if weight > *largest {
                    *sum *= (*largest - weight).exp();
                    *largest = weight;
                }
                // −∞ − −∞ is not a number; a weight of zero adds nothing.
                if weight > f64::NEG_INFINITY {
                    *sum += (weight - *largest).exp();
                } else if weight.is_nan() {
                    *sum = f64::NAN;
                }
            }
        }
        self.draws += draws;
    }

    /// The draws taken so far: k.
    pub fn draws(&self) -> usize {
        self.draws
    }

    /// The bound of each image in nats.
    pub fn nats_per_image(&self) -> Vec<f64> {
        let k = self.draws as f64;
        self.largest
            .iter()
            .zip(&self.sums)
            .map(|(largest, sum)| k.ln() - largest - sum.ln())
            .collect()
    }
}

/// Nats per image as bits per dimension: over ln 2 and the number of pixel values.
pub fn bits_per_dim(nats_per_image: f64, shape: ImageShape) -> f64 {
    nats_per_image / (std::f64::consts::LN_2 * shape.pixels() as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_are_averaged_before_the_logarithm_in_whatever_portions_they_come() {
        // Image 0 has weights 1, 2, 3, 6; image 1 has e⁻¹⁰⁰⁰ four times, which no f64 can hold.
        let logs: Vec<f32> = [1.0_f32, 2.0, 3.0, 6.0].map(f32::ln).to_vec();
        let far = vec![-1000.0_f32; 4];
        let mut whole = ImportanceBound::new(2);
        whole.add(&[logs.clone(), far].concat(), 4);
        let mut parts = ImportanceBound::new(2);
        for pair in logs.chunks(2) {
            parts.add(&[pair, &[-1000.0, -1000.0]].concat(), 2);
        }
        assert_eq!((whole.draws(), parts.draws()), (4, 4));
        for bound in [whole, parts] {
            let found = bound.nats_per_image();
            assert!((found[0] + 3.0_f64.ln()).abs() < 1e-6, "{found:?}");
            assert!((found[1] - 1000.0).abs() < 1e-9, "{found:?}");
        }
    }

    #[test]
    fn a_weight_that_is_not_a_number_is_not_hidden() {
        let mut bound = ImportanceBound::new(1);
        bound.add(&[0.0, f32::NAN], 2);
        assert!(bound.nats_per_image()[0].is_nan());
    }

    #[test]
    fn a_fair_coin_per_pixel_takes_one_bit_per_dimension() {
        let shape = ImageShape::new(1, 8, 8);
        assert!((bits_per_dim(64.0 * 2.0_f64.ln(), shape) - 1.0).abs() < 1e-12);
    }
}
