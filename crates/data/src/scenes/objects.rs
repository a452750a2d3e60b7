//! Where the objects of scenes are seen, as models are told it.

use super::{Scene, Scenes, render};
use crate::device::upload_bytes;
use burn::tensor::{Device, Int, Tensor, TensorData};
use genlab_core::{
    Objects,
    objects::{EDGES, edges},
};
use rayon::prelude::*;
use std::ops::Range;

/// What is seen of the objects of some pictures, on the device: one byte a pixel, as the pictures have three, and some numbers.
pub(crate) struct DeviceObjects {
    /// `[n, side²]`.
    maps: Tensor<2, Int>,
    /// `[n, K · 4]`.
    frames: Tensor<2>,
    /// `[n, K]`.
    words: Tensor<2, Int>,
    side: usize,
}

impl Scenes {
    /// What is seen of the objects of the pictures at `rows`, painted again by all processors. Panics beyond the last
    /// picture.
    pub fn objects(&self, rows: Range<usize>, device: &Device) -> Objects {
        DeviceObjects::upload(self, rows, device).into_objects()
    }
}

impl DeviceObjects {
    /// As [`Scenes::objects`].
    pub(crate) fn upload(scenes: &Scenes, rows: Range<usize>, device: &Device) -> Self {
        let (count, side, most) = (rows.len(), scenes.side, scenes.most);
        let one = |row: usize| {
            let map = render::map(&scenes.rows[row], side, &scenes.digits);
            let frames: Vec<f32> =
                (1..=most as u8).flat_map(|object| edges(&map, side, object)).collect();
            (map, frames)
        };
        // A wrong caption names other objects.
        let named = |scene: &Scene| match scene.wrong {
            None => scene.caption.digit_words(),
            Some(_) => Vec::new(),
        };
        let words = scenes.places(scenes.rows[rows.clone()].iter().map(named), device);
        let (maps, frames): (Vec<Vec<u8>>, Vec<Vec<f32>>) = rows.into_par_iter().map(one).unzip();
        let frames = TensorData::new(frames.concat(), [count, most * EDGES]);
        Self {
            maps: upload_bytes(maps.concat(), [count, side * side], device),
            frames: Tensor::from_data(frames, device),
            words,
            side,
        }
    }

    /// Those of the pictures at `rows`, indices `[B]` on the device, in that order.
    pub(crate) fn gather_at(&self, rows: Tensor<1, Int>) -> Objects {
        let all = Self {
            maps: self.maps.clone().select(0, rows.clone()),
            frames: self.frames.clone().select(0, rows.clone()),
            words: self.words.clone().select(0, rows),
            side: self.side,
        };
        all.into_objects()
    }

    fn into_objects(self) -> Objects {
        let [count, numbers] = self.frames.dims();
        Objects {
            map: self.maps.reshape([count, self.side, self.side]),
            frames: self.frames.reshape([count, numbers / EDGES, EDGES]),
            words: self.words,
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::{BatchStream, LoadOptions, load, scenes::caption::DIGITS};
    use burn::tensor::{Device, Tensor};
    use genlab_core::Seed;

    fn host<const D: usize>(x: Tensor<D>) -> Vec<f32> {
        x.into_data().try_into_vec().expect("f32")
    }

    #[test]
    fn a_map_is_all_visible_masks_and_frames_lie_around_them() {
        let (device, count) = (Device::flex(), 200);
        let test = load("scenes-48", &LoadOptions::default()).unwrap().test;
        let scenes = test.scenes.as_ref().expect("scenes");
        let (objects, side) = (scenes.objects(0..count, &device), test.shape().width);
        assert_eq!(objects.frames.dims(), [count, 4, 4]);
        let words = host(objects.words.float());
        for (scene, words) in scenes.rows().iter().zip(words.chunks(4)) {
            let text = scene.caption.text();
            let text: Vec<&str> = text.split(' ').collect();
            for (phrase, word) in scene.caption.phrases.iter().zip(words) {
                assert_eq!(text[*word as usize], DIGITS[usize::from(phrase.digit)]);
            }
            assert!(words[scene.objects.len()..].iter().all(|word| *word == 0.0), "{words:?}");
        }
        let (maps, frames) = (host(objects.map.float()), host(objects.frames));
        for row in 0..count {
            let map = &maps[row * side * side..][..side * side];
            let masks = scenes.masks(row);
            for (place, mask) in masks.iter().enumerate() {
                let number = place as f32 + 1.0;
                assert!(map.iter().zip(&mask.visible).all(|(at, seen)| (*at == number) == *seen));
                let frame = &frames[(row * 4 + place) * 4..][..4];
                let columns = (0..side * side).filter(|at| mask.visible[*at]).map(|at| at % side);
                let (left, right) = (columns.clone().min(), columns.max());
                assert_eq!(frame[0], left.expect("some of it is seen") as f32);
                assert_eq!(frame[2], right.expect("some of it is seen") as f32 + 1.0);
            }
            let others = &frames[(row * 4 + masks.len()) * 4..(row + 1) * 16];
            assert!(others.iter().all(|edge| *edge == 0.0), "{row}: {others:?}");
        }
    }

    #[test]
    fn a_wrong_caption_names_no_object() {
        let (device, count) = (Device::flex(), 100);
        let train = load("scenes-32-noisy", &LoadOptions::default()).unwrap().train;
        let scenes = train.scenes.as_ref().expect("scenes");
        let words = host(scenes.objects(0..count, &device).words.float());
        let rows = &scenes.rows()[..count];
        assert!(rows.iter().any(|scene| scene.wrong.is_some()), "none is wrong");
        for (scene, words) in rows.iter().zip(words.chunks(2)) {
            let named = words.iter().filter(|word| **word > 0.0).count();
            let expected = if scene.wrong.is_some() { 0 } else { scene.objects.len() };
            assert_eq!(named, expected, "{scene:?}");
        }
    }

    #[test]
    fn objects_go_with_their_pictures_through_a_stream_that_is_asked_for_them() {
        let device = Device::flex();
        let some = load("scenes-32", &LoadOptions::default()).unwrap().validation.take(10);
        let stream = || BatchStream::new(&some, Seed(3), 4, &device);
        assert!(stream().batch(0).objects.is_none(), "nobody asked");
        let batch = stream().with_objects(&some).batch(6);
        let objects = batch.objects.expect("asked for");
        let all = some.scenes.as_ref().expect("scenes").objects(0..10, &device);
        let (pictures, maps) = (host(batch.values), host(objects.map.float()));
        let (known, known_maps) = (some.to_f32(), host(all.map.float()));
        for (picture, map) in pictures.chunks(3 * 1024).zip(maps.chunks(1024)) {
            let row = known.chunks(3 * 1024).position(|other| other == picture).expect("its row");
            assert_eq!(map, &known_maps[row * 1024..(row + 1) * 1024]);
        }
        assert!(host(all.frames).iter().any(|edge| *edge > 0.0));
    }
}
