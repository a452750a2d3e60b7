//! One model's samples drawn in many ways, each scored beside the same values of the split.

use super::{
    Evaluator,
    samples::{asked_for, drawn},
    sets::{read, score_settings},
};
use crate::{
    context::Context,
    findings::Findings,
    measures::{
        captions,
        sets::{
            QUICK_MEASURES, add_distance_interval,
            pair::{ImageSet, Pair},
            score_by,
        },
    },
};
use burn::tensor::Tensor;
use genlab_core::{Conditions, Sample, SampleRequest};
use genlab_results::Metric;

/// A way to draw samples, where a sampler has a choice.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Way {
    /// Steps from noise to sample.
    pub steps: usize,
    /// How strongly samples follow what is told; None: as configured.
    pub guidance: Option<f64>,
}

impl Way {
    fn of(self, request: &SampleRequest) -> SampleRequest {
        let guidance = self.guidance.or(request.guidance);
        SampleRequest { steps: Some(self.steps), guidance, ..request.clone() }
    }
}

/// A sampler that draws in one way.
struct Bound<'a> {
    sampler: &'a dyn Sample,
    way: Way,
}

impl Sample for Bound<'_> {
    fn sample(&self, request: &SampleRequest) -> Tensor<4> {
        self.sampler.sample(&self.way.of(request))
    }

    fn network_calls(&self, request: &SampleRequest) -> usize {
        self.sampler.network_calls(&self.way.of(request))
    }
}

/// What the samples of one way score.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Scored {
    /// Costs, the Fréchet distance with an interval, class agreement, coverage, recall, density and
    /// precision, and what a judge of scenes reads of samples that are told captions, as far as there are any.
    pub metrics: Vec<Metric>,
    /// Why others are absent.
    pub notes: Vec<String>,
    /// Samples that hold a value that is not finite: with any, nothing is scored.
    pub broken: usize,
}

/// Scores samples of one split, all from the noise that an evaluation draws.
pub struct Ways<'a> {
    context: &'a Context<'a>,
    split: ImageSet,
}

impl<'a> Ways<'a> {
    /// Reads the split that `evaluator` measures on; its references are not needed.
    pub fn new(evaluator: &'a Evaluator<'a>) -> Self {
        let context = evaluator.context();
        Self { context, split: read(context.measured().into_owned(), context) }
    }

    /// Network calls of one sample that a model of these conditions draws in this way.
    pub fn calls(&self, sampler: &dyn Sample, conditions: Conditions, way: Way) -> usize {
        let (condition, _) = asked_for(conditions, 1, self.context);
        let one = SampleRequest { condition, ..SampleRequest::new(self.context.seed, 1) };
        Bound { sampler, way }.network_calls(&one)
    }

    /// Draws as many samples as an evaluation does, told the same and from the same noise, and scores
    /// them.
    pub fn score(&self, sampler: &dyn Sample, conditions: Conditions, way: Way) -> Scored {
        let context = self.context;
        let (condition, classes) = asked_for(conditions, context.sample_count(), context);
        let mut out = Findings::default();
        let samples = drawn(&Bound { sampler, way }, condition, classes, context, &mut out);
        let broken = samples.broken;
        if broken == 0 {
            let set = read(samples.images, context);
            let pair = Pair::new(&set, &self.split, score_settings(context));
            let mut found = score_by(QUICK_MEASURES, &pair);
            add_distance_interval(&mut found.metrics, &pair);
            out.extend(found);
            if conditions.captions.is_some() {
                captions::score(&set.images, context, &mut out);
            }
        }
        Scored { metrics: out.metrics, notes: out.notes, broken }
    }
}
