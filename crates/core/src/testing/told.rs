//! What models under test are told.

use super::{
    batch,
    data::{captions, past},
};
use crate::{
    capabilities::SampleRequest,
    condition::{Condition, Past},
    low_resolution::LowResolution,
    model::Generative,
    noise::Seed,
    space::Space,
};
use burn::tensor::Device;

/// What a model is told about the first `count` values of [`batch`]: what it can be told.
pub(super) fn told(frozen: &dyn Generative, space: Space, count: usize) -> Condition {
    let conditions = frozen.conditions();
    let classes = |classes| {
        let rows: Vec<i32> = (0..count).map(|i| (i % classes) as i32).collect();
        Condition::of_classes(&rows, &Device::flex())
    };
    let told = conditions.classes.map_or_else(Condition::default, classes);
    let low = |factor| LowResolution::of(batch(space, count, 0).values, factor);
    Condition {
        past: conditions.past.map(|_| Past::new(past(count))),
        low_resolution: conditions.low_resolution.map(low),
        captions: conditions.captions.map(|_| captions(count)),
        control: conditions.control.map(|kind| kind.of(batch(space, count, 0).values)),
        ..told
    }
}

/// A request for samples in a few steps.
pub(super) fn request(
    frozen: &dyn Generative,
    space: Space,
    seed: u64,
    count: usize,
) -> SampleRequest {
    let condition = told(frozen, space, count);
    SampleRequest { steps: Some(3), condition, ..SampleRequest::new(Seed(seed), count) }
}
