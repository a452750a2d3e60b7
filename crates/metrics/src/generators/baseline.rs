//! Generators without a network: a Gaussian mixture in the space of the first principal components.
//!
//! A comparison without them flatters the networks: fifty Gaussians in fifty dimensions beat an
//! under-trained VAE, GAN and diffusion model alike.

use crate::{
    features::host,
    numerics::{
        fit::{FitError, FitSettings, affordable_components},
        matrix::Rows,
        mixture::Mixture,
        pca::Pca,
    },
};
use burn::tensor::{Device, Tensor};
use genlab_core::{Range, Sample, SampleRequest, Seed, Space};
use genlab_data::Values;
use std::sync::Arc;

/// Principal components, at most.
pub const DIMENSIONS: usize = 50;
/// Gaussians, at most.
pub const COMPONENTS: usize = 50;
/// Directions with less variance than this (pixels in [0, 1]) hold nothing to model.
const LEAST_VARIANCE: f64 = 1e-6;

/// Principal components with a Gaussian mixture in their space.
#[derive(Clone, Debug)]
pub struct PcaMixture {
    /// Pixels to coordinates and back.
    pub pca: Arc<Pca>,
    /// The density of the coordinates.
    pub mixture: Mixture,
    /// What the values are.
    pub space: Space,
    /// Where samples are put.
    pub device: Device,
}

/// Training images in the space of their principal components.
#[derive(Clone, Debug)]
pub struct Projected {
    pca: Arc<Pca>,
    coordinates: Rows,
    space: Space,
}

impl Projected {
    /// The images' first [`DIMENSIONS`] principal components, or as many as have any variance.
    /// None with fewer than two images.
    pub fn new(images: &Values) -> Option<Self> {
        let rows = Rows::new(images.shape().pixels(), images.to_f64());
        let pca = Pca::fit(&rows, DIMENSIONS)?.without_flat_directions(LEAST_VARIANCE);
        let coordinates = pca.transform(&rows);
        Some(Self { pca: Arc::new(pca), coordinates, space: images.space })
    }

    /// Dimensions kept.
    pub fn dimensions(&self) -> usize {
        self.coordinates.dim
    }

    /// How many Gaussians the images are enough for: at most [`COMPONENTS`].
    pub fn components(&self) -> usize {
        affordable_components(COMPONENTS, &self.coordinates)
    }

    /// Fits `components` Gaussians; 1 is the plain Gaussian.
    ///
    /// # Errors
    /// When there are fewer than two images per component.
    pub fn fit(
        &self,
        components: usize,
        seed: Seed,
        device: &Device,
    ) -> Result<PcaMixture, FitError> {
        let mixture = Mixture::fit(&self.coordinates, &FitSettings::new(components), seed)?;
        let (pca, space) = (Arc::clone(&self.pca), self.space);
        Ok(PcaMixture { pca, mixture, space, device: device.clone() })
    }
}

impl PcaMixture {
    /// ln p(x) of one value, where all principal components are kept: they are a rotation then. None where
    /// some are not, so that the density is one of a subspace.
    pub fn log_density(&self, value: &[f64]) -> Option<f64> {
        if self.mixture.dim() < value.len() {
            return None;
        }
        let coordinates = self.pca.transform(&Rows::new(value.len(), value.to_vec()));
        self.mixture.log_density(&coordinates).first().copied()
    }
}

impl Sample for PcaMixture {
    /// Samples are cut to [0, 1] where values lie there: a Gaussian knows of no black and white.
    fn sample(&self, request: &SampleRequest) -> Tensor<4> {
        let coordinates = self.mixture.sample(request.seed, request.rows());
        let pixels = self.pca.inverse(&coordinates).values;
        let cut = |v: &f64| match self.space.range {
            Range::Unit => v.clamp(0.0, 1.0) as f32,
            Range::Real => *v as f32,
        };
        host::images(pixels.iter().map(cut).collect(), self.space.shape, &self.device)
    }

    fn network_calls(&self, _request: &SampleRequest) -> usize {
        0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use genlab_core::ImageShape;

    fn blobs() -> Values {
        let shape = ImageShape::new(1, 4, 4);
        let level = |i: usize| ((i / 16) % 7 * (i % 16) * 2) as u8;
        Values::images(shape, (0..400 * 16).map(level).collect())
    }

    #[test]
    fn directions_without_variance_are_dropped() {
        let projected = Projected::new(&blobs()).unwrap();
        assert_eq!(projected.dimensions(), 1);
        assert_eq!(projected.components(), 50);
    }

    #[test]
    fn a_sample_depends_on_its_number_alone_and_is_an_image() {
        let device = Device::flex();
        let model = Projected::new(&blobs()).unwrap().fit(3, Seed(0), &device).unwrap();
        let request = SampleRequest::new(Seed(1), 10);
        let whole = host::floats(model.sample(&request));
        let part = host::floats(model.sample(&request.part(4..6)));
        assert_eq!(whole[4 * 16..6 * 16], part);
        assert!(whole.iter().all(|v| (0.0..=1.0).contains(v)));
    }
}
