//! What models are tried on.

use super::{CLASSES, LENGTH, PAST, WORDS};
use crate::shape::ImageShape;
use burn::tensor::{Device, Int, Tensor, TensorData};

/// The captions of the first `count` values of [`super::batch`].
pub(super) fn captions(count: usize) -> Tensor<2, Int> {
    said(count, word)
}

/// What is false of them: the same captions read backwards, and nothing of every third value.
pub(super) fn turned(count: usize) -> Tensor<2, Int> {
    let backwards = |value, place| word(value, LENGTH - 1 - place);
    said(count, |value, place| if value % 3 == 2 { 0 } else { backwards(value, place) })
}

/// What says the same: the same captions from their second word on, and then the first.
pub(super) fn reworded(count: usize) -> Tensor<2, Int> {
    said(count, |value, place| word(value, (place + 1) % LENGTH))
}

fn word(value: usize, place: usize) -> i32 {
    (1 + (value + place) % (WORDS - 1)) as i32
}

fn said(count: usize, word: impl Fn(usize, usize) -> i32) -> Tensor<2, Int> {
    let words: Vec<i32> = (0..count * LENGTH).map(|i| word(i / LENGTH, i % LENGTH)).collect();
    Tensor::from_data(TensorData::new(words, [count, LENGTH]), &Device::flex())
}

/// What came before the first `count` values of [`super::batch`].
pub(super) fn past(count: usize) -> Tensor<2> {
    let number = |i: usize| ((i % CLASSES) as f32 + 0.3 * (i / CLASSES) as f32).sin();
    let numbers: Vec<f32> = (0..count * PAST).map(number).collect();
    Tensor::from_data(TensorData::new(numbers, [count, PAST]), &Device::flex())
}

/// Points on a circle around `mean`.
pub(super) fn circle(shape: ImageShape, count: usize, mean: f32, sd: f32) -> Vec<f32> {
    let size = shape.pixels();
    let angle =
        |i: usize| (i as f32 / count as f32 + (i % 3) as f32 * 0.01) * std::f32::consts::TAU;
    let value = |i: usize, d: usize| mean + sd * (angle(i) + d as f32 * 1.6).sin();
    (0..count).flat_map(|i| (0..size).map(move |d| value(i, d))).collect()
}

/// Soft blobs in different places.
pub(super) fn blobs(shape: ImageShape, count: usize) -> Vec<f32> {
    let mut pixels = Vec::with_capacity(count * shape.pixels());
    for i in 0..count {
        let phase = i as f32 / count as f32;
        for c in 0..shape.channels {
            for y in 0..shape.height {
                for x in 0..shape.width {
                    let dy = y as f32 / shape.height as f32 - phase;
                    let dx = x as f32 / shape.width as f32 - (1.0 - phase) * 0.5 - 0.1 * c as f32;
                    pixels.push((-(dx * dx + dy * dy) * 20.0).exp());
                }
            }
        }
    }
    pixels
}
