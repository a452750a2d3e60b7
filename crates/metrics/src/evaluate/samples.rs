//! How good samples are, as the judge sees them.

use super::{Evaluation, Evaluator, references::References};
use crate::{
    bootstrap, classes, host,
    latent::{MixtureSampler, Prior},
    samples::{ImageSet, ScoreSettings, Scored, score},
};
use genlab_core::{Generative, Sample, SampleRequest};
use std::time::Instant;

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
        let set = self.read(samples);
        if let (Some(reading), Some(real)) = (&set.reading, &references.split.reading) {
            let mut scored = self.score(&set, &references.split);
            bootstrap::add_intervals(&mut scored.metrics, reading, real, self.settings.seed);
            out.notes.extend(scored.notes);
            for metric in scored.metrics {
                let bound = |row| references.value(row, &metric.name);
                let (floor, ceiling) = (bound("real"), bound("noise"));
                out.metrics.push(metric.with_bounds(floor, ceiling));
            }
            out.class_histogram = Some(classes::histogram(&reading.probabilities));
        }
        out.samples = Some(set.images);
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

    /// Every sample metric of some images against the split's.
    pub(super) fn score(&self, samples: &ImageSet, real: &ImageSet) -> Scored {
        let (seed, split) = (self.settings.seed, self.settings.split.name());
        score(samples, real, &ScoreSettings { seed, split })
    }
}
