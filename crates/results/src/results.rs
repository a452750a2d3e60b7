//! Everything in `results.json`.

use crate::{
    figure::{Artefact, Figure},
    metric::Metric,
};
use serde::{Deserialize, Serialize};

/// The version of the format written by this crate.
pub const SCHEMA_VERSION: u32 = 1;

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

/// What a reference row stands for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Real images: the best that can be hoped for.
    Real,
    /// A generator without a network.
    #[default]
    Baseline,
    /// Pure noise: what any model should beat.
    Noise,
}

/// A row to hold the model against: the sample metrics of something that is not the model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reference {
    /// Its key, unique within a run: `real`, `pca-mixture`, `noise`.
    pub name: String,
    /// For people: "PCA + Gaussian mixture (50)".
    pub title: String,
    /// What it stands for.
    #[serde(default)]
    pub role: Role,
    /// The same sample metrics as the model's.
    pub metrics: Vec<Metric>,
}

/// Everything in `results.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Results {
    /// [`SCHEMA_VERSION`].
    pub schema_version: u32,
    /// The model's name on the command line.
    pub model: String,
    /// The model's name for people.
    #[serde(default)]
    pub model_title: String,
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
    /// Figures that are data, in the order of reports.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub figures: Vec<Figure>,
    /// The pictures of the run, in the order of reports.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub artefacts: Vec<Artefact>,
}

impl Results {
    /// Results without any number yet.
    pub fn new(model: &str, dataset: &str, seed: u64, status: &str) -> Self {
        Self {
            schema_version: SCHEMA_VERSION,
            model: model.into(),
            model_title: String::new(),
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
            figures: Vec::new(),
            artefacts: Vec::new(),
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
    use crate::catalogue::Entry;

    static ENTRY: Entry = Entry { name: "x", unit: "things", ..Entry::BASE };

    #[test]
    fn results_survive_a_round_trip_through_json() {
        let mut results = Results::new("vae", "mnist-10k", 3, "finished");
        results.judge =
            Some(JudgeInfo { name: "mnist-28".into(), sha256: "ab".into(), accuracy: None });
        let metric = Metric::new(&ENTRY, "test", 0.1 + 0.2, 2000).unwrap();
        results.metrics = vec![metric.with_half_width(0.01).with_bounds(Some(1.9), None)];
        results.references = vec![Reference {
            name: "real".into(),
            title: "Real".into(),
            role: Role::Real,
            metrics: vec![],
        }];
        let json = serde_json::to_string(&results).unwrap();
        assert_eq!(serde_json::from_str::<Results>(&json).unwrap(), results);
    }
}
