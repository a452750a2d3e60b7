//! How a convolutional network is told an image at a lower resolution.

use crate::{
    condition::Condition,
    low_resolution::{LowResolution, upsampled},
    space::Space,
};
use burn::{module::Module, tensor::Tensor};

/// The image in standard units, repeated to the size of the others, as further channels, with one more that says whether it
/// is told: rows that are not told theirs have zeros in all of them (Saharia et al. 2021,
/// arXiv:2104.07636, section 2.2, with repetition in place of bicubic interpolation).
#[derive(Module, Debug)]
pub(super) struct LowResolutionChannels {
    channels: usize,
    mean: f64,
    sd: f64,
}

impl LowResolutionChannels {
    /// Beside images of `space`.
    pub(super) fn new(space: Space) -> Self {
        Self { channels: space.shape.channels, mean: space.mean, sd: space.sd }
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.channels + 1
    }

    /// `images` `[B, C, H, W]` with them behind: `[B, 2 C + 1, H, W]`.
    pub(super) fn beside(&self, images: Tensor<4>, condition: &Condition) -> Tensor<4> {
        let [batch, _, height, width] = images.dims();
        let further = match &condition.low_resolution {
            Some(LowResolution { images, factor, told }) => {
                let told = told.clone().reshape([batch, 1, 1, 1]);
                let standard = (images.clone() - self.mean) / self.sd * told.clone();
                let told = told.repeat(&[1, 1, height, width]);
                Tensor::cat(vec![upsampled(standard, *factor, [height, width]), told], 1)
            }
            None => Tensor::zeros([batch, self.count(), height, width], &images.device().inner()),
        };
        Tensor::cat(vec![images, further], 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shape::ImageShape;
    use burn::tensor::Device;

    #[test]
    fn an_image_is_told_in_standard_units_and_its_absence_by_zeros() {
        let device = Device::flex();
        let space = Space { mean: 0.5, sd: 0.25, ..Space::images(ImageShape::new(1, 2, 2)) };
        let channels = LowResolutionChannels::new(space);
        let read = |condition: &Condition| {
            let read = channels.beside(Tensor::full([1, 1, 2, 2], 7.0, &device), condition);
            read.into_data().try_into_vec::<f32>().expect("f32")
        };
        let low = LowResolution::new(Tensor::full([1, 1, 1, 1], 0.75, &device), 2);
        let told = read(&Condition::of_low_resolution(low.clone()));
        assert_eq!(told, [[7.0; 4], [1.0; 4], [1.0; 4]].concat());
        let untold = read(&Condition::default());
        assert_eq!(untold, [[7.0; 4], [0.0; 4], [0.0; 4]].concat());
        let dropped = LowResolution { told: Tensor::zeros([1], &device), ..low };
        assert_eq!(read(&Condition::of_low_resolution(dropped)), untold);
    }
}
