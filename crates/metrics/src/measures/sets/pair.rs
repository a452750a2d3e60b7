//! Two sets of images, side by side.

use super::{
    memorisation::maths::{Relation, Threshold},
    neighbours::maths::{NEAREST, Neighbourhoods, neighbourhoods},
};
use crate::{
    features::judge::{Judge, Reading},
    measures::units,
};
use burn::tensor::Device;
use genlab_core::{Kind, Seed};
use genlab_data::{Truth, Values};
use genlab_results::{Entry, Metric, NotFinite};
use std::sync::OnceLock;

/// Values, and what the judge makes of them.
#[derive(Clone, Debug)]
pub struct ImageSet {
    /// In the form in which they are kept: images as 8-bit levels, others as they are.
    pub images: Values,
    /// The judge's features and probabilities; None without a judge.
    pub reading: Option<Reading>,
}

impl ImageSet {
    /// Has `judge` read the images; points are their own features. `device` is the plain device that
    /// the judge is on.
    pub fn new(images: Values, judge: Option<&Judge>, device: &Device) -> Self {
        let reading = match images.space.kind {
            Kind::Images => judge.map(|judge| judge.read(&images.tensor(0..images.len(), device))),
            Kind::Points => Some(Reading::coordinates(&images)),
            Kind::Series => None,
        };
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
    /// Whether the Fréchet distance is extrapolated to infinitely many images as well.
    pub frechet_infinity: bool,
}

/// The images that the samples may be copies of.
#[derive(Clone, Copy, Debug)]
pub struct TrainingImages<'a> {
    /// All of them.
    pub images: &'a Values,
    /// Whether the samples are among them.
    pub relation: Relation,
    /// What counts as memorised; None with too few real images.
    pub threshold: Option<Threshold>,
}

/// Samples beside real images: what a measure of sets is given.
#[derive(Debug)]
pub struct Pair<'a> {
    /// What is scored.
    pub samples: &'a ImageSet,
    /// What it is scored against.
    pub real: &'a ImageSet,
    /// How.
    pub settings: ScoreSettings,
    /// Where copies are looked for; None leaves that out.
    pub training: Option<TrainingImages<'a>>,
    /// What the values were drawn from, where that is known.
    pub truth: Option<&'a Truth>,
    neighbourhoods: OnceLock<Option<Neighbourhoods>>,
}

impl<'a> Pair<'a> {
    /// Without training images.
    ///
    /// # Panics
    /// When the two sides are not of one shape, or one of them is empty.
    pub fn new(samples: &'a ImageSet, real: &'a ImageSet, settings: ScoreSettings) -> Self {
        assert_eq!(samples.images.shape(), real.images.shape(), "values of one shape");
        assert!(!samples.images.is_empty() && !real.images.is_empty(), "images on both sides");
        let neighbourhoods = OnceLock::new();
        Self { samples, real, settings, training: None, truth: None, neighbourhoods }
    }

    /// The same with images that the samples may be copies of.
    pub fn with_training(self, training: TrainingImages<'a>) -> Self {
        Self { training: Some(training), ..self }
    }

    /// The same with what the values were drawn from.
    pub fn with_truth(self, truth: Option<&'a Truth>) -> Self {
        Self { truth, ..self }
    }

    /// What the judge makes of the samples and of the real images; None without a judge.
    pub fn readings(&self) -> Option<[&'a Reading; 2]> {
        Some([self.samples.reading.as_ref()?, self.real.reading.as_ref()?])
    }

    /// A metric of the samples.
    ///
    /// # Errors
    /// When `value` is not finite.
    pub fn metric(&self, entry: &Entry, value: f64) -> Result<Metric, NotFinite> {
        let metric = Metric::new(entry, self.settings.split, value, self.samples.images.len())?;
        Ok(units::of(metric, self.samples.images.space.kind))
    }

    /// How the two sides lie among each other, computed once for the measures that read it; None
    /// without a judge or with too few images.
    pub(super) fn neighbourhoods(&self) -> Option<Neighbourhoods> {
        let find = || {
            let [samples, real] = self.readings()?;
            neighbourhoods(&samples.features, &real.features, NEAREST)
        };
        *self.neighbourhoods.get_or_init(find)
    }
}
