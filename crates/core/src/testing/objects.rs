//! What the images show that models are tried on, and what is asked of them.

use super::blobs;
use crate::{
    capabilities::{Mark, Prompts},
    objects::{EDGES, Objects, edges},
    shape::ImageShape,
};
use burn::tensor::{Device, Int, Tensor, TensorData};

/// Objects of an image at most.
pub(super) const MOST: usize = 2;

/// What the first `count` values of [`super::batch`] show: the blob, and in every other one a square that nobody painted in
/// the lower right corner, where no blob comes.
pub(super) fn of(shape: ImageShape, count: usize) -> Objects {
    let ImageShape { height, width, .. } = shape;
    let (values, pixels) = (blobs(shape, count), height * width);
    let shown = |i: usize| {
        let (value, at) = (i / pixels, i % pixels);
        let corner = at / width >= height - height / 4 && at % width >= width - width / 4;
        if values[value * shape.pixels() + at] > 0.5 {
            1
        } else {
            2 * u8::from(value % 2 == 1 && corner)
        }
    };
    let map: Vec<u8> = (0..count * pixels).map(shown).collect();
    let framed =
        |map: &[u8]| -> Vec<f32> { (1..=MOST as u8).flat_map(|k| edges(map, width, k)).collect() };
    let frames: Vec<Vec<f32>> = map.chunks(pixels).map(framed).collect();
    let device = Device::flex();
    let map: Vec<i32> = map.into_iter().map(i32::from).collect();
    Objects {
        map: Tensor::from_data(TensorData::new(map, [count, height, width]), &device),
        frames: Tensor::from_data(TensorData::new(frames.concat(), [count, MOST, EDGES]), &device),
        words: words(count),
    }
}

/// Where the captions of `count` images name their objects: the second word and the third.
pub(super) fn words(count: usize) -> Tensor<2, Int> {
    Tensor::<2, Int>::from_ints([[1, 2]], &Device::flex()).repeat_dim(0, count)
}

/// Prompts for `count` images: a click each, beside an object in every other one, and a place that says nothing.
pub(super) fn asked(count: usize) -> Prompts {
    let device = Device::flex();
    let places: Vec<f32> = (0..2 * count).map(|i| 0.5 + (i % 5) as f32).collect();
    let marks: Vec<i32> =
        (0..count).map(|i| [Mark::Inside, Mark::Outside][i % 2].number()).collect();
    let places = Tensor::<2>::from_data(TensorData::new(places, [count, 2]), &device);
    let marks = Tensor::from_data(TensorData::new(marks, [count, 1]), &device);
    Prompts { places: places.unsqueeze_dim(1), marks, mask: None }.and_nothing()
}
