//! Values that live on the device.

use crate::values::{Numbers, Pasts, Values};
use burn::tensor::{DType, Device, Int, Tensor, TensorData};
use genlab_core::{Batch, ImageShape, Objects, Space};
use std::ops::Range;

/// A split that was uploaded once and stays on the device.
#[derive(Clone, Debug)]
pub struct DeviceValues {
    store: Store,
    space: Space,
}

/// `[n, C·H·W]`: rows of a matrix are copied whole whatever the value's shape. On burn's CPU backend a
/// batch of 32 images of 28x28 takes about 17 us, half of it the division.
#[derive(Clone, Debug)]
enum Store {
    /// One byte per number where the device has u8, else four (i32).
    Bytes(Tensor<2, Int>),
    Floats(Tensor<2>),
}

impl DeviceValues {
    /// Uploads all of `values` to a plain device (no autodiff).
    pub fn upload(values: &Values, device: &Device) -> Self {
        let dims = [values.len(), values.shape().pixels()];
        Self { store: Store::upload(values.numbers.clone(), dims, device), space: values.space }
    }

    /// The values at `rows`, in that order, as floats `[rows, C, H, W]` in the units of their space.
    /// The only traffic from the host is the indices. Panics (or, on some GPUs, reads garbage) beyond
    /// the last value.
    pub fn gather(&self, rows: &[u32]) -> Tensor<4> {
        let device = match &self.store {
            Store::Bytes(bytes) => bytes.device(),
            Store::Floats(floats) => floats.device(),
        };
        self.gather_at(indices(rows, &device))
    }

    /// As [`DeviceValues::gather`], for indices `[B]` that are on the device already.
    pub(crate) fn gather_at(&self, rows: Tensor<1, Int>) -> Tensor<4> {
        let picked = match &self.store {
            Store::Bytes(bytes) => Store::Bytes(bytes.clone().select(0, rows)),
            Store::Floats(floats) => Store::Floats(floats.clone().select(0, rows)),
        };
        picked.into_floats(self.space.shape)
    }

    /// What every value is.
    pub(crate) fn space(&self) -> Space {
        self.space
    }
}

impl Values {
    /// The values at `rows` with their labels, as a batch that begins at row `rows.start`, without
    /// their objects. Panics beyond the last value.
    pub fn batch(&self, rows: Range<usize>, device: &Device) -> Batch {
        let labels = self.labels.as_ref().map(|labels| indices(&labels[rows.clone()], device));
        let past = self.past(rows.clone(), device);
        let captions = self.captions(rows.clone(), device);
        let turned = self.turned(rows.clone(), device);
        let reworded = self.reworded(rows.clone(), device);
        let values = self.tensor(rows.clone(), device);
        Batch {
            values,
            labels,
            past,
            captions,
            turned,
            reworded,
            objects: None,
            first: rows.start as u64,
        }
    }

    /// The captions of the values at `rows`, `[rows, T]` numbers of words, where they are scenes. Panics beyond the last
    /// value.
    pub fn captions(&self, rows: Range<usize>, device: &Device) -> Option<Tensor<2, Int>> {
        self.scenes.as_ref().map(|scenes| scenes.captions(rows, device))
    }

    /// The same captions with every relation turned round, empty where there is none or where that is true of the value as well.
    /// Panics beyond the last value.
    pub fn turned(&self, rows: Range<usize>, device: &Device) -> Option<Tensor<2, Int>> {
        self.scenes.as_ref().map(|scenes| scenes.turned(rows, device))
    }

    /// The same captions in another order of the objects, where the values are scenes, `[rows, T]` numbers of words. Panics beyond
    /// the last value.
    pub fn reworded(&self, rows: Range<usize>, device: &Device) -> Option<Tensor<2, Int>> {
        self.scenes.as_ref().map(|scenes| scenes.reworded(rows, device))
    }

    /// Where the objects of the values at `rows` are, where they are scenes. Panics beyond the last value.
    pub fn objects(&self, rows: Range<usize>, device: &Device) -> Option<Objects> {
        self.scenes.as_ref().map(|scenes| scenes.objects(rows, device))
    }

    /// What came before the values at `rows`, `[rows, P]` in their units, on a plain device (no autodiff).
    /// Panics beyond the last value.
    pub fn past(&self, rows: Range<usize>, device: &Device) -> Option<Tensor<2>> {
        let Pasts { length, numbers } = self.pasts.as_ref()?;
        let numbers = numbers[rows.start * length..rows.end * length].to_vec();
        Some(Tensor::from_data(TensorData::new(numbers, [rows.len(), *length]), device))
    }

    /// The values at `rows` as floats `[rows, C, H, W]` in the units of their space, on a plain device
    /// (no autodiff); a byte is value / 255. Panics beyond the last value.
    pub fn tensor(&self, rows: Range<usize>, device: &Device) -> Tensor<4> {
        let (count, size) = (rows.len(), self.shape().pixels());
        let numbers = self.numbers.slice(rows.start * size..(rows.start + count) * size);
        Store::upload(numbers, [count, size], device).into_floats(self.shape())
    }
}

impl Store {
    fn upload(numbers: Numbers, dims: [usize; 2], device: &Device) -> Self {
        match numbers {
            Numbers::Bytes(bytes) => Self::Bytes(upload_bytes(bytes, dims, device)),
            Numbers::Floats(floats) => {
                Self::Floats(Tensor::from_data(TensorData::new(floats, dims), device))
            }
        }
    }

    /// `[B, C·H·W]` to floats `[B, C, H, W]`, bytes to [0, 1].
    fn into_floats(self, shape: ImageShape) -> Tensor<4> {
        let floats = match self {
            Self::Bytes(bytes) => bytes.float() / 255.0,
            Self::Floats(floats) => floats,
        };
        let [batch, _] = floats.dims();
        floats.reshape(shape.batch(batch))
    }
}

/// Row numbers or classes `[B]` as i32, the index type that every backend has.
pub(crate) fn indices(of: &[u32], device: &Device) -> Tensor<1, Int> {
    let wide: Vec<i32> = of.iter().map(|&index| index as i32).collect();
    Tensor::from_data(TensorData::new(wide, [of.len()]), (device, DType::I32))
}

/// Bytes to the device, in the narrowest integer type it has.
pub(crate) fn upload_bytes(bytes: Vec<u8>, dims: [usize; 2], device: &Device) -> Tensor<2, Int> {
    if device.supports_dtype(DType::U8) {
        Tensor::from_data(TensorData::new(bytes, dims), (device, DType::U8))
    } else {
        upload_wide(&bytes, dims, device)
    }
}

fn upload_wide(bytes: &[u8], dims: [usize; 2], device: &Device) -> Tensor<2, Int> {
    let wide: Vec<i32> = bytes.iter().map(|&value| i32::from(value)).collect();
    Tensor::from_data(TensorData::new(wide, dims), (device, DType::I32))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ramp(count: usize, shape: ImageShape) -> Values {
        let bytes = (0..count * shape.pixels()).map(|i| (i * 7 % 256) as u8).collect();
        Values::images(shape, bytes)
    }

    /// The same numbers as reals around zero.
    fn reals(values: &Values) -> Values {
        let space = Space { range: genlab_core::Range::Real, mean: 0.0, sd: 1.0, ..values.space };
        Values::floats(space, values.to_f32().iter().map(|v| v * 4.0 - 2.0).collect())
    }

    fn numbers(tensor: Tensor<4>) -> Vec<f32> {
        tensor.into_data().as_slice::<f32>().expect("f32").to_vec()
    }

    fn gather_equals_select(shape: ImageShape) {
        let device = Device::flex();
        let images = ramp(9, shape);
        for values in [reals(&images), images] {
            let gathered = DeviceValues::upload(&values, &device).gather(&[8, 0, 3, 3]);
            assert_eq!(gathered.dims(), shape.batch(4));
            let expected = values.select(&[8, 0, 3, 3]);
            assert_eq!(numbers(gathered), numbers(expected.tensor(0..4, &device)), "{shape}");
            assert_eq!(expected.to_f32(), numbers(expected.tensor(0..4, &device)), "{shape}");
        }
    }

    #[test]
    fn gather_gives_the_values_asked_for_whatever_their_shape() {
        for (c, h, w) in [(1, 28, 28), (3, 5, 7), (2, 1, 1), (1, 1, 1), (4, 1, 16)] {
            gather_equals_select(ImageShape::new(c, h, w));
        }
    }

    #[test]
    fn tensor_scales_bytes_to_the_unit_interval() {
        let shape = ImageShape::new(2, 1, 2);
        let images = Values::images(shape, vec![0, 51, 102, 255, 9, 9, 9, 9]);
        let tensor = images.tensor(0..1, &Device::flex());
        assert_eq!(tensor.dims(), [1, 2, 1, 2]);
        let data = tensor.into_data();
        assert_eq!(data.as_slice::<f32>().expect("f32"), [0.0, 51.0 / 255.0, 102.0 / 255.0, 1.0]);
    }

    #[test]
    fn a_batch_has_the_labels_and_the_place_of_its_rows() {
        let images = ramp(5, ImageShape::new(1, 2, 2)).with_labels(Some(vec![4, 3, 700, 1, 0]));
        let batch = images.batch(2..4, &Device::flex());
        assert_eq!((batch.first, batch.rows()), (2, 2..4));
        assert_eq!(numbers(batch.values), numbers(images.tensor(2..4, &Device::flex())));
        let labels = batch.labels.expect("labels").into_data();
        assert_eq!(labels.as_slice::<i32>().expect("i32"), [700, 1]);
        let unlabelled = images.with_labels(None).batch(0..1, &Device::flex());
        assert!(unlabelled.labels.is_none());
    }

    #[test]
    fn tensor_leaves_floats_as_they_are() {
        let points = Values::floats(Space::points(2, 0.0, 1.0), vec![0.1, -2.5, 1e9, 255.0]);
        assert_eq!(numbers(points.tensor(1..2, &Device::flex())), [1e9, 255.0]);
    }

    #[test]
    fn levels_stay_bytes_on_a_device_that_has_bytes() {
        let images = DeviceValues::upload(&ramp(2, ImageShape::new(1, 2, 2)), &Device::flex());
        let Store::Bytes(bytes) = images.store else { panic!("bytes became floats") };
        assert_eq!(bytes.dtype(), DType::U8);
    }

    #[test]
    fn the_path_without_bytes_gives_the_same_floats() {
        let device = Device::flex();
        let shape = ImageShape::new(3, 4, 5);
        let images = ramp(6, shape);
        let narrow = DeviceValues::upload(&images, &device);
        let bytes = images.bytes().expect("bytes");
        let store = upload_wide(bytes, [6, shape.pixels()], &device);
        assert_eq!(store.dtype(), DType::I32);
        let wide = DeviceValues { store: Store::Bytes(store), space: images.space };
        assert_eq!(numbers(narrow.gather(&[5, 1, 2])), numbers(wide.gather(&[5, 1, 2])));
    }
}
