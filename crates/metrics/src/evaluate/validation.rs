//! What choices between weights of one model go by: the distance of its samples from the validation split.

use super::{
    Evaluator,
    sets::{read, score_settings, values},
};
use crate::{
    features::host,
    measures::sets::{
        frechet::Frechet,
        pair::{Pair, ScoreSettings},
        score_by,
    },
    requests::{beside, told, told_classes},
    settings::Split,
};
use burn::tensor::Tensor;
use genlab_core::{Condition, Generative, Sample, SampleRequest};
use genlab_results::Metric;

/// The number of the first sample that a choice draws. Those that are reported have smaller ones, so no choice is
/// made by their noise.
const FIRST: u64 = 1 << 32;

/// A sampler whose samples have numbers from [`FIRST`] on.
struct Beyond<'a>(&'a dyn Sample);

impl Sample for Beyond<'_> {
    fn sample(&self, request: &SampleRequest) -> Tensor<4> {
        self.0.sample(&SampleRequest { first: request.first + FIRST, ..request.clone() })
    }

    fn network_calls(&self, request: &SampleRequest) -> usize {
        self.0.network_calls(request)
    }
}

impl Evaluator<'_> {
    /// The Fréchet distance of `count` samples, drawn as configured, from as many values of the validation split.
    /// None where there is none: without a sampler or a judge, with too few values, or with samples that are not
    /// finite. It depends on the model and on the run's seed alone, and reads no other split.
    pub fn validation_distance(&self, model: &dyn Generative, count: usize) -> Option<Metric> {
        let context = self.context();
        let (dataset, device) = (context.dataset, &context.device);
        let (sampler, conditions) = (model.sampler()?, model.conditions());
        let real = dataset.validation.sample(count).into_owned();
        let count = real.len();
        let classes = told_classes(conditions, dataset, count);
        let condition = classes.map_or_else(Condition::default, |classes| told(&classes, device));
        let condition = beside(condition, conditions, &real, count, device);
        let drawn = values(&Beyond(sampler), count, condition, context);
        if host::broken(&drawn, dataset.space.shape) > 0 {
            return None;
        }
        let samples = read(host::kept(&drawn, dataset.space), context);
        let real = read(real, context);
        let split = Split::Validation.name();
        let settings = ScoreSettings { split, ..score_settings(context) };
        score_by(&[&Frechet], &Pair::new(&samples, &real, settings)).metrics.pop()
    }
}
