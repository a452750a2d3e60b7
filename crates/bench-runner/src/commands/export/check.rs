//! `check.safetensors`: what the model makes of a few inputs, for another program to make the same.

use anyhow::{Context, Result};
use burn::tensor::{Device, Tensor};
use genlab_core::{
    Condition, Generative, SampleRequest, Seed,
    checkpoint::{NamedTensor, safetensors_bytes},
};
use genlab_data::Dataset;
use genlab_metrics::requests;
use std::collections::BTreeMap;

/// Values and samples.
const COUNT: usize = 8;

/// Test values with their codes and reconstructions; noise, or codes that were drawn, with the samples that they become.
/// `classes` of values and `sample_classes` where the model is told any.
///
/// # Errors
/// When the model has no inputs that could be given to another.
pub(super) fn file(
    model: &dyn Generative,
    dataset: &Dataset,
    seed: Seed,
    device: &Device,
) -> Result<Vec<u8>> {
    let mut all = Vec::new();
    if let Some(reconstructor) = model.reconstructor() {
        let values = dataset.test.take(COUNT);
        let classes = model.conditions().classes.and(values.labels.clone());
        let condition = told(classes.as_deref(), device);
        let values = values.tensor(0..values.len(), device);
        let reconstructions = reconstructor.reconstruct(values.clone(), &condition);
        all.extend([named("values", values.clone()), named("reconstructions", reconstructions)]);
        if let Some(encoder) = model.encoder() {
            all.push(named("codes", encoder.encode(values, &condition).mean));
        }
        all.extend(classes.map(|classes| numbers("classes", &classes)));
    }
    if let Some(sampler) = model.sampler() {
        let classes = requests::told_classes(model.conditions(), dataset, COUNT);
        let condition = told(classes.as_deref(), device);
        let request = SampleRequest { condition, ..SampleRequest::new(seed, COUNT) };
        if let Some(decoder) = model.decoder() {
            let drawn = || request.starting_noise([COUNT, decoder.latent_dim()], device);
            let codes = sampler.codes(&request).unwrap_or_else(drawn);
            let samples = decoder.decode(codes.clone(), &request.condition);
            all.extend([named("noise", codes), named("samples", samples)]);
        } else {
            let noise = sampler.standard_noise(&request);
            let noise = noise.context("the model does not tell what its samples grow from")?;
            all.push(named("noise", Tensor::stack::<5>(noise, 0)));
            all.push(named("samples", sampler.sample(&request)));
        }
        all.extend(classes.map(|classes| numbers("sample_classes", &classes)));
    }
    all.sort_by(|a, b| a.0.cmp(&b.0));
    Ok(safetensors_bytes(&all, &BTreeMap::new()))
}

fn told(classes: Option<&[u32]>, device: &Device) -> Condition {
    classes.map_or_else(Condition::default, |classes| requests::told(classes, device))
}

fn named<const D: usize>(name: &str, tensor: Tensor<D>) -> NamedTensor {
    let shape = tensor.dims().to_vec();
    let values = tensor.into_data().convert::<f32>().try_into_vec().expect("converted to f32");
    (name.to_owned(), shape, values)
}

fn numbers(name: &str, classes: &[u32]) -> NamedTensor {
    (name.to_owned(), vec![classes.len()], classes.iter().map(|&class| class as f32).collect())
}
