//! What is edited.

use anyhow::{Result, bail};
use burn::tensor::{Device, Tensor};
use genlab_core::{ImageShape, LowResolution, Range, Space};
use genlab_data::{Dataset, read_npz, read_npz_values, read_picture};
use std::path::Path;

/// Values at most: pictures have a row for each.
const MOST: usize = 10_000;

/// Values to be edited.
pub(super) struct Values {
    /// `[N, C, H, W]`.
    pub(super) numbers: Tensor<4>,
    /// Whether they are known to hold no noise: real ones.
    pub(super) clean: bool,
}

/// The values that `name` stands for: `test:COUNT`, `validation:COUNT`, an archive or a picture.
///
/// # Errors
/// One sentence: there is no such thing, or it holds other values than the run's.
pub(super) fn values(name: &str, dataset: &Dataset, device: &Device) -> Result<Values> {
    if let Some((split, count)) = of_split(name, dataset)? {
        return Ok(Values { numbers: split.tensor(0..count, device), clean: true });
    }
    let values = read(name, dataset.space)?;
    Ok(Values { numbers: values.tensor(0..values.len(), device), clean: false })
}

/// The images at the lower resolution that `name` stands for; `test:COUNT` are downsampled ones.
///
/// # Errors
/// As [`values`].
pub(super) fn low(
    name: &str,
    dataset: &Dataset,
    factor: usize,
    device: &Device,
) -> Result<LowResolution> {
    if let Some((split, count)) = of_split(name, dataset)? {
        return Ok(LowResolution::of(split.tensor(0..count, device), factor));
    }
    let ImageShape { channels, height, width } = dataset.space.shape;
    let shape = ImageShape::new(channels, height.div_ceil(factor), width.div_ceil(factor));
    let values = read(name, Space { shape, ..dataset.space })?;
    Ok(LowResolution::new(values.tensor(0..values.len(), device), factor))
}

/// Split and COUNT of `test:COUNT` and `validation:COUNT`.
fn of_split<'a>(
    name: &str,
    dataset: &'a Dataset,
) -> Result<Option<(&'a genlab_data::Values, usize)>> {
    let Some((split, count)) = name.split_once(':') else { return Ok(None) };
    let values = match split {
        "test" => &dataset.test,
        "validation" => &dataset.validation,
        _ => return Ok(None),
    };
    let most = values.len().min(MOST);
    match count.parse() {
        Ok(count) if (1..=most).contains(&count) => Ok(Some((values, count))),
        _ => {
            bail!(
                "--input {name} is not possible; give {split}:COUNT with a COUNT from 1 to {most}"
            )
        }
    }
}

fn read(name: &str, space: Space) -> Result<genlab_data::Values> {
    let path = Path::new(name);
    if !path.is_file() {
        bail!("there is no file {name} (--input); give a PNG, JPEG or .npz file, or test:COUNT");
    }
    if !path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("npz")) {
        if space.range == Range::Real {
            bail!("{name} is no .npz file, and the run's values are no images; give an archive");
        }
        if ![1, 3].contains(&space.shape.channels) {
            bail!(
                "{name} is no .npz file, and the run's values are {}; give an archive",
                space.shape
            );
        }
        return Ok(read_picture(path, space)?);
    }
    let values = match space.range {
        Range::Unit => read_npz(path)?,
        Range::Real => read_npz_values(path, space)?,
    };
    let (found, wanted) = (values.shape(), space.shape);
    if found != wanted {
        bail!("{name} holds images of {found}, but {wanted} is needed; resize them");
    }
    if values.is_empty() || values.len() > MOST {
        bail!("{name} holds {} values; give 1 to {MOST}", values.len());
    }
    Ok(values)
}
