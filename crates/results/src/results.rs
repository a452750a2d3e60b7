//! Everything in `results.json`.

use crate::{
    figure::{Artefact, Figure},
    metric::Metric,
    oracle::Oracle,
    reference::Reference,
};
use serde::{Deserialize, Serialize};

/// The version of the format written by this crate.
pub const SCHEMA_VERSION: u32 = 1;

/// The frozen classifier in whose features sample metrics are computed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct JudgeInfo {
    /// `mnist-28`, `fashion-28`, `digits-8`, `scenes-32`, `auto-` and the start of the data's hash, the folder of the run that
    /// judges, or `random`.
    pub name: String,
    /// SHA-256 of its weights file, in hexadecimal.
    pub sha256: String,
    /// Share of its dataset's test split that it classifies rightly.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accuracy: Option<f64>,
}

/// Which of a run's averages of weights everything after training uses, where it kept several.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ChosenAverage {
    /// Its decay.
    pub decay: f64,
    /// The number that is least for it: `samples/frechet`, or `loss` where samples have no distance.
    pub by: String,
    /// Values of the validation split behind every distance, and as many samples.
    pub samples: usize,
    /// All of them, in the order of the settings.
    pub candidates: Vec<AverageCandidate>,
}

/// One average, measured on the validation split.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AverageCandidate {
    /// Its decay.
    pub decay: f64,
    /// How far samples drawn with it are from the validation split; None where that is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub distance: Option<f64>,
    /// The validation loss; None for a model without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub loss: Option<f64>,
}

/// Everything in `results.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Results {
    /// [`SCHEMA_VERSION`].
    pub schema_version: u32,
    /// The model's name on the command line.
    pub model: String,
    /// The model's name for people; empty in files from before there was one.
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
    /// The average of weights behind the numbers, where the run chose between several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub average: Option<ChosenAverage>,
    /// The model's numbers.
    pub metrics: Vec<Metric>,
    /// Rows to hold them against.
    #[serde(default)]
    pub references: Vec<Reference>,
    /// What a reader must know: metrics left out and why, caveats.
    #[serde(default)]
    pub notes: Vec<String>,
    /// What theory says of scalars of training.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub oracles: Vec<Oracle>,
    /// Figures that are data ([`Figure::is_data`]), in the order of reports.
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
            average: None,
            metrics: Vec::new(),
            references: Vec::new(),
            notes: Vec::new(),
            oracles: Vec::new(),
            figures: Vec::new(),
            artefacts: Vec::new(),
        }
    }

    /// The model's name for people; that of the command line where there is none.
    pub fn title(&self) -> &str {
        if self.model_title.is_empty() { &self.model } else { &self.model_title }
    }

    /// The metric of that name.
    pub fn metric(&self, name: &str) -> Option<&Metric> {
        self.metrics.iter().find(|metric| metric.name == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        catalogue::Entry,
        figure::{Plot, Scope},
        reference::Role,
    };

    static ENTRY: Entry = Entry { name: "x", unit: "things", ..Entry::BASE };

    #[test]
    fn results_survive_a_round_trip_through_json() {
        let mut results = Results::new("vae", "mnist-10k", 3, "finished");
        results.judge =
            Some(JudgeInfo { name: "mnist-28".into(), sha256: "ab".into(), accuracy: None });
        let metric = Metric::new(&ENTRY, "test", 0.1 + 0.2, 2000).unwrap();
        results.metrics = vec![metric.with_half_width(0.01).with_bounds(Some(1.9), None)];
        let candidate = AverageCandidate { decay: 0.9, distance: Some(1.5), loss: None };
        let (by, candidates) = ("samples/frechet".into(), vec![candidate]);
        results.average = Some(ChosenAverage { decay: 0.9, by, samples: 100, candidates });
        results.references = vec![Reference {
            name: "real".into(),
            title: "Real".into(),
            role: Role::Real,
            metrics: vec![],
        }];
        results.figures = vec![Figure {
            name: "shares".into(),
            section: "Shares".into(),
            title: String::new(),
            caption: "A share each.".into(),
            scope: Scope::Run,
            plot: Plot::Bars {
                values: vec![0.25, 0.75],
                x_label: "class".into(),
                guide: Some((0.5, "an even spread".into())),
            },
        }];
        results.artefacts = vec![results.figures[0].artefact("samples/shares.png")];
        let json = serde_json::to_string(&results).unwrap();
        assert_eq!(serde_json::from_str::<Results>(&json).unwrap(), results);
    }

    #[test]
    fn a_model_without_a_title_goes_by_its_name() {
        let mut results = Results::new("sparse-ae", "mnist-10k", 0, "finished");
        assert_eq!(results.title(), "sparse-ae");
        results.model_title = "Sparse AE".into();
        assert_eq!(results.title(), "Sparse AE");
    }
}
