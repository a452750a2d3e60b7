//! From a model to samples and their scores.

use super::{Evaluation, Evaluator, references::References};
use crate::{
    features::host,
    generators::latent::{MixtureSampler, Prior},
    measures::sets::{
        bootstrap, classes,
        memorisation::{self, Nearest, Relation},
        samples::score,
    },
};
use genlab_core::{Generative, Sample, SampleRequest};
use genlab_data::Images;
use std::time::Instant;

/// Samples in each half of the picture of nearest neighbours.
const SHOWN_NEIGHBOURS: usize = 10;

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
        let mut scored = score(&set, &references.split, &self.score_settings());
        bootstrap::add_intervals(&mut scored.metrics, &set, &references.split, self.settings.seed);
        out.notes.extend(scored.notes);
        let begin = out.metrics.len();
        out.metrics.extend(scored.metrics);
        self.memorised(&set.images, references, out);
        for metric in &mut out.metrics[begin..] {
            let bound = |row| references.value(row, &metric.name);
            let (floor, ceiling) = (bound("real"), bound("noise"));
            *metric = metric.clone().with_bounds(floor, ceiling);
        }
        let probabilities = set.reading.and_then(|reading| reading.probabilities);
        out.class_histogram = probabilities.as_ref().map(classes::histogram);
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

    /// `samples/memorised` and the picture that shows its evidence.
    fn memorised(&self, samples: &Images, references: &References, out: &mut Evaluation) {
        let training = &self.dataset.train;
        let Some(found) = memorisation::nearest(samples, training, Relation::Strangers) else {
            return;
        };
        if let Some(threshold) = references.rows.memory {
            let share = threshold.share(&found);
            out.push(self.metric("samples/memorised", share, found.len()));
            if share > memorisation::suspicious(found.len(), references.split.images.len()) {
                out.note(format!(
                    "{:.1} % of the samples are as close to one single training image as 5 % of the \
                     images of the {} split are: look at samples/neighbours.png for copies.",
                    100.0 * share,
                    self.settings.split.name()
                ));
            }
        }
        out.neighbours = Some(beside_neighbours(samples, training, &found));
    }
}

/// Rows of samples, each above the row of their nearest training images: the first ten samples, then
/// the ten that are nearest to one training image alone.
fn beside_neighbours(samples: &Images, training: &Images, found: &[Nearest]) -> Images {
    let shown = SHOWN_NEIGHBOURS.min(samples.len());
    let first: Vec<usize> = (0..shown).collect();
    let mut suspects: Vec<usize> = (0..samples.len()).collect();
    suspects.sort_by(|&a, &b| found[a].ratio().total_cmp(&found[b].ratio()));
    suspects.truncate(shown);
    let rows = [first, suspects].into_iter().flat_map(|chosen| {
        let nearest: Vec<usize> = chosen.iter().map(|&sample| found[sample].index).collect();
        [samples.select(&chosen).pixels, training.select(&nearest).pixels]
    });
    let pixels = rows.collect::<Vec<_>>().concat();
    Images { shape: samples.shape, pixels, labels: None }
}
