//! The order in which training values come.

use crate::{
    device::{DeviceValues, indices},
    options::Binarise,
    scenes::DeviceObjects,
    values::Values,
};
use burn::tensor::{Device, Int, Tensor};
use genlab_core::{Batch, Phase, Seed};
use std::sync::{Arc, Mutex, PoisonError};

/// The batches of a run: step k takes values `[k·B, (k+1)·B)` of the concatenation of per-epoch
/// permutations.
///
/// A batch is a pure function of (seed, step), so a resumed run needs no iterator state, and every
/// model with the same seed sees the same values in the same order. Each value comes once per epoch;
/// a batch may straddle epochs and may be larger than the dataset.
pub struct BatchStream {
    values: DeviceValues,
    labels: Option<Tensor<1, Int>>,
    pasts: Option<Tensor<2>>,
    captions: Option<Tensor<2, Int>>,
    turned: Option<Tensor<2, Int>>,
    reworded: Option<Tensor<2, Int>>,
    objects: Option<DeviceObjects>,
    len: usize,
    seed: Seed,
    batch_size: usize,
    binarise: Binarise,
    device: Device,
    /// The permutation used last, with its epoch. It saves work and never decides a result.
    order: Mutex<Option<(u64, Arc<[u32]>)>>,
}

impl BatchStream {
    /// Uploads `data` once to a plain device (no autodiff). Grey pixels stay grey. Panics if there is
    /// no value or `batch_size` is 0: [`crate::load`] never gives an empty split.
    pub fn new(data: &Values, seed: Seed, batch_size: usize, device: &Device) -> Self {
        assert!(!data.is_empty(), "a batch stream needs at least one value");
        assert!(batch_size > 0, "a batch holds at least one value");
        let labels = data.labels.as_ref().map(|labels| indices(labels, device));
        Self {
            values: DeviceValues::upload(data, device),
            labels,
            pasts: data.past(0..data.len(), device),
            captions: data.captions(0..data.len(), device),
            turned: data.turned(0..data.len(), device),
            reworded: data.reworded(0..data.len(), device),
            objects: None,
            len: data.len(),
            seed,
            batch_size,
            binarise: Binarise::None,
            device: device.clone(),
            order: Mutex::new(None),
        }
    }

    /// The same batches with their objects, where the values are scenes: of `data`, which the stream is made of. They are
    /// painted again once, by all processors, and take a third of the memory of the pictures.
    #[must_use]
    pub fn with_objects(self, data: &Values) -> Self {
        let all = 0..data.len();
        let objects = data.scenes.as_ref();
        let objects = objects.map(|scenes| DeviceObjects::upload(scenes, all, &self.device));
        Self { objects, ..self }
    }

    /// The same values in the same order, with grey pixels made black or white as `binarise` says.
    /// Panics where it does not fit the space: [`Binarise::fits`] tells beforehand.
    pub fn binarised(self, binarise: Binarise) -> Self {
        binarise.fits(self.values.space()).expect("settings that were checked against the dataset");
        Self { binarise, ..self }
    }

    /// The batch of step `step`: values `[B, C, H, W]` in the units of their space, class
    /// indices `[B]`, pasts `[B, P]`, captions, turned and reworded ones `[B, T]` where there are any, and objects where they were
    /// [asked for](Self::with_objects).
    pub fn batch(&self, step: u64) -> Batch {
        let rows = indices(&self.rows(step), &self.device);
        let batch = Batch {
            labels: self.labels.clone().map(|labels| labels.select(0, rows.clone())),
            past: self.pasts.clone().map(|pasts| pasts.select(0, rows.clone())),
            captions: self.captions.clone().map(|captions| captions.select(0, rows.clone())),
            turned: self.turned.clone().map(|turned| turned.select(0, rows.clone())),
            reworded: self.reworded.clone().map(|reworded| reworded.select(0, rows.clone())),
            objects: self.objects.as_ref().map(|objects| objects.gather_at(rows.clone())),
            values: self.values.gather_at(rows),
            first: step * self.batch_size as u64,
        };
        match self.binarise {
            Binarise::None => batch,
            Binarise::Dynamic => self.drawn(batch),
        }
    }

    /// Values per batch.
    pub fn batch_size(&self) -> usize {
        self.batch_size
    }

    /// Values per epoch.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Never: [`BatchStream::new`] refuses an empty split.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Each pixel black or white, with its grey value as probability. Drawn by position in the
    /// stream, so a value looks different in every epoch.
    fn drawn(&self, batch: Batch) -> Batch {
        let (shape, device) = (batch.values.dims(), &self.device);
        let draw =
            self.seed.during(Phase::Train).uniform("data/binarise", 0, batch.rows(), shape, device);
        Batch { values: draw.lower(batch.values.clone()).float(), ..batch }
    }

    /// Indices into the split of the values of one batch.
    fn rows(&self, step: u64) -> Vec<u32> {
        let len = self.len as u64;
        let mut position = step * self.batch_size as u64;
        let mut rows = Vec::with_capacity(self.batch_size);
        while rows.len() < self.batch_size {
            let order = self.order_of(position / len);
            let start = (position % len) as usize;
            let count = (self.batch_size - rows.len()).min(self.len - start);
            rows.extend_from_slice(&order[start..start + count]);
            position += count as u64;
        }
        rows
    }

    fn order_of(&self, epoch: u64) -> Arc<[u32]> {
        // A panic elsewhere cannot leave a half-written entry, so a poisoned lock is still good.
        let mut cached = self.order.lock().unwrap_or_else(PoisonError::into_inner);
        match &*cached {
            Some((of, order)) if *of == epoch => Arc::clone(order),
            _ => {
                let order: Arc<[u32]> = self
                    .seed
                    .during(Phase::Train)
                    .permutation("data/order", epoch, self.len)
                    .into();
                *cached = Some((epoch, Arc::clone(&order)));
                order
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use genlab_core::{ImageShape, Space};

    /// Image i is the one pixel i, with label i.
    fn stream(len: usize, batch_size: usize, seed: u64) -> BatchStream {
        let bytes = (0..len).map(|i| i as u8).collect();
        let labels = (0..len).map(|i| i as u32).collect();
        let images = Values::images(ImageShape::new(1, 1, 1), bytes).with_labels(Some(labels));
        BatchStream::new(&images, Seed(seed), batch_size, &Device::flex())
    }

    fn seen(stream: &BatchStream, step: u64) -> Vec<u8> {
        let data = stream.batch(step).values.into_data();
        data.as_slice::<f32>().expect("f32").iter().map(|v| (v * 255.0).round() as u8).collect()
    }

    #[test]
    fn random_access_equals_sequential_access() {
        let sequential = stream(10, 4, 1);
        let forward: Vec<_> = (0..20).map(|step| seen(&sequential, step)).collect();
        let random = stream(10, 4, 1);
        for step in [19, 0, 7, 7, 2, 18, 1, 12] {
            assert_eq!(seen(&random, step), forward[step as usize], "step {step}");
        }
    }

    #[test]
    fn each_image_comes_once_per_epoch_though_batches_straddle_epochs() {
        let stream = stream(10, 4, 5);
        let order: Vec<u8> = (0..15).flat_map(|step| seen(&stream, step)).collect();
        let epochs: Vec<&[u8]> = order.chunks(10).collect();
        for epoch in &epochs {
            let mut sorted = epoch.to_vec();
            sorted.sort_unstable();
            assert_eq!(sorted, (0..10).collect::<Vec<u8>>());
        }
        assert_ne!(epochs[0], epochs[1]);
    }

    #[test]
    fn a_batch_may_be_larger_than_the_dataset() {
        let (big, small) = (stream(3, 8, 2), stream(3, 1, 2));
        let one_by_one: Vec<u8> = (0..16).flat_map(|step| seen(&small, step)).collect();
        let at_once: Vec<u8> = (0..2).flat_map(|step| seen(&big, step)).collect();
        assert_eq!(at_once, one_by_one);
    }

    #[test]
    fn the_order_does_not_depend_on_the_batch_size() {
        let (a, b) = (stream(10, 3, 4), stream(10, 5, 4));
        let by_three: Vec<u8> = (0..10).flat_map(|step| seen(&a, step)).collect();
        let by_five: Vec<u8> = (0..6).flat_map(|step| seen(&b, step)).collect();
        assert_eq!(by_three, by_five);
    }

    #[test]
    fn seeds_give_different_orders() {
        assert_ne!(seen(&stream(50, 50, 1), 0), seen(&stream(50, 50, 2), 0));
    }

    #[test]
    fn labels_and_positions_follow_their_images() {
        let stream = stream(10, 4, 3);
        let batch = stream.batch(6);
        assert_eq!(batch.first, 24);
        assert_eq!(batch.rows(), 24..28);
        let labels = batch.labels.expect("the dataset has labels").into_data();
        let labels: Vec<u8> =
            labels.as_slice::<i32>().expect("i32").iter().map(|&v| v as u8).collect();
        assert_eq!(labels, seen(&stream, 6));
        assert_eq!((stream.batch_size(), stream.len(), stream.is_empty()), (4, 10, false));
    }

    fn values(images: Tensor<4>) -> Vec<f32> {
        images.into_data().as_slice::<f32>().expect("f32").to_vec()
    }

    #[test]
    fn a_binarised_pixel_is_white_where_the_draw_of_its_position_is_below_its_grey_value() {
        // 37 batches of 3 straddle the epochs of 100 images.
        let (grey, binarised) = (stream(100, 3, 9), stream(100, 3, 9).binarised(Binarise::Dynamic));
        let draw = Seed(9).during(Phase::Train).uniform(
            "data/binarise",
            0,
            0..111,
            [111, 1, 1, 1],
            &Device::flex(),
        );
        let greys = (0..37).flat_map(|step| values(grey.batch(step).values));
        let expected: Vec<f32> =
            values(draw).into_iter().zip(greys).map(|(u, v)| f32::from(u8::from(u < v))).collect();
        let batches: Vec<Batch> = (0..37).map(|step| binarised.batch(step)).collect();
        assert_eq!(batches[7].rows(), 21..24, "positions are those of the grey stream");
        let drawn: Vec<f32> = batches.into_iter().flat_map(|batch| values(batch.values)).collect();
        assert_eq!(drawn, expected);
        assert!(drawn.contains(&0.0) && drawn.contains(&1.0));
    }

    #[test]
    fn black_and_white_stay_as_they_are_and_grey_is_drawn_afresh_in_every_epoch() {
        let shape = ImageShape::new(1, 1, 1002);
        let images = Values::images(shape, [&[0_u8][..], &[64; 1000], &[255]].concat());
        let stream = BatchStream::new(&images, Seed(1), 1, &Device::flex());
        let stream = stream.binarised(Binarise::Dynamic);
        let [first, second] = [0, 1].map(|epoch| values(stream.batch(epoch).values));
        for image in [&first, &second] {
            assert_eq!((image[0], image[1001]), (0.0, 1.0));
            let white: f32 = image[1..1001].iter().sum();
            // A quarter of 1000 draws; the standard deviation is 14.
            assert!((white - 251.0).abs() < 70.0, "{white}");
        }
        assert_ne!(first, second);
    }

    #[test]
    fn a_stream_stays_grey_unless_it_is_told_otherwise() {
        let same = stream(10, 4, 1).binarised(Binarise::None);
        assert_eq!(seen(&same, 3), seen(&stream(10, 4, 1), 3));
    }

    #[test]
    fn values_without_labels_make_batches_without_labels() {
        let images = Values::images(ImageShape::new(3, 1, 1), vec![1; 6]);
        let stream = BatchStream::new(&images, Seed(0), 2, &Device::flex());
        assert!(stream.batch(0).labels.is_none());
    }

    #[test]
    fn floats_travel_as_they_are_with_labels_beyond_a_byte() {
        let points = Values::floats(Space::points(2, 0.0, 1.0), vec![-3.5, 1e-3, 700.0, 0.1]);
        let points = points.with_labels(Some(vec![999, 70_000]));
        let batch = BatchStream::new(&points, Seed(0), 2, &Device::flex()).batch(3);
        let labels = batch.labels.expect("labels").into_data();
        for (row, label) in labels.as_slice::<i32>().expect("i32").iter().enumerate() {
            let index = usize::from(*label == 70_000);
            assert_eq!(points.labels.as_ref().expect("labels")[index], *label as u32);
            let value = values(batch.values.clone().narrow(0, row, 1));
            assert_eq!(value, points.select(&[index]).to_f32());
        }
    }

    #[test]
    #[should_panic(expected = "checked against the dataset")]
    fn reals_are_not_made_black_and_white() {
        let points = Values::floats(Space::points(1, 0.0, 1.0), vec![0.5]);
        let stream = BatchStream::new(&points, Seed(0), 1, &Device::flex());
        stream.binarised(Binarise::Dynamic);
    }
}
