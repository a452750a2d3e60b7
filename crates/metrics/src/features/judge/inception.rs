//! The Inception network of the Fréchet Inception distance: pytorch-fid 0.3.0's `InceptionV3` with
//! the weights `pt_inception-2015-12-05` (Szegedy et al. 2016, arXiv:1512.00567, as Heusel et al.
//! 2017, arXiv:1706.08500, used it), up to the 2048 averages before its classifier.
//!
//! Only distances between these features may be called FID. They depend on the resizing as much as
//! on the weights, so [`prepared`] is pytorch-fid's to the last constant.

mod layers;
mod plan;
#[cfg(test)]
mod tests;

use crate::{
    features::{
        host,
        weights::{Weights, WeightsError},
    },
    numerics::matrix::Rows,
};
use burn::tensor::{
    Device, Tensor,
    module::interpolate,
    ops::{InterpolateMode, InterpolateOptions},
};
use layers::Layers;

/// Its name in results.
pub(super) const NAME: &str = "inception-2015-12-05";
/// Dimension of the features.
pub(super) const FEATURES: usize = 2048;
/// Height and width that images are resized to.
const SIDE: usize = 299;
/// Images per forward pass. The widest activation takes 5.5 MB an image.
const BATCH: usize = 16;

/// The frozen network, batch normalisation folded into its convolutions.
pub(super) struct Inception {
    layers: Layers,
}

impl Inception {
    /// # Errors
    /// Names the tensor that is missing or has another shape.
    pub(super) fn new(weights: &dyn Weights, device: &Device) -> Result<Self, WeightsError> {
        let layers = Layers::new(&plan::network(), plan::CHANNELS, weights, device)?;
        assert_eq!(layers.outputs(), FEATURES, "the plan ends in the features");
        Ok(Self { layers })
    }

    /// Features `[n, 2048]` of images `[n, C, H, W]` in [0, 1], grey or RGB, in batches.
    pub(super) fn features(&self, images: &Tensor<4>, device: &Device) -> Rows {
        let [count, ..] = images.dims();
        let mut features = Vec::with_capacity(count * FEATURES);
        for first in (0..count).step_by(BATCH) {
            let batch = images.clone().narrow(0, first, BATCH.min(count - first));
            let maps = self.layers.forward(prepared(batch.to_device(device)));
            features.extend(host::floats(maps.flatten::<3>(2, 3).mean_dim(2)));
        }
        Rows::from_f32(FEATURES, &features)
    }
}

/// Images `[B, C, H, W]` in [0, 1] as the network takes them, `[B, 3, 299, 299]` in [-1, 1]:
/// `F.interpolate(mode="bilinear", align_corners=False)` without antialiasing, then 2x − 1. Grey
/// images are repeated in three channels.
fn prepared(images: Tensor<4>) -> Tensor<4> {
    let [_, channels, ..] = images.dims();
    let options = InterpolateOptions::new(InterpolateMode::Bilinear)
        .with_align_corners(false)
        .with_output_size([SIDE, SIDE]);
    let resized = interpolate(images, options) * 2.0 - 1.0;
    if channels == 1 { resized.repeat_dim(1, plan::CHANNELS) } else { resized }
}
