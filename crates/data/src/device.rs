//! Images that live on the device.

use crate::images::Images;
use burn::tensor::{DType, Device, Int, Tensor, TensorData};
use genlab_core::ImageShape;
use std::ops::Range;

/// A split that was uploaded once and stays on the device: one byte per pixel where the device has
/// u8, else four (i32).
#[derive(Clone, Debug)]
pub struct DeviceImages {
    /// `[n, C·H·W]`: rows of a matrix are copied whole whatever the image's shape. On burn's CPU
    /// backend a batch of 32 images of 28x28 takes about 17 us, half of it the division.
    store: Tensor<2, Int>,
    shape: ImageShape,
}

impl DeviceImages {
    /// Uploads all of `images` to a plain device (no autodiff).
    pub fn upload(images: &Images, device: &Device) -> Self {
        let dims = [images.len(), images.shape.pixels()];
        Self { store: upload(images.pixels.clone(), dims, device), shape: images.shape }
    }

    /// The images at `rows`, in that order, as floats `[rows, C, H, W]` in [0, 1]. The only traffic
    /// from the host is the indices. Panics (or, on some GPUs, reads garbage) beyond the last image.
    pub fn gather(&self, rows: &[u32]) -> Tensor<4> {
        self.gather_at(row_indices(rows, &self.store.device()))
    }

    /// As [`DeviceImages::gather`], for indices `[B]` that are on the device already.
    pub(crate) fn gather_at(&self, rows: Tensor<1, Int>) -> Tensor<4> {
        unit_floats(self.store.clone().select(0, rows), self.shape)
    }
}

impl Images {
    /// The images at `rows` as floats `[rows, C, H, W]` in [0, 1] on a plain device (no autodiff):
    /// value / 255. Panics beyond the last image.
    pub fn tensor(&self, rows: Range<usize>, device: &Device) -> Tensor<4> {
        let count = rows.len();
        let size = self.shape.pixels();
        let pixels = self.pixels[rows.start * size..(rows.start + count) * size].to_vec();
        let stored = upload(pixels, [count, size], device);
        unit_floats(stored, self.shape)
    }
}

/// Row numbers `[B]` as i32, the index type that every backend has.
pub(crate) fn row_indices(rows: &[u32], device: &Device) -> Tensor<1, Int> {
    let rows: Vec<i32> = rows.iter().map(|&row| row as i32).collect();
    let count = rows.len();
    Tensor::from_data(TensorData::new(rows, [count]), (device, DType::I32))
}

/// Bytes to the device, in the narrowest integer type it has.
fn upload(pixels: Vec<u8>, dims: [usize; 2], device: &Device) -> Tensor<2, Int> {
    if device.supports_dtype(DType::U8) {
        Tensor::from_data(TensorData::new(pixels, dims), (device, DType::U8))
    } else {
        upload_wide(&pixels, dims, device)
    }
}

fn upload_wide(pixels: &[u8], dims: [usize; 2], device: &Device) -> Tensor<2, Int> {
    let wide: Vec<i32> = pixels.iter().map(|&value| i32::from(value)).collect();
    Tensor::from_data(TensorData::new(wide, dims), (device, DType::I32))
}

/// Bytes `[B, C·H·W]` to floats `[B, C, H, W]` in [0, 1].
fn unit_floats(stored: Tensor<2, Int>, shape: ImageShape) -> Tensor<4> {
    let [batch, _] = stored.dims();
    (stored.float() / 255.0).reshape(shape.batch(batch))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ramp(count: usize, shape: ImageShape) -> Images {
        let pixels = (0..count * shape.pixels()).map(|i| (i * 7 % 256) as u8).collect();
        Images { shape, pixels, labels: None }
    }

    fn values(tensor: Tensor<4>) -> Vec<f32> {
        tensor.into_data().as_slice::<f32>().expect("f32").to_vec()
    }

    fn gather_equals_select(shape: ImageShape) {
        let device = Device::flex();
        let images = ramp(9, shape);
        let gathered = DeviceImages::upload(&images, &device).gather(&[8, 0, 3, 3]);
        assert_eq!(gathered.dims(), shape.batch(4));
        let expected = images.select(&[8, 0, 3, 3]).tensor(0..4, &device);
        assert_eq!(values(gathered), values(expected), "{shape}");
    }

    #[test]
    fn gather_gives_the_images_asked_for_whatever_their_shape() {
        for (c, h, w) in [(1, 28, 28), (3, 5, 7), (2, 1, 1), (1, 1, 1), (4, 1, 16)] {
            gather_equals_select(ImageShape::new(c, h, w));
        }
    }

    #[test]
    fn tensor_scales_bytes_to_the_unit_interval() {
        let shape = ImageShape::new(2, 1, 2);
        let images = Images { shape, pixels: vec![0, 51, 102, 255, 9, 9, 9, 9], labels: None };
        let tensor = images.tensor(0..1, &Device::flex());
        assert_eq!(tensor.dims(), [1, 2, 1, 2]);
        let data = tensor.into_data();
        assert_eq!(data.as_slice::<f32>().expect("f32"), [0.0, 51.0 / 255.0, 102.0 / 255.0, 1.0]);
    }

    #[test]
    fn pixels_stay_bytes_on_a_device_that_has_bytes() {
        let images = DeviceImages::upload(&ramp(2, ImageShape::new(1, 2, 2)), &Device::flex());
        assert_eq!(images.store.dtype(), DType::U8);
    }

    #[test]
    fn the_path_without_bytes_gives_the_same_floats() {
        let device = Device::flex();
        let shape = ImageShape::new(3, 4, 5);
        let images = ramp(6, shape);
        let narrow = DeviceImages::upload(&images, &device);
        let store = upload_wide(&images.pixels, [6, shape.pixels()], &device);
        assert_eq!(store.dtype(), DType::I32);
        let wide = DeviceImages { store, shape };
        assert_eq!(values(narrow.gather(&[5, 1, 2])), values(wide.gather(&[5, 1, 2])));
    }
}
