//! Which judge looks at which images.

use crate::terminal;
use anyhow::{Result, bail};
use burn::tensor::Device;
use genlab_core::ImageShape;
use genlab_data::{Dataset, cache_folder};
use genlab_metrics::{
    Judge,
    judge::{JUDGES, trained},
};
use std::path::Path;

/// The judge of a dataset: the shipped one, else one that is trained on first use. None where neither
/// can be.
///
/// # Errors
/// When training fails.
pub(crate) fn of_dataset(dataset: &Dataset, device: &Device) -> Result<Option<Judge>> {
    if let Some(judge) = Judge::for_dataset(&dataset.name, dataset.shape, device) {
        return Ok(Some(judge));
    }
    if trained::obstacle(dataset).is_some() {
        return Ok(None);
    }
    let cache = cache_folder();
    Ok(Some(Judge::trained_on(dataset, cache.as_deref(), device, &terminal::note)?))
}

/// The judge of that name, or of that file.
///
/// # Errors
/// When there is neither.
pub(crate) fn named(name: &str, device: &Device) -> Result<Judge> {
    if let Some(spec) = JUDGES.iter().find(|spec| spec.name == name) {
        return Ok(Judge::shipped(spec, device)?);
    }
    let path = Path::new(name);
    if !path.exists() {
        bail!("there is no judge {name:?}; use {}, or the path of a judge's file", names(&JUDGES));
    }
    Ok(Judge::from_file(path, device)?)
}

/// The only shipped judge for images of this shape; None where there is none.
///
/// # Errors
/// When there is more than one.
pub(crate) fn of_shape(shape: ImageShape, device: &Device) -> Result<Option<Judge>> {
    let fitting: Vec<_> = JUDGES.iter().filter(|spec| spec.architecture.shape == shape).collect();
    match fitting[..] {
        [] => Ok(None),
        [spec] => Ok(Some(Judge::shipped(spec, device)?)),
        _ => bail!(
            "images of {shape} have several judges; choose one with --judge: {}",
            names(fitting)
        ),
    }
}

fn names<'a>(specs: impl IntoIterator<Item = &'a genlab_metrics::judge::JudgeSpec>) -> String {
    specs.into_iter().map(|spec| spec.name).collect::<Vec<_>>().join(", ")
}
