//! What it takes to be a measure of pairs: an image and what a model makes of it.

use crate::{context::Context, features::host};
use burn::tensor::Tensor;
use genlab_core::{Corruption, ImageShape};
use genlab_results::Entry;
use rayon::prelude::*;
use std::cell::OnceCell;

/// How close two images are: one file, one line in [`super::PAIR_MEASURES`].
pub trait PairMeasure: Sync {
    /// Its metric of images and their reconstructions.
    fn plain(&self) -> &'static Entry;

    /// Its metric of images and what a search finds for them; None leaves it out there.
    fn searched(&self) -> Option<&'static Entry> {
        None
    }

    /// Its metrics of clean images and reconstructions from disturbed ones.
    fn disturbed(&self) -> &'static [Disturbance] {
        &[]
    }

    /// One value per pair; None where images of this shape, or the instruments, allow of none.
    fn values(&self, pairs: &Pairs, context: &Context<'_>) -> Option<Vec<f64>>;

    /// What a reader of the plain metric must know: by which weights it is, or why it is absent.
    fn note(&self, _context: &Context<'_>) -> Option<String> {
        None
    }
}

/// A disturbance with the metric of what a model reconstructs from it.
#[derive(Clone, Copy, Debug)]
pub struct Disturbance {
    /// What is done to the images.
    pub corruption: Corruption,
    /// The name of the draws it is done by.
    pub draws: &'static str,
    /// The metric.
    pub entry: Entry,
}

/// A batch of pairs.
pub struct Pairs {
    /// `[B, C, H, W]` in [0, 1].
    pub images: Tensor<4>,
    /// What they are compared with, one each.
    pub others: Tensor<4>,
    floats: OnceCell<[Vec<f32>; 2]>,
}

impl Pairs {
    /// Values `[B, C, H, W]` beside as many others of the same shape.
    pub fn new(images: Tensor<4>, others: Tensor<4>) -> Self {
        Self { images, others, floats: OnceCell::new() }
    }

    /// Both sides on the host, row-major.
    pub fn floats(&self) -> &[Vec<f32>; 2] {
        let read = || [&self.images, &self.others].map(|side| host::floats(side.clone()));
        self.floats.get_or_init(read)
    }
}

/// `measure` of each image of two sets `[n, C, H, W]`.
pub(super) fn per_image(
    images: &[f32],
    others: &[f32],
    shape: ImageShape,
    measure: impl Fn(&[f32], &[f32]) -> f64 + Sync,
) -> Vec<f64> {
    assert_eq!(images.len(), others.len(), "as many reconstructions as images");
    let pixels = shape.pixels();
    images.par_chunks(pixels).zip(others.par_chunks(pixels)).map(|(a, b)| measure(a, b)).collect()
}
