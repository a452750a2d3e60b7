//! The rows that a model is held against: real images, generators without a network, noise.

use super::Evaluator;
use crate::{
    baseline::{PcaMixture, Projected},
    host,
    result::Reference,
    samples::ImageSet,
};
use genlab_core::Stream;
use genlab_data::Images;

/// Samples of the PCA mixture that are kept to be looked at.
const SHOWN: usize = 64;
/// Images with more pixels have too large a covariance to decompose beside an evaluation.
const MOST_PIXELS: usize = 1024;

/// Everything that the models of a run share.
pub(super) struct References {
    /// The split's images with the judge's reading of them.
    pub(super) split: ImageSet,
    /// Sample metrics of the references.
    pub(super) rows: Vec<Reference>,
    /// Samples of the PCA mixture.
    pub(super) baseline_samples: Option<Images>,
    /// What was left out and why.
    pub(super) notes: Vec<String>,
}

impl References {
    pub(super) fn new(evaluator: &Evaluator<'_>) -> Self {
        let count = evaluator.sample_count();
        let split = evaluator.read(evaluator.split().take(count));
        let mut out = Self { split, rows: Vec::new(), baseline_samples: None, notes: Vec::new() };
        if out.split.reading.is_none() {
            out.notes.push(format!(
                "Sample metrics are absent: no judge was trained for {} with images of {}.",
                evaluator.dataset.name, evaluator.dataset.shape,
            ));
        }
        // As many training images as samples, so that the floor has the bias of the same n.
        let real = evaluator.dataset.train.take(count);
        out.add(evaluator, "real", format!("Real training images ({})", real.len()), &real);
        out.baselines(evaluator, count);
        out.add(evaluator, "noise", "Uniform noise".into(), &noise(evaluator, count));
        out
    }

    /// The value of a reference's metric.
    pub(super) fn value(&self, row: &str, metric: &str) -> Option<f64> {
        let row = self.rows.iter().find(|r| r.name == row)?;
        row.metrics.iter().find(|m| m.name == metric).map(|m| m.value)
    }

    fn baselines(&mut self, evaluator: &Evaluator<'_>, count: usize) {
        let pixels = evaluator.dataset.shape.pixels();
        if pixels > MOST_PIXELS {
            self.notes.push(format!(
                "The baselines pca-mixture and gaussian are absent: images of {pixels} values are \
                 beyond the {MOST_PIXELS} that principal components are computed for."
            ));
            return;
        }
        let Some(projected) = Projected::new(&evaluator.fit_images()) else {
            self.notes.push("The baselines are absent: there are fewer than two images.".into());
            return;
        };
        let (dims, components) = (projected.dimensions(), projected.components());
        let fit =
            |components| projected.fit(components, evaluator.settings.seed, &evaluator.device);
        let mut add = |name, title, fitted: Result<PcaMixture, _>| match fitted {
            Ok(model) => {
                let wanted = if self.split.reading.is_some() { count } else { SHOWN };
                let images = host::quantised(&evaluator.draw(&model, wanted), model.shape);
                self.add(evaluator, name, title, &images);
                Some(images)
            }
            Err(reason) => {
                self.notes.push(format!("The baseline {name} is absent: {reason}."));
                None
            }
        };
        let title = format!("PCA ({dims}) + Gaussian mixture ({components})");
        let images = add("pca-mixture", title, fit(components));
        add("gaussian", format!("PCA ({dims}) + one Gaussian"), fit(1));
        self.baseline_samples = images.map(|images| images.take(SHOWN));
    }

    fn add(&mut self, evaluator: &Evaluator<'_>, name: &str, title: String, images: &Images) {
        if self.split.reading.is_none() {
            return;
        }
        let scored = evaluator.score(&evaluator.read(images.clone()), &self.split);
        self.rows.push(Reference { name: name.into(), title, metrics: scored.metrics });
    }
}

/// Pixels uniform in [0, 1): the ceiling of every distance.
fn noise(evaluator: &Evaluator<'_>, count: usize) -> Images {
    let shape = evaluator.dataset.shape;
    let draws = evaluator.settings.seed.uniform(
        Stream::Ceiling,
        0,
        0..count as u64,
        shape.batch(count),
        &evaluator.device,
    );
    host::quantised(&host::floats(draws), shape)
}
