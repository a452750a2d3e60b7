//! Sets of images in an evaluation: how they are drawn, read and scored.

use crate::{
    context::Context,
    features::host,
    measures::sets::pair::{ImageSet, ScoreSettings},
};
use genlab_core::{Condition, Sample, SampleRequest};
use genlab_data::Values;

/// How sets are scored.
pub(super) fn score_settings(context: &Context<'_>) -> ScoreSettings {
    let Context { seed, settings, .. } = context;
    ScoreSettings {
        seed: *seed,
        split: settings.split.name(),
        frechet_infinity: settings.frechet_infinity,
    }
}

/// Values as they are kept, with the judge's reading of them.
pub(super) fn read(images: Values, context: &Context<'_>) -> ImageSet {
    ImageSet::new(images, context.judge.as_ref(), &context.device)
}

/// The numbers of the first `count` samples, drawn in batches, with what each is told.
pub(super) fn values(
    sampler: &dyn Sample,
    count: usize,
    condition: Condition,
    context: &Context<'_>,
) -> Vec<f32> {
    let request = SampleRequest { condition, ..SampleRequest::new(context.seed, count) };
    let mut values = Vec::with_capacity(count * context.dataset.space.shape.pixels());
    let batch = context.settings.batch.max(1);
    for first in (0..count).step_by(batch) {
        let part = request.part(first..(first + batch).min(count));
        values.extend(host::floats(sampler.sample(&part)));
    }
    values
}
