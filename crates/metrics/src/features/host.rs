//! Between tensors and host memory.

use burn::tensor::{Device, Tensor, TensorData};
use genlab_core::ImageShape;
use genlab_data::Images;

/// A tensor's values in row-major order.
pub fn floats<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    let data = tensor.into_data().convert::<f32>();
    data.try_into_vec::<f32>().expect("converted to f32 on the line above")
}

/// Values of images `[n, C, H, W]` as a tensor.
pub(crate) fn images(values: Vec<f32>, shape: ImageShape, device: &Device) -> Tensor<4> {
    let count = values.len() / shape.pixels();
    Tensor::from_data(TensorData::new(values, shape.batch(count)), device)
}

/// Images that hold a value that is not finite.
pub(crate) fn broken(values: &[f32], shape: ImageShape) -> usize {
    values.chunks(shape.pixels()).filter(|image| image.iter().any(|v| !v.is_finite())).count()
}

/// Images `[n, C, H, W]` in [0, 1] as 8-bit levels: what is saved is what is scored, so every sample
/// metric can be computed again from the files of a run. What is not finite becomes black.
pub fn quantised(values: &[f32], shape: ImageShape) -> Images {
    let level = |v: &f32| (v.clamp(0.0, 1.0) * 255.0).round() as u8;
    Images { shape, pixels: values.iter().map(level).collect(), labels: None }
}
