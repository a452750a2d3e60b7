//! What every measure of a model is given beside the model: images, instruments, settings, noise.

use crate::{
    features::{judge::Judge, lpips::Lpips},
    numerics::matrix::{Z95, mean_and_sd},
    settings::{Settings, Split},
};
use burn::tensor::{Device, Tensor};
use genlab_core::{Noise, Phase, Seed};
use genlab_data::{Dataset, Images};
use genlab_results::{Entry, Metric, NotFinite};
use std::ops::Range;

/// Images are binarised and disturbed by this seed whatever the run's, so that numbers of different
/// runs are about the same images.
pub const FIXED_SEED: Seed = Seed(0x6269_6e61_7269_7365);

/// What the models of a run are measured with.
pub struct Context<'a> {
    /// Its splits.
    pub dataset: &'a Dataset,
    /// The network behind the sample metrics: a frozen classifier whose features stand in for
    /// Inception's, or Inception itself. None leaves those metrics out.
    pub judge: Option<Judge>,
    /// The network of the perceptual distance; None leaves it out.
    pub lpips: Option<Lpips>,
    /// The plain device that models and instruments are on.
    pub device: Device,
    /// The run's seed.
    pub seed: Seed,
    /// How it is measured.
    pub settings: Settings,
}

impl<'a> Context<'a> {
    /// The split that is measured on.
    pub fn split(&self) -> &'a Images {
        match self.settings.split {
            Split::Test => &self.dataset.test,
            Split::Validation => &self.dataset.validation,
        }
    }

    /// Images on either side of a distance between sets.
    pub fn sample_count(&self) -> usize {
        self.settings.samples.min(self.split().len())
    }

    /// What an evaluation draws.
    pub fn noise(&self) -> Noise {
        self.seed.during(Phase::Evaluate)
    }

    /// A metric of the split.
    ///
    /// # Errors
    /// When `value` is not finite.
    pub fn metric(&self, entry: &Entry, value: f64, n: usize) -> Result<Metric, NotFinite> {
        Metric::new(entry, self.settings.split.name(), value, n)
    }

    /// The mean of one value per image with a 95 % interval by the normal approximation.
    ///
    /// # Errors
    /// When the mean is not finite.
    pub fn mean(&self, entry: &Entry, values: &[f64]) -> Result<Metric, NotFinite> {
        let (mean, sd) = mean_and_sd(values);
        let half_width = Z95 * sd / (values.len() as f64).sqrt();
        Ok(self.metric(entry, mean, values.len())?.with_half_width(half_width))
    }

    /// Images in batches `[B, C, H, W]`, with the rows of noise that belong to them: their places in
    /// `images`.
    pub fn batches<'b>(
        &'b self,
        images: &'b Images,
    ) -> impl Iterator<Item = (Range<u64>, Tensor<4>)> + 'b {
        let batch = self.settings.batch.max(1);
        (0..images.len()).step_by(batch).map(move |first| {
            let end = (first + batch).min(images.len());
            (first as u64..end as u64, images.tensor(first..end, &self.device))
        })
    }
}
