//! A run that holds pictures beside captions as a judge: its vectors of pictures are the features.

use super::{FeatureSpace, Judge, Network, Reading, batches};
use crate::{features::host, numerics::matrix::Rows};
use burn::tensor::{Device, Int, Tensor};
use genlab_core::{Align, Generative, ImageShape};

/// Towers as a judge.
pub(super) struct Towers {
    /// The size of their pictures.
    pub(super) shape: ImageShape,
    /// A model that has [`Generative::aligner`].
    pub(super) frozen: Box<dyn Generative>,
    /// Numbers of a vector.
    pub(super) dim: usize,
    /// What features are divided by.
    pub(super) scale: f64,
}

impl Towers {
    fn aligner(&self) -> &dyn Align {
        self.frozen.aligner().expect("towers are made of a model that aligns")
    }

    /// Unit vectors of pictures.
    pub(super) fn vectors(&self, images: &Tensor<4>, device: &Device) -> Rows {
        let vectors: Vec<f32> = batches(images, device)
            .flat_map(|batch| host::floats(self.aligner().values(batch)))
            .collect();
        Rows::from_f32(self.dim, &vectors)
    }

    pub(super) fn read(&self, images: &Tensor<4>, device: &Device) -> Reading {
        let vectors = self.vectors(images, device);
        let features = vectors.values.iter().map(|v| v / self.scale).collect();
        let features = Rows::new(self.dim, features);
        Reading { features, probabilities: None, space: FeatureSpace::Classifier }
    }
}

impl Judge {
    /// The cosine of the angle between each of `images` `[n, C, H, W]` and its caption, of `captions` `[n, T]`: the CLIP score
    /// (Hessel et al. 2021, arXiv:2104.08718) without its factor. None from a judge that reads no captions.
    pub fn closeness(&self, images: &Tensor<4>, captions: &Tensor<2, Int>) -> Option<Vec<f64>> {
        let Network::Towers(towers) = &self.network else { return None };
        let pictures = towers.vectors(images, &self.device);
        let captions = towers.aligner().captions(captions.clone().to_device(&self.device));
        let captions = Rows::from_f32(towers.dim, &host::floats(captions));
        let product = |(a, b): (&[f64], &[f64])| a.iter().zip(b).map(|(a, b)| a * b).sum();
        Some(pictures.iter().zip(captions.iter()).map(product).collect())
    }
}
