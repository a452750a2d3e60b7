//! How good a set of images is beside a set of real ones: every sample metric, from pixels and from
//! what a judge makes of them.

use crate::{
    CATALOGUE,
    features::judge::{Judge, Reading},
    measures::sets::{
        classes,
        extrapolate::frechet_infinity,
        frechet::frechet_distance,
        kernel::{Kernel, Subsets, kernel_distance},
        neighbours::neighbourhoods,
        pixels,
        sliced::sliced_wasserstein,
    },
    numerics::matrix::Rows,
};
use burn::tensor::Device;
use genlab_core::Seed;
use genlab_data::Images;
use genlab_results::Metric;

/// Neighbours that make a neighbourhood, after Naeem et al. 2020.
pub(crate) const NEAREST: usize = 5;
/// Images on each side of the pixels' kernel distance, at most: its cost grows with their square.
const PIXEL_IMAGES: usize = 2000;
/// Random directions of the sliced Wasserstein distance, after Karras et al. 2018.
const DIRECTIONS: usize = 512;
/// 97.5 % quantile of the standard normal.
pub(crate) const Z95: f64 = 1.959_963_984_540_054;

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
    /// Seed of subsets and of random directions.
    pub seed: Seed,
    /// What the real images are: `test`, `validation`, ...
    pub split: &'static str,
    /// Whether the Frechet distance is extrapolated to infinitely many images as well.
    pub extrapolation: Extrapolation,
}

/// Whether the Frechet distance is extrapolated to infinitely many images.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Extrapolation {
    /// The plain distance alone.
    #[default]
    Off,
    /// `samples/frechet_infinity` as well: some forty more distances.
    On,
}

/// The metrics of one set of images.
#[derive(Clone, Debug, Default)]
pub struct Scored {
    /// In the registry's order.
    pub metrics: Vec<Metric>,
    /// What was left out and why.
    pub notes: Vec<String>,
}

/// Every sample metric of `samples` against `real` that needs no training images. Metrics of the
/// judge's features are left out where a side has none.
///
/// # Panics
/// When the two sides are not of one shape, or one of them is empty.
pub fn score(samples: &ImageSet, real: &ImageSet, settings: &ScoreSettings) -> Scored {
    assert_eq!(samples.images.shape, real.images.shape, "images of one shape");
    assert!(!samples.images.is_empty() && !real.images.is_empty(), "images on both sides");
    let mut scores = Scores { settings, n: samples.images.len(), scored: Scored::default() };
    if let (Some(samples), Some(real)) = (&samples.reading, &real.reading) {
        scores.features(samples, real);
        scores.classes(samples.probabilities.as_ref(), real.probabilities.as_ref());
    }
    scores.pixels(&samples.images, &real.images);
    let mut scored = scores.scored;
    scored.metrics.sort_by_key(|metric| CATALOGUE.place(&metric.name));
    scored
}

/// The same from plain images: has `judge` read both sides first.
///
/// # Panics
/// As [`score`].
pub fn score_images(
    samples: &Images,
    real: &Images,
    judge: Option<&Judge>,
    device: &Device,
    settings: &ScoreSettings,
) -> Scored {
    let set = |images: &Images| ImageSet::new(images.clone(), judge, device);
    score(&set(samples), &set(real), settings)
}

/// A [`Scored`] in the making.
struct Scores<'a> {
    settings: &'a ScoreSettings,
    /// Samples.
    n: usize,
    scored: Scored,
}

impl Scores<'_> {
    fn push(&mut self, name: &str, value: f64) {
        self.take(crate::catalogue::metric(name, self.settings.split, value, self.n));
    }

    fn take(&mut self, metric: Result<Metric, genlab_results::NotFinite>) {
        match metric {
            Ok(metric) => self.scored.metrics.push(metric),
            Err(reason) => self.scored.notes.push(reason.to_string()),
        }
    }

    fn absent(&mut self, what: &str, reason: impl std::fmt::Display) {
        self.scored.notes.push(format!("{what} absent: {reason}."));
    }

    fn features(&mut self, samples: &Reading, real: &Reading) {
        let frechet = samples.frechet_metric;
        let (samples, real) = (&samples.features, &real.features);
        match frechet_distance(samples, real) {
            Ok(distance) => self.push(frechet, distance),
            Err(reason) => self.absent(&format!("{frechet} is"), reason),
        }
        if self.settings.extrapolation == Extrapolation::On {
            match frechet_infinity(samples, real, self.settings.seed) {
                Ok(distance) => self.push("samples/frechet_infinity", distance),
                Err(reason) => self.absent("samples/frechet_infinity is", reason),
            }
        }
        self.kernel_distance("samples/kernel_distance", samples, real, Kernel::Cubic);
        if let Some(found) = neighbourhoods(samples, real, NEAREST) {
            self.push("samples/precision", found.precision);
            self.push("samples/recall", found.recall);
            self.push("samples/density", found.density);
            self.push("samples/coverage", found.coverage);
        } else {
            let few = samples.len().min(real.len());
            self.absent(
                "samples/precision, recall, density and coverage are",
                format!("{few} images are too few for {NEAREST} neighbours"),
            );
        }
    }

    fn classes(&mut self, samples: Option<&Rows>, real: Option<&Rows>) {
        let (Some(samples), Some(real)) = (samples, real) else {
            let reason = "the judge knows other classes than the dataset's";
            self.absent("samples/classifier_score, modes and class_kl are", reason);
            return;
        };
        self.push("samples/classifier_score", classes::classifier_score(samples));
        let (found, expected) = (classes::histogram(samples), classes::histogram(real));
        self.push("samples/modes", classes::modes(&found, &expected) as f64);
        self.push("samples/class_kl", classes::histogram_kl(&found, &expected));
        let smoothed = classes::smoothed(&found, samples.len());
        self.push("samples/class_kl_forward", classes::histogram_kl(&expected, &smoothed));
    }

    fn pixels(&mut self, samples: &Images, real: &Images) {
        self.push("samples/roughness", pixels::roughness(samples) / pixels::roughness(real));
        let (left, right) = (pixels::rows(samples), pixels::rows(real));
        let distance = sliced_wasserstein(&left, &right, DIRECTIONS, self.settings.seed);
        self.push("samples/sliced_wasserstein", distance);
        let (left, right) = (left.take(PIXEL_IMAGES), right.take(PIXEL_IMAGES));
        match pixels::median_distance(&right) {
            Some(bandwidth) => {
                let kernel = Kernel::Gaussian { bandwidth };
                self.kernel_distance("samples/pixel_mmd", &left, &right, kernel);
            }
            None => self.absent("samples/pixel_mmd is", "the real images are all alike"),
        }
    }

    fn kernel_distance(&mut self, name: &str, samples: &Rows, real: &Rows, kernel: Kernel) {
        let seed = self.settings.seed;
        match kernel_distance(samples, real, kernel, Subsets::default(), seed) {
            Some(found) => {
                let metric =
                    crate::catalogue::metric(name, self.settings.split, found.mean, samples.len());
                self.take(metric.map(|m| m.with_half_width(Z95 * found.standard_error)));
            }
            None => self.absent(&format!("{name} is"), "it needs four images on each side"),
        }
    }
}
