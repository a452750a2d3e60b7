//! What every measure of a model is given beside the model: images, instruments, settings, noise.

use crate::{
    features::{judge::Judge, lpips::Lpips},
    measures::units,
    numerics::share::mean_within,
    settings::{Settings, Split},
};
use burn::tensor::{Device, Tensor};
use genlab_core::{Condition, Conditions, LowResolution, Noise, Past, Phase, Seed};
use genlab_data::{Dataset, Values};
use genlab_results::{Entry, Metric, NotFinite};
use std::{borrow::Cow, ops::Range};

/// Values are binarised and disturbed by this seed whatever the run's, so that numbers of different
/// runs are about the same images.
pub const FIXED_SEED: Seed = Seed(0x6269_6e61_7269_7365);

/// How the units of shares begin.
const SHARE: &str = "fraction of ";

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

/// Some values of a set.
pub struct Part {
    /// Their places in the set, which are the rows of noise that belong to them.
    pub rows: Range<u64>,
    /// `[B, C, H, W]`.
    pub values: Tensor<4>,
    /// What a model is told about them.
    pub condition: Condition,
}

impl<'a> Context<'a> {
    /// The split that is measured on.
    pub fn split(&self) -> &'a Values {
        match self.settings.split {
            Split::Test => &self.dataset.test,
            Split::Validation => &self.dataset.validation,
        }
    }

    /// Values on either side of a distance between sets.
    pub fn sample_count(&self) -> usize {
        self.settings.samples.min(self.split().len())
    }

    /// The values of the split that stand beside samples.
    pub fn measured(&self) -> Cow<'a, Values> {
        self.split().sample(self.sample_count())
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
        let metric = Metric::new(entry, self.settings.split.name(), value, n)?;
        Ok(units::of(metric, self.dataset.space.kind))
    }

    /// The mean of one value per image with its 95 % interval ([`mean_within`]). A fraction of something is a share.
    ///
    /// # Errors
    /// When the mean is not finite.
    pub fn mean(&self, entry: &Entry, values: &[f64]) -> Result<Metric, NotFinite> {
        let (mean, ci95) = mean_within(values, entry.unit.starts_with(SHARE));
        Ok(Metric { ci95, ..self.metric(entry, mean, values.len())? })
    }

    /// Values in batches, with what a model that takes `conditions` is told about them.
    pub fn batches<'b>(
        &'b self,
        values: &'b Values,
        conditions: Conditions,
    ) -> impl Iterator<Item = Part> + 'b {
        let batch = self.settings.batch.max(1);
        (0..values.len()).step_by(batch).map(move |first| {
            let rows = first..(first + batch).min(values.len());
            Part {
                rows: rows.start as u64..rows.end as u64,
                values: values.tensor(rows.clone(), &self.device),
                condition: self.told(values, rows, conditions),
            }
        })
    }

    /// What a model that takes `conditions` is told about these rows of `values`.
    pub fn told(&self, values: &Values, rows: Range<usize>, conditions: Conditions) -> Condition {
        let past = conditions.past.and_then(|_| values.past(rows.clone(), &self.device));
        let low_resolution = conditions
            .low_resolution
            .map(|factor| LowResolution::of(values.tensor(rows.clone(), &self.device), factor));
        let control =
            conditions.control.map(|kind| kind.of(values.tensor(rows.clone(), &self.device)));
        let captions =
            conditions.captions.and_then(|_| values.captions(rows.clone(), &self.device));
        let told = match (conditions.classes, &values.labels) {
            (Some(_), Some(labels)) => {
                let classes: Vec<i32> = labels[rows].iter().map(|&label| label as i32).collect();
                Condition::of_classes(&classes, &self.device)
            }
            _ => Condition::default(),
        };
        Condition { past: past.map(Past::new), low_resolution, captions, control, ..told }
    }
}
