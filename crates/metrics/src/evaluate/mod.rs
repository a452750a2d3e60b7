//! From a frozen model to its numbers.
//!
//! One evaluator serves every model of a run: the same test images, the same judge, the same
//! number of samples. What a model cannot do is absent from the result, with a note where a reader
//! might wonder.

mod cache;
mod codes;
mod likelihood;
mod pixels;
mod reconstruction;
mod references;
mod representation;
mod robustness;
mod samples;

pub use cache::ReferenceCache;
pub use pixels::Binarisation;

use crate::{
    features::{judge::Judge, lpips::Lpips},
    generators::latent::Prior,
    measures::sets::samples::{Extrapolation, ImageSet, ScoreSettings, Z95},
};
use burn::tensor::{Device, Tensor};
use genlab_core::{Generative, Noise, Phase, Seed};
use genlab_data::{Dataset, Images};
use genlab_results::{Metric, NotFinite, Reference};
use references::References;
use std::{ops::Range, sync::OnceLock};

/// Images with more values have too large a covariance to decompose beside an evaluation.
const MOST_PIXELS: usize = 1024;

/// The split that a model is measured on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Split {
    /// For reported numbers, once.
    #[default]
    Test,
    /// For every choice: hyper-parameters, sweeps.
    Validation,
}

impl Split {
    /// Its name in `results.json`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Test => "test",
            Self::Validation => "validation",
        }
    }
}

/// How a model is measured.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Settings {
    /// Samples to draw, lowered to the number of images in the split so that both sides of a
    /// distance are of one size.
    pub samples: usize,
    /// Images per network call.
    pub batch: usize,
    /// Training images that priors and baselines are fitted on, at most.
    pub fit_images: usize,
    /// Seed of every draw: the run's.
    pub seed: Seed,
    /// The images to measure on.
    pub split: Split,
    /// Whether the Frechet distance is extrapolated to infinitely many images as well.
    pub extrapolation: Extrapolation,
    /// How images become binary for a likelihood of binary pixels.
    pub binarisation: Binarisation,
    /// Importance weights per image behind a likelihood; 0 leaves it out.
    pub importance_samples: usize,
    /// Images of the split that it is measured on, at most.
    pub importance_images: usize,
    /// Training images that probes of codes are fitted on, at most.
    pub probe_images: usize,
    /// Images that a model without an encoder reconstructs by search; 0 leaves it out.
    pub inverted_images: usize,
}

impl Settings {
    /// 2000 samples in batches of 250 against the test split, and 100 importance weights for each of
    /// 1000 images; no search.
    pub fn new(seed: Seed) -> Self {
        Self {
            samples: 2000,
            batch: 250,
            fit_images: 10_000,
            seed,
            split: Split::Test,
            extrapolation: Extrapolation::Off,
            binarisation: Binarisation::Static,
            importance_samples: 100,
            importance_images: 1000,
            probe_images: 5000,
            inverted_images: 0,
        }
    }
}

/// Everything an evaluation finds.
#[derive(Clone, Debug, Default)]
pub struct Evaluation {
    /// The model's numbers.
    pub metrics: Vec<Metric>,
    /// Rows to hold them against: real images, generators without a network, noise.
    pub references: Vec<Reference>,
    /// What was left out and why.
    pub notes: Vec<String>,
    /// All samples that were scored, as 8-bit images; None where the model cannot sample.
    pub samples: Option<Images>,
    /// 64 samples of the PCA mixture; None where there are too few or too large images for one.
    pub baseline_samples: Option<Images>,
    /// Samples and their nearest training images, in pairs of rows of ten: the first ten samples,
    /// then the ten that are most like copies. None where the model cannot sample.
    pub neighbours: Option<Images>,
    /// The density fitted on the codes, where the samples came through one.
    pub prior: Option<Prior>,
    /// KL of each latent dimension in nats per image, where there is a Gaussian posterior.
    pub kl_per_dimension: Option<Vec<f64>>,
    /// Share of samples that the judge puts into each class.
    pub class_histogram: Option<Vec<f64>>,
}

impl Evaluation {
    /// How reports name the samples: "ae + Gaussian mixture prior (10)", or the model alone.
    pub fn sample_title(&self, model: &str) -> String {
        match &self.prior {
            Some(prior) => format!("{model} + {}", prior.title()),
            None => model.into(),
        }
    }

    /// Takes a metric, or notes why it is left out.
    fn push(&mut self, metric: Result<Metric, NotFinite>) {
        match metric {
            Ok(metric) => self.metrics.push(metric),
            Err(reason) => self.note(reason.to_string()),
        }
    }

    fn note(&mut self, note: impl Into<String>) {
        self.notes.push(note.into());
    }
}

/// Measures frozen models on one dataset.
pub struct Evaluator<'a> {
    dataset: &'a Dataset,
    judge: Option<Judge>,
    lpips: Option<Lpips>,
    device: Device,
    settings: Settings,
    cache: Option<ReferenceCache>,
    references: OnceLock<References>,
}

impl<'a> Evaluator<'a> {
    /// `judge` is [`Judge::for_dataset`]'s, [`Judge::trained_on`]'s or [`Judge::inception`]; None
    /// leaves out the metrics of its features. `device` is the plain device that the models are on.
    /// References are fitted at the first evaluation.
    pub fn new(
        dataset: &'a Dataset,
        judge: Option<Judge>,
        device: &Device,
        settings: Settings,
    ) -> Self {
        let (device, references) = (device.clone(), OnceLock::new());
        Self { dataset, judge, lpips: None, device, settings, cache: None, references }
    }

    /// The same with references that are kept between evaluations.
    pub fn with_cache(self, cache: ReferenceCache) -> Self {
        Self { cache: Some(cache), ..self }
    }

    /// The same with LPIPS beside the other distances of reconstructions; None leaves it out.
    pub fn with_lpips(self, lpips: Option<Lpips>) -> Self {
        Self { lpips, ..self }
    }

    /// The judge behind the sample metrics.
    pub fn judge(&self) -> Option<&Judge> {
        self.judge.as_ref()
    }

    /// What real images, generators without a network and noise score.
    pub fn references(&self) -> &[Reference] {
        &self.shared().rows.scored
    }

    /// Measures a model. `progress` is told what begins.
    pub fn evaluate(&self, model: &dyn Generative, progress: &dyn Fn(&str)) -> Evaluation {
        let mut out = Evaluation::default();
        out.push(self.metric("cost/params", model.num_params() as f64, 1));
        if let Some(reconstructor) = model.reconstructor() {
            progress("reconstructions");
            self.reconstructions(reconstructor, &mut out);
            self.robustness(reconstructor, &mut out);
        }
        if let Some(inverter) = model.inverter().filter(|_| self.settings.inverted_images > 0) {
            progress("reconstructions by search");
            self.inversion(inverter, &mut out);
        }
        if model.encoder().is_some() || model.density().is_some() {
            progress("codes and bounds");
            self.bounds(model, &mut out);
        }
        if let Some(encoder) = model.encoder() {
            progress("probes of the codes");
            self.representation(encoder, &mut out);
        }
        progress("references");
        let references = self.shared();
        out.notes.extend(references.rows.notes.iter().cloned());
        out.references.clone_from(&references.rows.scored);
        out.baseline_samples = references.rows.baseline_samples(self.dataset.shape);
        progress("samples");
        self.samples(model, references, &mut out);
        out
    }

    fn shared(&self) -> &References {
        self.references.get_or_init(|| References::new(self))
    }

    /// How models are measured.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The images of the split that is measured on.
    pub fn split(&self) -> &'a Images {
        match self.settings.split {
            Split::Test => &self.dataset.test,
            Split::Validation => &self.dataset.validation,
        }
    }

    /// The number of samples on either side of a distance.
    fn sample_count(&self) -> usize {
        self.settings.samples.min(self.split().len())
    }

    /// What an evaluation draws.
    fn noise(&self) -> Noise {
        self.settings.seed.during(Phase::Evaluate)
    }

    /// Training images for priors and baselines.
    fn fit_images(&self) -> Images {
        self.dataset.train.take(self.settings.fit_images)
    }

    fn metric(&self, name: &str, value: f64, n: usize) -> Result<Metric, NotFinite> {
        crate::catalogue::metric(name, self.settings.split.name(), value, n)
    }

    /// The mean of one value per image with a 95 % interval by the normal approximation.
    fn mean(&self, name: &str, values: &[f64]) -> Result<Metric, NotFinite> {
        let (mean, sd) = crate::numerics::matrix::mean_and_sd(values);
        let half_width = Z95 * sd / (values.len() as f64).sqrt();
        Ok(self.metric(name, mean, values.len())?.with_half_width(half_width))
    }

    /// The images of a split in batches, with the rows they cover.
    fn batches<'b>(
        &'b self,
        images: &'b Images,
    ) -> impl Iterator<Item = (Range<usize>, Tensor<4>)> + 'b {
        let batch = self.settings.batch.max(1);
        (0..images.len()).step_by(batch).map(move |first| {
            let rows = first..(first + batch).min(images.len());
            (rows.clone(), images.tensor(rows, &self.device))
        })
    }

    /// 8-bit images with the judge's reading of them.
    fn read(&self, images: Images) -> ImageSet {
        ImageSet::new(images, self.judge.as_ref(), &self.device)
    }

    fn score_settings(&self) -> ScoreSettings {
        let (seed, split) = (self.settings.seed, self.settings.split.name());
        ScoreSettings { seed, split, extrapolation: self.settings.extrapolation }
    }
}
