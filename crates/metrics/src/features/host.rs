//! Between tensors and host memory.

use burn::tensor::{Device, Tensor, TensorData};
use genlab_core::{ImageShape, Range, Space};
use genlab_data::Values;

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

/// Values that hold a value that is not finite.
pub(crate) fn broken(values: &[f32], shape: ImageShape) -> usize {
    values.chunks(shape.pixels()).filter(|image| image.iter().any(|v| !v.is_finite())).count()
}

/// Numbers `[n, C, H, W]` of `space` in the form in which they are kept: those in [0, 1] as 8-bit
/// levels, others as they are. What is kept is what is scored, so every sample metric can be computed
/// again from the files of a run. What is not finite becomes 0.
pub fn kept(numbers: &[f32], space: Space) -> Values {
    match space.range {
        Range::Unit => {
            let level = |v: &f32| (v.clamp(0.0, 1.0) * 255.0).round() as u8;
            let bytes = numbers.iter().map(level).collect();
            Values { space, ..Values::images(space.shape, bytes) }
        }
        Range::Real => {
            let finite = |v: &f32| if v.is_finite() { *v } else { 0.0 };
            Values::floats(space, numbers.iter().map(finite).collect())
        }
    }
}
