//! Which part of an image is made anew.

use anyhow::{Result, bail};
use burn::tensor::{Device, Tensor, TensorData};
use genlab_core::{ImageShape, Kind, Range, Space};
use genlab_data::read_picture;
use std::path::Path;

/// Levels from which a pixel of a mask counts as white.
const WHITE: f32 = 0.5;

/// `[1, C, H, W]`: 0 where `mask` says that an image is made anew, 1 where it is known.
///
/// # Errors
/// One sentence: values are no images, there is no such part or file, or nothing is left to do.
pub(super) fn known(mask: &str, space: Space, device: &Device) -> Result<Tensor<4>> {
    if space.kind != Kind::Images {
        bail!("--task inpaint has no meaning here: the run's values are no images");
    }
    let ImageShape { channels, height, width } = space.shape;
    let anew: Box<dyn Fn(usize, usize) -> bool> = match mask {
        "left" => Box::new(move |_, x| x < width / 2),
        "right" => Box::new(move |_, x| x >= width / 2),
        "top" => Box::new(move |y, _| y < height / 2),
        "bottom" => Box::new(move |y, _| y >= height / 2),
        "box" => Box::new(move |y, x| {
            let middle = |place: usize, side: usize| (side / 4..side - side / 4).contains(&place);
            middle(y, height) && middle(x, width)
        }),
        file => of_file(file, space)?,
    };
    let known = |place: usize| f32::from(!anew(place / width % height, place % width));
    let numbers: Vec<f32> = (0..channels * height * width).map(known).collect();
    if numbers.iter().all(|known| *known == 1.0) {
        bail!(
            "--mask {mask} leaves nothing to paint; make it white where an image is to be made anew"
        );
    }
    Ok(Tensor::from_data(TensorData::new(numbers, [1, channels, height, width]), device))
}

fn of_file(file: &str, space: Space) -> Result<Box<dyn Fn(usize, usize) -> bool>> {
    let path = Path::new(file);
    if !path.is_file() {
        bail!(
            "there is no part or file {file} (--mask); give left, right, top, bottom, box, or a picture that is \
             white where an image is made anew"
        );
    }
    let shape = ImageShape { channels: 1, ..space.shape };
    let levels = read_picture(path, Space { shape, range: Range::Unit, ..space })?.to_f32();
    let width = shape.width;
    Ok(Box::new(move |y, x| levels[y * width + x] >= WHITE))
}
