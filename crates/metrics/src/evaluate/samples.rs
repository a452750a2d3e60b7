//! How good samples are, as the judge sees them.

use super::{Evaluation, Evaluator, Z95, references::References};
use crate::{
    classes,
    frechet::frechet_distance,
    host,
    judge::{Judge, Reading},
    kernel::{Subsets, kernel_distance},
    latent::{MixtureSampler, Prior},
    neighbours::neighbourhoods,
    result::Metric,
};
use genlab_core::{Generative, Sample, SampleRequest};
use std::time::Instant;

/// Neighbours that make a neighbourhood, after Naeem et al. 2020.
const NEAREST: usize = 5;

impl Evaluator<'_> {
    /// Draws the model's samples and scores them.
    pub(super) fn samples(
        &self,
        model: &dyn Generative,
        references: &References,
        out: &mut Evaluation,
    ) {
        if let Some(sampler) = model.sampler() {
            self.score_model(sampler, references, out);
            return;
        }
        let (Some(encoder), Some(decoder)) = (model.encoder(), model.decoder()) else {
            out.note("Sample metrics are absent: the model neither samples nor decodes codes.");
            return;
        };
        let codes = self.training_codes(encoder);
        let prior = match Prior::fit(&codes, self.settings.seed) {
            Ok(prior) => prior,
            Err(reason) => {
                out.note(format!("Sample metrics are absent, for want of a prior: {reason}"));
                return;
            }
        };
        let sampler = MixtureSampler { decoder, prior: &prior, device: self.device.clone() };
        self.score_model(&sampler, references, out);
        out.note(format!(
            "The model has no prior of its own: its samples are decoded from a {} fitted on the \
             codes of {} training images.",
            prior.title(),
            codes.len(),
        ));
        out.prior = Some(prior);
    }

    fn score_model(&self, sampler: &dyn Sample, references: &References, out: &mut Evaluation) {
        let count = self.sample_count();
        let start = Instant::now();
        let values = self.draw(sampler, count);
        let seconds = start.elapsed().as_secs_f64() / count as f64;
        let calls = sampler.network_calls(&SampleRequest::new(self.settings.seed, 1));
        out.push(self.metric("cost/network_calls_per_sample", calls as f64, count));
        out.push(self.metric("cost/seconds_per_sample", seconds, count));
        let samples = host::quantised(&values, self.dataset.shape);
        let broken = host::broken(&values, self.dataset.shape);
        if broken > 0 {
            out.note(format!(
                "Sample metrics are absent: {broken} of {count} samples hold values that are not \
                 finite (shown black). The model has diverged."
            ));
            out.samples = Some(samples);
            return;
        }
        if let (Some(reading), Some(real)) = (self.read(&samples), &references.split) {
            let scored = self.score(&reading, real);
            out.notes.extend(scored.notes);
            for metric in scored.metrics {
                let bound = |row| references.value(row, &metric.name);
                let (floor, ceiling) = (bound("real"), bound("noise"));
                out.metrics.push(metric.with_bounds(floor, ceiling));
            }
            out.class_histogram = reading.probabilities.as_ref().map(classes::histogram);
        }
        out.samples = Some(samples);
    }

    /// The values of the first `count` samples, drawn in batches.
    pub(super) fn draw(&self, sampler: &dyn Sample, count: usize) -> Vec<f32> {
        let mut values = Vec::with_capacity(count * self.dataset.shape.pixels());
        let batch = self.settings.batch.max(1);
        for first in (0..count).step_by(batch) {
            let request = SampleRequest {
                first: first as u64,
                ..SampleRequest::new(self.settings.seed, batch.min(count - first))
            };
            values.extend(host::floats(sampler.sample(&request)));
        }
        values
    }

    /// Every sample metric of some images against the real ones.
    pub(super) fn score(&self, samples: &Reading, real: &Reading) -> Scored {
        let mut scored = Scored::default();
        let n = samples.features.len();
        let mut push =
            |name: &str, value: f64, half_width: Option<f64>| match self.metric(name, value, n) {
                Ok(metric) => scored.metrics.push(match half_width {
                    Some(width) => metric.with_half_width(width),
                    None => metric,
                }),
                Err(reason) => scored.notes.push(reason.to_string()),
            };
        let mut reasons = Vec::new();
        let frechet = self.judge.as_ref().map_or("samples/frechet", Judge::frechet_metric);
        match frechet_distance(&samples.features, &real.features) {
            Ok(distance) => push(frechet, distance, None),
            Err(reason) => reasons.push(format!("{frechet} is absent: {reason}.")),
        }
        let (features, seed) = (&samples.features, self.settings.seed);
        if let Some(found) = kernel_distance(features, &real.features, Subsets::default(), seed) {
            push("samples/kernel_distance", found.mean, Some(Z95 * found.standard_error));
        }
        if let Some(found) = neighbourhoods(features, &real.features, NEAREST) {
            push("samples/precision", found.precision, None);
            push("samples/recall", found.recall, None);
            push("samples/density", found.density, None);
            push("samples/coverage", found.coverage, None);
        } else {
            reasons.push(format!(
                "samples/precision, recall, density and coverage are absent: {n} images are too \
                 few for {NEAREST} neighbours."
            ));
        }
        if let (Some(samples), Some(real)) = (&samples.probabilities, &real.probabilities) {
            push("samples/classifier_score", classes::classifier_score(samples), None);
            let (histogram, expected) = (classes::histogram(samples), classes::histogram(real));
            push("samples/class_kl", classes::histogram_kl(&histogram, &expected), None);
        } else {
            reasons.push(
                "samples/classifier_score and class_kl are absent: the judge knows other classes \
                 than the dataset's."
                    .into(),
            );
        }
        scored.notes.extend(reasons);
        scored
    }
}

/// The sample metrics of one set of images.
#[derive(Default)]
pub(super) struct Scored {
    pub(super) metrics: Vec<Metric>,
    pub(super) notes: Vec<String>,
}
