//! The types of `results.json`, and the one way to make a metric.

use crate::registry::describe;
use serde::{Deserialize, Serialize};

/// The version of the format written by this crate.
pub const SCHEMA_VERSION: u32 = 1;

/// Which way a metric improves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// Smaller is better.
    Lower,
    /// Larger is better.
    Higher,
}

/// One reported number. A metric that a model lacks is absent; it is never 0.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Metric {
    /// `reconstruction/mse`, `samples/frechet`, ...; see [`crate::registry::METRICS`].
    pub name: String,
    /// The images it was measured on: `test`, `validation`, `train`.
    pub split: String,
    /// The number, always finite.
    pub value: f64,
    /// Images (or samples) behind it.
    pub n: usize,
    /// The unit, in words.
    pub unit: String,
    /// Which way it improves; `null` where neither way is better.
    pub better: Option<Direction>,
    /// Lower and upper end of a 95 % interval.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ci95: Option<[f64; 2]>,
    /// What real images score against the same reference with the same n.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub floor: Option<f64>,
    /// What noise images score against the same reference with the same n.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ceiling: Option<f64>,
}

/// Why a number is not reported.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum NotReported {
    /// The value is infinite or not a number.
    #[error(
        "{name} on {split} is {value} over {n} images and is left out: a reported number is finite"
    )]
    NotFinite {
        /// The metric.
        name: String,
        /// The split.
        split: String,
        /// The value.
        value: f64,
        /// Images behind it.
        n: usize,
    },
    /// The registry has no such metric.
    #[error("{name} is not in the registry of metrics; add its unit, direction and meaning there")]
    Unknown {
        /// The metric.
        name: String,
    },
}

impl Metric {
    /// A metric whose unit and direction come from the registry.
    ///
    /// # Errors
    /// When `value` is not finite, or the registry does not know `name`.
    pub fn new(name: &str, split: &str, value: f64, n: usize) -> Result<Self, NotReported> {
        let Some(kind) = describe(name) else {
            return Err(NotReported::Unknown { name: name.into() });
        };
        if !value.is_finite() {
            let (name, split) = (name.into(), split.into());
            return Err(NotReported::NotFinite { name, split, value, n });
        }
        Ok(Self {
            name: name.into(),
            split: split.into(),
            value,
            n,
            unit: kind.unit.into(),
            better: kind.better,
            ci95: None,
            floor: None,
            ceiling: None,
        })
    }

    /// With `what` in its unit: the images or the method that the registry cannot know of.
    pub fn about(mut self, what: &str) -> Self {
        self.unit = format!("{}, {what}", self.unit);
        self
    }

    /// With a 95 % interval of `half_width` to either side; an infinite one is left out.
    pub fn with_half_width(mut self, half_width: f64) -> Self {
        self.ci95 =
            half_width.is_finite().then_some([self.value - half_width, self.value + half_width]);
        self
    }

    /// With what real images and what noise score.
    pub fn with_bounds(mut self, floor: Option<f64>, ceiling: Option<f64>) -> Self {
        self.floor = floor.filter(|v| v.is_finite());
        self.ceiling = ceiling.filter(|v| v.is_finite());
        self
    }
}

/// The frozen classifier whose features carry the sample metrics.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct JudgeInfo {
    /// `mnist-28`, `fashion-28`, `digits-8`, or `auto-` and the start of the data's hash.
    pub name: String,
    /// SHA-256 of its weights file, in hexadecimal.
    pub sha256: String,
    /// Share of its dataset's test images that it classifies rightly.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accuracy: Option<f64>,
}

/// A row to hold the model against: the sample metrics of something that is not the model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reference {
    /// `real`, `pca-mixture`, `gaussian`, `class-mean`, `noise`.
    pub name: String,
    /// For people: "PCA + Gaussian mixture (50)".
    pub title: String,
    /// The same sample metrics as the model's.
    pub metrics: Vec<Metric>,
}

/// Everything in `results.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Results {
    /// [`SCHEMA_VERSION`].
    pub schema_version: u32,
    /// `ae`, `vae`, ...
    pub model: String,
    /// `mnist-10k`, ...
    pub dataset: String,
    /// The run's seed.
    pub seed: u64,
    /// `finished`, or why it stopped.
    pub status: String,
    /// The network behind the sample metrics, where the dataset has one.
    #[serde(default)]
    pub judge: Option<JudgeInfo>,
    /// What was fitted on the codes of a model that has no prior of its own, to draw its samples:
    /// "Gaussian mixture prior (10)".
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prior: Option<String>,
    /// The model's numbers.
    pub metrics: Vec<Metric>,
    /// Rows to hold them against.
    #[serde(default)]
    pub references: Vec<Reference>,
    /// What a reader must know: metrics left out and why, caveats.
    #[serde(default)]
    pub notes: Vec<String>,
    /// KL of each latent dimension in nats per image, where the model has a Gaussian posterior.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kl_per_dimension: Option<Vec<f64>>,
    /// Share of samples that the judge puts into each class.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class_histogram: Option<Vec<f64>>,
}

impl Results {
    /// Results without any number yet.
    pub fn new(model: &str, dataset: &str, seed: u64, status: &str) -> Self {
        Self {
            schema_version: SCHEMA_VERSION,
            model: model.into(),
            dataset: dataset.into(),
            seed,
            status: status.into(),
            judge: None,
            prior: None,
            metrics: Vec::new(),
            references: Vec::new(),
            notes: Vec::new(),
            kl_per_dimension: None,
            class_histogram: None,
        }
    }

    /// The metric of that name.
    pub fn metric(&self, name: &str) -> Option<&Metric> {
        self.metrics.iter().find(|metric| metric.name == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_survive_a_round_trip_through_json() {
        let mut results = Results::new("vae", "mnist-10k", 3, "finished");
        results.judge =
            Some(JudgeInfo { name: "mnist-28".into(), sha256: "ab".into(), accuracy: None });
        results.metrics = vec![
            Metric::new("reconstruction/mse", "test", 0.1 + 0.2, 2000)
                .unwrap()
                .with_half_width(0.01),
            Metric::new("samples/frechet", "test", 21.4, 2000)
                .unwrap()
                .with_bounds(Some(1.9), Some(412.0)),
        ];
        results.references =
            vec![Reference { name: "real".into(), title: "Real".into(), metrics: vec![] }];
        let json = serde_json::to_string(&results).unwrap();
        assert_eq!(serde_json::from_str::<Results>(&json).unwrap(), results);
    }

    #[test]
    fn direction_is_always_written_and_other_absent_fields_never() {
        let metric = Metric::new("kl/total", "test", 17.2, 2000).unwrap();
        assert_eq!(
            serde_json::to_string(&metric).unwrap(),
            r#"{"name":"kl/total","split":"test","value":17.2,"n":2000,"unit":"nats per image","better":null}"#
        );
        let metric = Metric::new("samples/frechet", "test", 1.0, 2).unwrap();
        assert!(serde_json::to_string(&metric).unwrap().contains(r#""better":"lower""#));
    }

    #[test]
    fn a_number_that_is_not_finite_is_refused_in_words() {
        let error = Metric::new("samples/frechet", "test", f64::NAN, 100).unwrap_err();
        assert_eq!(
            error.to_string(),
            "samples/frechet on test is NaN over 100 images and is left out: a reported number is finite"
        );
        assert!(Metric::new("samples/charm", "test", 1.0, 100).is_err());
    }
}
