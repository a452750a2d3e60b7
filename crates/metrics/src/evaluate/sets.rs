//! Sets of images in an evaluation: how they are drawn, read and scored.

use crate::{
    context::Context,
    features::host,
    measures::sets::pair::{ImageSet, ScoreSettings},
};
use genlab_core::{Sample, SampleRequest};
use genlab_data::Images;

/// How sets are scored.
pub(super) fn score_settings(context: &Context<'_>) -> ScoreSettings {
    let Context { seed, settings, .. } = context;
    ScoreSettings {
        seed: *seed,
        split: settings.split.name(),
        frechet_infinity: settings.frechet_infinity,
    }
}

/// 8-bit images with the judge's reading of them.
pub(super) fn read(images: Images, context: &Context<'_>) -> ImageSet {
    ImageSet::new(images, context.judge.as_ref(), &context.device)
}

/// The values of the first `count` samples, drawn in batches.
pub(super) fn values(sampler: &dyn Sample, count: usize, context: &Context<'_>) -> Vec<f32> {
    let mut values = Vec::with_capacity(count * context.dataset.shape.pixels());
    let batch = context.settings.batch.max(1);
    for first in (0..count).step_by(batch) {
        let request = SampleRequest {
            first: first as u64,
            ..SampleRequest::new(context.seed, batch.min(count - first))
        };
        values.extend(host::floats(sampler.sample(&request)));
    }
    values
}
