//! The error of the mean of what is foretold.

use super::{distribution::Distribution, measure::ForecastMeasure};
use genlab_results::{Direction::Lower, Entry, Section};

const RMSE: Entry = Entry {
    name: "forecast/rmse",
    title: "RMSE of the mean forecast",
    proper_name: true,
    unit: "units of the series",
    better: Some(Lower),
    range: [0.0, f64::INFINITY],
    section: Section::Forecasts,
    meaning: "Root of the mean squared difference between the mean of what is foretold and what came.",
    ..Entry::BASE
};

/// The measure.
pub struct Rmse;

impl ForecastMeasure for Rmse {
    fn entry(&self) -> &'static Entry {
        &RMSE
    }

    fn score(&self, forecast: &Distribution, outcome: f64) -> f64 {
        (forecast.mean() - outcome).powi(2)
    }

    fn total(&self, mean: f64) -> f64 {
        mean.sqrt()
    }
}
