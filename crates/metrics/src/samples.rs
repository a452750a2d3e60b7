//! How good a set of images is beside a set of real ones: every sample metric that needs no model.

use crate::{
    classes,
    frechet::frechet_distance,
    judge::{Judge, Reading},
    kernel::{Subsets, kernel_distance},
    neighbours::neighbourhoods,
    result::Metric,
};
use burn::tensor::Device;
use genlab_core::Seed;
use genlab_data::Images;

/// Neighbours that make a neighbourhood, after Naeem et al. 2020.
const NEAREST: usize = 5;
/// 97.5 % quantile of the standard normal.
const Z95: f64 = 1.959_963_984_540_054;

/// Images, and what the judge makes of them.
#[derive(Clone, Debug)]
pub struct ImageSet {
    /// 8-bit images.
    pub images: Images,
    /// The judge's features and probabilities; None without a judge.
    pub reading: Option<Reading>,
}

impl ImageSet {
    /// Has `judge` read the images. `device` is the plain device that the judge is on.
    pub fn new(images: Images, judge: Option<&Judge>, device: &Device) -> Self {
        let reading = judge.map(|judge| judge.read(&images.tensor(0..images.len(), device)));
        Self { images, reading }
    }
}

/// How a set of images is scored.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ScoreSettings {
    /// Seed of subsets.
    pub seed: Seed,
    /// What the real images are: `test`, `validation`, ...
    pub split: &'static str,
}

/// The metrics of one set of images.
#[derive(Clone, Debug, Default)]
pub struct Scored {
    /// In the registry's order.
    pub metrics: Vec<Metric>,
    /// What was left out and why.
    pub notes: Vec<String>,
}

/// Every sample metric of `samples` against `real`. Metrics of the judge's features are left out
/// where a side has none.
pub fn score(samples: &ImageSet, real: &ImageSet, settings: &ScoreSettings) -> Scored {
    let mut scored = Scored::default();
    if let (Some(samples), Some(real)) = (&samples.reading, &real.reading) {
        scored.readings(samples, real, settings);
    }
    scored
}

impl Scored {
    fn readings(&mut self, samples: &Reading, real: &Reading, settings: &ScoreSettings) {
        let n = samples.features.len();
        let metric = |name: &str, value: f64| Metric::new(name, settings.split, value, n);
        let features = &samples.features;
        match frechet_distance(features, &real.features) {
            Ok(distance) => self.take(metric("samples/frechet", distance)),
            Err(reason) => self.notes.push(format!("samples/frechet is absent: {reason}.")),
        }
        let subsets = Subsets::default();
        if let Some(found) = kernel_distance(features, &real.features, subsets, settings.seed) {
            let metric = metric("samples/kernel_distance", found.mean);
            self.take(metric.map(|m| m.with_half_width(Z95 * found.standard_error)));
        }
        if let Some(found) = neighbourhoods(features, &real.features, NEAREST) {
            self.take(metric("samples/precision", found.precision));
            self.take(metric("samples/recall", found.recall));
            self.take(metric("samples/density", found.density));
            self.take(metric("samples/coverage", found.coverage));
        } else {
            self.notes.push(format!(
                "samples/precision, recall, density and coverage are absent: {n} images are too \
                 few for {NEAREST} neighbours."
            ));
        }
        let score = classes::classifier_score(&samples.probabilities);
        self.take(metric("samples/classifier_score", score));
        let histogram = classes::histogram(&samples.probabilities);
        let expected = classes::histogram(&real.probabilities);
        self.take(metric("samples/class_kl", classes::histogram_kl(&histogram, &expected)));
    }

    fn take(&mut self, metric: Result<Metric, crate::NotReported>) {
        match metric {
            Ok(metric) => self.metrics.push(metric),
            Err(reason) => self.notes.push(reason.to_string()),
        }
    }
}
