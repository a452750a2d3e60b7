//! Forecasts of models that are told the past, and the rows beside them.

use crate::models::value;
use burn::tensor::{Device, Tensor, TensorData};
use genlab_core::{Batch, Conditions, Generative, Noise, Sample, SampleRequest, Scalars, Seed};
use genlab_data::{Dataset, LoadOptions, load};
use genlab_metrics::{Evaluation, Evaluator, Settings};
use genlab_results::Plot;

const COEFFICIENT: f32 = 0.8;
const STEPS: usize = 12;

/// Carries `ar1` on by its own recurrence, with innovations of this width.
pub(crate) struct Recurrence {
    pub(crate) innovation: f32,
    pub(crate) told: bool,
}

impl Generative for Recurrence {
    fn num_params(&self) -> usize {
        2
    }

    fn conditions(&self) -> Conditions {
        Conditions { past: self.told.then_some(24), ..Conditions::default() }
    }

    fn objective(&self, _batch: &Batch, _noise: Noise) -> Scalars {
        Scalars::new()
    }

    fn sampler(&self) -> Option<&dyn Sample> {
        Some(self)
    }
}

impl Sample for Recurrence {
    fn sample(&self, request: &SampleRequest) -> Tensor<4> {
        let shape = [request.count, STEPS];
        let noise: Tensor<2> = request.starting_noise(shape, &Device::flex());
        let noise = noise.into_data().try_into_vec::<f32>().expect("f32");
        let last: Vec<f32> = match &request.condition.past {
            Some(past) => {
                let last = past.numbers.clone().narrow(1, 23, 1).into_data();
                last.try_into_vec::<f32>().expect("f32")
            }
            None => vec![0.0; request.count],
        };
        let mut numbers = Vec::new();
        for (row, mut x) in noise.chunks(STEPS).zip(last) {
            for e in row {
                x = COEFFICIENT * x + self.innovation * e;
                numbers.push(x);
            }
        }
        let data = TensorData::new(numbers, [request.count, 1, 1, STEPS]);
        Tensor::from_data(data, &Device::flex())
    }

    fn network_calls(&self, _request: &SampleRequest) -> usize {
        1
    }
}

pub(crate) fn ar1() -> Dataset {
    load("ar1", &LoadOptions::default()).expect("drawn")
}

fn evaluate(model: &Recurrence) -> Evaluation {
    let settings = Settings { samples: 200, ..Settings::default() };
    let dataset = ar1();
    Evaluator::new(&dataset, None, &Device::flex(), Seed(0), settings).evaluate(model, &|_| ())
}

#[test]
fn the_recurrence_itself_scores_like_the_truth_and_is_right_as_often_as_it_says() {
    let found = evaluate(&Recurrence { innovation: 1.0, told: true });
    let crps = found.metrics.iter().find(|m| m.name == "forecast/crps").expect("scored");
    let truth = crps.real.expect("the true distribution is known");
    assert!((crps.value / truth - 1.0).abs() < 0.01, "{crps:?}");
    assert!((value(&found, "forecast/coverage_80") - 0.8).abs() < 0.02);
    let row = |name: &str| {
        let row = found.references.iter().find(|row| row.name == name).expect("a row");
        row.metrics.iter().find(|m| m.name == "forecast/crps").expect("scored").value
    };
    assert!((row("ar") / truth - 1.0).abs() < 0.01 && row("naive") > 1.1 * truth);
    assert_eq!(row("real"), truth);
    let table = found.figures.iter().find(|figure| figure.name == "horizons").expect("a table");
    let Plot::Table { rows, .. } = &table.plot else { panic!("a table") };
    assert_eq!(rows.len(), STEPS);
    assert_eq!(found.figures.iter().filter(|f| f.name.starts_with("fan-")).count(), 4);
}

#[test]
fn a_forecast_that_is_too_sure_scores_worse_and_covers_less() {
    let found = evaluate(&Recurrence { innovation: 0.5, told: true });
    let crps = found.metrics.iter().find(|m| m.name == "forecast/crps").expect("scored");
    assert!(crps.value > 1.03 * crps.real.expect("known"), "{crps:?}");
    // Half as wide: 2 Φ(1.28 / 2) − 1.
    assert!((value(&found, "forecast/coverage_80") - 0.478).abs() < 0.02);
}

#[test]
fn a_model_that_is_not_told_the_past_foretells_nothing_and_a_note_says_so() {
    let found = evaluate(&Recurrence { innovation: 1.0, told: false });
    assert!(!found.metrics.iter().any(|m| m.name.starts_with("forecast/")));
    assert!(found.notes.iter().any(|note| note.starts_with("Forecasts are absent")));
    assert!(found.references.iter().any(|row| row.name == "ar"));
}
