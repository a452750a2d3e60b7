//! LPIPS: how different two images look to AlexNet (Zhang et al. 2018, arXiv:1801.03924), in the
//! version 0.1 of the package `lpips` with its AlexNet weights.

use crate::features::{
    host,
    weights::{PinnedFile, Weights, WeightsError, filled},
};
use burn::tensor::{
    Device, Tensor, TensorData, activation::relu, module::max_pool2d, ops::MaxPoolOptions,
};
use genlab_core::{
    ImageShape,
    nn::{Conv2d, Conv2dConfig},
};

/// Height and width below which nothing is left after AlexNet's two pools.
pub const SMALLEST: usize = 31;
/// Pairs of images per forward pass.
const BATCH: usize = 32;
/// The package's `ScalingLayer`, for images in [-1, 1].
const SHIFT: [f32; 3] = [-0.030, -0.088, -0.188];
const SCALE: [f32; 3] = [0.458, 0.448, 0.450];
/// Added to the norm of a feature vector.
const EPSILON: f64 = 1e-10;

/// One convolution of AlexNet, under its name in the package's state dict.
struct Plan {
    name: &'static str,
    outputs: usize,
    kernel: usize,
    stride: usize,
    padding: usize,
    before: Before,
}

/// What comes before a convolution.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Before {
    Nothing,
    /// The maximum over 3×3 with a stride of 2.
    MaxPool,
}

const fn plan(name: &'static str, outputs: usize, kernel: usize, before: Before) -> Plan {
    Plan { name, outputs, kernel, stride: 1, padding: kernel / 2, before }
}

const ALEXNET: [Plan; 5] = [
    Plan { stride: 4, padding: 2, ..plan("net.slice1.0", 64, 11, Before::Nothing) },
    plan("net.slice2.3", 192, 5, Before::MaxPool),
    plan("net.slice3.6", 384, 3, Before::MaxPool),
    plan("net.slice4.8", 256, 3, Before::Nothing),
    plan("net.slice5.10", 256, 3, Before::Nothing),
];

/// Why there is no LPIPS.
#[derive(Debug, thiserror::Error)]
pub enum LpipsError {
    /// The weights cannot be used.
    #[error(transparent)]
    Weights(#[from] WeightsError),
    /// Nothing would be left of the images.
    #[error(
        "LPIPS needs images of at least {SMALLEST}x{SMALLEST} pixels, and these are {shape}: \
         AlexNet halves them until nothing is left; leave LPIPS out, it is not defined on enlarged \
         images"
    )]
    TooSmall {
        /// Size of the images.
        shape: ImageShape,
    },
}

/// The frozen network.
pub struct Lpips {
    /// SHA-256 of its weights, in hexadecimal.
    pub sha256: String,
    stages: Vec<Stage>,
    shift: Tensor<4>,
    scale: Tensor<4>,
}

struct Stage {
    before: Before,
    convolution: Conv2d,
    /// What a difference in each channel counts for, `[1, C, 1, 1]`.
    channels: Tensor<4>,
}

impl Lpips {
    /// For grey and RGB images of this shape. `judges/convert.py` makes the file.
    ///
    /// # Errors
    /// When the images are too small for AlexNet, or the file cannot be read, is not the pinned
    /// one, or belongs to another network.
    pub fn open(file: &PinnedFile, shape: ImageShape, device: &Device) -> Result<Self, LpipsError> {
        if shape.height.min(shape.width) < SMALLEST {
            return Err(LpipsError::TooSmall { shape });
        }
        let stages = file.load(|weights| stages(weights, device))?;
        Ok(Self::new(stages, file.sha256.to_lowercase(), device))
    }

    fn new(stages: Vec<Stage>, sha256: String, device: &Device) -> Self {
        let constant = |values| Tensor::from_data(TensorData::new(values, [1, 3, 1, 1]), device);
        let (shift, scale) = (constant(SHIFT.to_vec()), constant(SCALE.to_vec()));
        Self { sha256, stages, shift, scale }
    }

    /// One distance, at least 0, for each pair of images `[n, C, H, W]` in [0, 1].
    ///
    /// # Panics
    /// When the images are smaller than [`SMALLEST`], which [`Self::open`] refuses.
    pub fn distances(&self, images: &Tensor<4>, others: &Tensor<4>) -> Vec<f64> {
        let [count, ..] = images.dims();
        let mut distances = Vec::with_capacity(count);
        for first in (0..count).step_by(BATCH) {
            let pairs = [images, others]
                .map(|side| side.clone().narrow(0, first, BATCH.min(count - first)));
            distances.extend(host::floats(self.batch(pairs)).into_iter().map(f64::from));
        }
        distances
    }

    /// Eq. 1 of the paper: squared differences of unit feature vectors, weighed by channel, averaged
    /// over the map, summed over the stages. `[B]`.
    fn batch(&self, [images, others]: [Tensor<4>; 2]) -> Tensor<1> {
        let [batch, channels, ..] = images.dims();
        // Both sides in one pass, the images before the others.
        let both = Tensor::cat(vec![images, others], 0) * 2.0 - 1.0;
        let both = if channels == 1 { both.repeat_dim(1, 3) } else { both };
        let mut x = (both - self.shift.clone()) / self.scale.clone();
        let mut total = Tensor::zeros([batch], &x.device());
        for stage in &self.stages {
            if stage.before == Before::MaxPool {
                x = max_pool2d(x, MaxPoolOptions::new([3, 3]).with_stride([2, 2]));
            }
            x = relu(stage.convolution.forward(x));
            let norm = x.clone().square().sum_dim(1).sqrt() + EPSILON;
            let unit = x.clone() / norm;
            let difference = unit.clone().narrow(0, 0, batch) - unit.narrow(0, batch, batch);
            let weighed = (difference.square() * stage.channels.clone()).sum_dim(1);
            total = total + weighed.flatten::<2>(1, 3).mean_dim(1).flatten::<1>(0, 1);
        }
        total
    }
}

fn stages(weights: &dyn Weights, device: &Device) -> Result<Vec<Stage>, WeightsError> {
    let mut inputs = 3;
    let mut stages = Vec::new();
    for (index, plan) in ALEXNET.iter().enumerate() {
        let &Plan { name, outputs, kernel, stride, padding, before } = plan;
        let weight =
            weights.tensor(&format!("{name}.weight"), &[outputs, inputs, kernel, kernel])?;
        let bias = weights.tensor(&format!("{name}.bias"), &[outputs])?;
        let shape = [1, outputs, 1, 1];
        let channels = weights.tensor(&format!("lin{index}.model.1.weight"), &shape)?;
        let config = Conv2dConfig::new([inputs, outputs], [kernel; 2])
            .with_stride([stride; 2])
            .with_padding([padding; 2]);
        stages.push(Stage {
            before,
            convolution: filled(config, weight, bias, device),
            channels: Tensor::from_data(TensorData::new(channels, shape), device),
        });
        inputs = outputs;
    }
    Ok(stages)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::features::weights::testing::{MadeUp, cases, picture, shape};

    fn made_up(device: &Device) -> Lpips {
        Lpips::new(stages(&MadeUp, device).unwrap(), "made-up".into(), device)
    }

    #[test]
    fn distances_equal_the_published_packages() {
        let device = Device::flex();
        let lpips = made_up(&device);
        for case in cases("lpips") {
            let [left, right] = ["left", "right"].map(|name| picture(name, shape(&case), &device));
            let blend = case["blend"].as_f64().unwrap();
            let other = left.clone() + (right - left.clone()) * blend;
            let found = lpips.distances(&left, &other)[0];
            let expected = case["distance"].as_f64().unwrap();
            assert!((found / expected - 1.0).abs() < 1e-4, "{found} is not {expected}: {case}");
        }
    }

    #[test]
    fn an_image_is_at_no_distance_from_itself_and_batches_change_nothing() {
        let device = Device::flex();
        let lpips = made_up(&device);
        let shape = ImageShape::new(1, SMALLEST, SMALLEST);
        let [a, b] = ["left", "right"].map(|name| picture(name, shape, &device));
        let alone = lpips.distances(&a, &b)[0];
        let left = Tensor::cat(vec![a.clone(); BATCH + 1], 0);
        let right = Tensor::cat([vec![a.clone(); BATCH], vec![b]].concat(), 0);
        let found = lpips.distances(&left, &right);
        assert_eq!(found.len(), BATCH + 1);
        assert_eq!(found[..BATCH], [0.0; BATCH]);
        assert!((found[BATCH] / alone - 1.0).abs() < 1e-5, "{} {alone}", found[BATCH]);
    }

    #[test]
    fn images_too_small_for_alexnet_are_refused_with_their_size() {
        let shape = ImageShape::new(1, 28, 28);
        let error = Lpips::open(&PinnedFile::default(), shape, &Device::flex()).err().unwrap();
        assert!(error.to_string().starts_with("LPIPS needs images of at least 31x31 pixels, and"));
    }
}
