//! The rows that a model is held against: real images, generators without a network, class means,
//! noise.

use super::{Evaluator, MOST_PIXELS};
use crate::{
    features::{host, judge::trained},
    generators::baseline::{PcaMixture, Projected},
    measures::sets::{
        memorisation::{self, Relation, Threshold},
        samples::{ImageSet, score},
    },
};
use genlab_core::ImageShape;
use genlab_data::Images;
use genlab_results::{Metric, Reference, Role};
use serde::{Deserialize, Serialize};

/// Samples of the PCA mixture that are kept to be looked at.
const SHOWN: usize = 64;

/// Everything that the models of a run share.
pub(super) struct References {
    /// The split's images, as many as there are samples.
    pub(super) split: ImageSet,
    /// What the references score.
    pub(super) rows: ReferenceRows,
}

impl References {
    /// Scores the references, or takes them from the evaluator's cache.
    pub(super) fn new(evaluator: &Evaluator<'_>) -> Self {
        let split = evaluator.read(evaluator.split().take(evaluator.sample_count()));
        let key = key(evaluator);
        let kept = evaluator.cache.as_ref().and_then(|cache| cache.read(&key));
        let rows = kept.unwrap_or_else(|| {
            let json = ReferenceRows::new(evaluator, &split).to_json();
            if let Some(cache) = &evaluator.cache {
                cache.write(&key, &json);
            }
            // Reading a number back may round its last bit: read what the next run will read.
            ReferenceRows::from_json(&json).expect("what was written above can be read")
        });
        Self { split, rows }
    }

    /// The value of a reference's metric.
    pub(super) fn value(&self, row: &str, metric: &str) -> Option<f64> {
        let row = self.rows.scored.iter().find(|r| r.name == row)?;
        row.metrics.iter().find(|m| m.name == metric).map(|m| m.value)
    }
}

/// Everything that decides the rows but the program.
fn key(evaluator: &Evaluator<'_>) -> String {
    let dataset = evaluator.dataset;
    let judge = evaluator.judge().map(|judge| judge.sha256.as_str());
    format!(
        "{} {} {judge:?} {:?} {:?}",
        dataset.name, dataset.sha256, evaluator.settings, evaluator.device
    )
}

/// What the references score, and what is made on the way.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct ReferenceRows {
    /// What counts as memorised; None with too few images.
    pub(super) memory: Option<Threshold>,
    /// Sample metrics of the references.
    pub(super) scored: Vec<Reference>,
    /// What was left out and why.
    pub(super) notes: Vec<String>,
    /// Pixels of the samples of the PCA mixture that are shown.
    baseline: Option<Vec<u8>>,
}

impl ReferenceRows {
    fn new(evaluator: &Evaluator<'_>, split: &ImageSet) -> Self {
        let count = evaluator.sample_count();
        let train = &evaluator.dataset.train;
        let memory = memorisation::nearest(&split.images, train, Relation::Strangers)
            .and_then(|found| Threshold::new(&found));
        let mut making = Making { evaluator, split, notes: Vec::new(), scored: Vec::new() };
        if split.reading.is_none() {
            let reason = trained::obstacle(evaluator.dataset);
            let reason = reason.unwrap_or_else(|| "the evaluation was given no judge".into());
            making.notes.push(format!("Metrics of a judge's features are absent: {reason}."));
        }
        // As many training images as samples, so that the floor has the bias of the same n.
        let real = train.take(count);
        let title = format!("Real training images ({})", real.len());
        let memorised = memory.and_then(|threshold| among_members(evaluator, &real, threshold));
        making.add("real", title, real);
        making.scored[0].metrics.extend(memorised);
        let baseline = making.baselines(count);
        making.class_means(count);
        making.add("noise", "Uniform noise".into(), noise(evaluator, count));
        let baseline = baseline.map(|images| images.pixels);
        Self { memory, scored: making.scored, notes: making.notes, baseline }
    }

    /// Samples of the PCA mixture.
    pub(super) fn baseline_samples(&self, shape: ImageShape) -> Option<Images> {
        let pixels = self.baseline.clone()?;
        Some(Images { shape, pixels, labels: None })
    }

    fn to_json(&self) -> String {
        serde_json::to_string(self).expect("finite numbers and strings make JSON")
    }

    /// None where the text is damaged.
    pub(super) fn from_json(json: &str) -> Option<Self> {
        serde_json::from_str(json).ok()
    }
}

/// How many of the training images count as memorised beside the other training images: what fresh
/// images of the same source score.
fn among_members(evaluator: &Evaluator<'_>, real: &Images, threshold: Threshold) -> Option<Metric> {
    let found = memorisation::nearest(real, &evaluator.dataset.train, Relation::Members)?;
    evaluator.metric("samples/memorised", threshold.share(&found), found.len()).ok()
}

/// ReferenceRows in the making.
struct Making<'a> {
    evaluator: &'a Evaluator<'a>,
    split: &'a ImageSet,
    scored: Vec<Reference>,
    notes: Vec<String>,
}

impl Making<'_> {
    /// The mean image of each class, in the proportions of the training images.
    fn class_means(&mut self, count: usize) {
        let train = &self.evaluator.dataset.train;
        let Some(labels) = &train.labels else { return };
        let means = ClassMeans::new(train, labels);
        let classes = means.shown();
        let pixels = labels.iter().take(count).flat_map(|&label| means.image(label));
        let images = Images { shape: train.shape, pixels: pixels.collect(), labels: None };
        self.add("class-mean", format!("Class means ({classes})"), images);
    }

    /// The generators without a network; some samples of the first to look at.
    fn baselines(&mut self, count: usize) -> Option<Images> {
        let evaluator = self.evaluator;
        let pixels = evaluator.dataset.shape.pixels();
        if pixels > MOST_PIXELS {
            self.notes.push(format!(
                "The baselines pca-mixture and gaussian are absent: images of {pixels} values are \
                 beyond the {MOST_PIXELS} that principal components are computed for."
            ));
            return None;
        }
        let Some(projected) = Projected::new(&evaluator.fit_images()) else {
            self.notes.push("The baselines are absent: there are fewer than two images.".into());
            return None;
        };
        let (dims, components) = (projected.dimensions(), projected.components());
        let fit =
            |components| projected.fit(components, evaluator.settings.seed, &evaluator.device);
        let mut add = |name, title, fitted: Result<PcaMixture, _>| match fitted {
            Ok(model) => {
                let images = host::quantised(&evaluator.draw(&model, count), model.shape);
                let shown = images.take(SHOWN);
                self.add(name, title, images);
                Some(shown)
            }
            Err(reason) => {
                self.notes.push(format!("The baseline {name} is absent: {reason}."));
                None
            }
        };
        let title = format!("PCA ({dims}) + Gaussian mixture ({components})");
        let shown = add("pca-mixture", title, fit(components));
        add("gaussian", format!("PCA ({dims}) + one Gaussian"), fit(1));
        shown
    }

    fn add(&mut self, name: &str, title: String, images: Images) {
        let set = self.evaluator.read(images);
        let scored = score(&set, self.split, &self.evaluator.score_settings());
        let role = match name {
            "real" => Role::Real,
            "noise" => Role::Noise,
            _ => Role::Baseline,
        };
        self.scored.push(Reference { name: name.into(), title, role, metrics: scored.metrics });
    }
}

/// The mean image of each class.
struct ClassMeans {
    /// Per class the sum of its images, or nothing.
    sums: Vec<Vec<u64>>,
    counts: Vec<u64>,
}

impl ClassMeans {
    fn new(images: &Images, labels: &[u8]) -> Self {
        let classes = labels.iter().max().map_or(0, |&last| usize::from(last) + 1);
        let mut sums = vec![vec![0; images.shape.pixels()]; classes];
        let mut counts = vec![0; classes];
        for (i, &label) in labels.iter().enumerate() {
            let class = usize::from(label);
            counts[class] += 1;
            sums[class].iter_mut().zip(images.image(i)).for_each(|(s, v)| *s += u64::from(*v));
        }
        Self { sums, counts }
    }

    /// Classes with an image.
    fn shown(&self) -> usize {
        self.counts.iter().filter(|count| **count > 0).count()
    }

    /// The mean of a class that has images, rounded to 8 bits.
    fn image(&self, label: u8) -> impl Iterator<Item = u8> {
        let count = self.counts[usize::from(label)];
        self.sums[usize::from(label)].iter().map(move |sum| ((sum + count / 2) / count) as u8)
    }
}

/// Pixels uniform in [0, 1): the ceiling of every distance.
fn noise(evaluator: &Evaluator<'_>, count: usize) -> Images {
    let shape = evaluator.dataset.shape;
    let draws = evaluator.noise().uniform(
        "references/noise",
        0,
        0..count as u64,
        shape.batch(count),
        &evaluator.device,
    );
    host::quantised(&host::floats(draws), shape)
}
