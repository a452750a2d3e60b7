//! What it takes to be a measure of forecasts.

use super::distribution::Distribution;
use genlab_results::Entry;

/// How good a forecast of a number is: one file, one line in [`super::FORECAST_MEASURES`].
pub trait ForecastMeasure: Sync {
    /// The entry of its metric.
    fn entry(&self) -> &'static Entry;

    /// The score of one forecast beside what came, at least 0.
    fn score(&self, forecast: &Distribution, outcome: f64) -> f64;

    /// The metric of the mean of many scores; it rises with it.
    fn total(&self, mean: f64) -> f64 {
        mean
    }
}
