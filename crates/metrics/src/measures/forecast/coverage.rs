//! How often what came lies in the interval that should hold most of it.

use super::{distribution::Distribution, measure::ForecastMeasure};
use genlab_results::{Entry, Rank, Section};

/// Share of the future that the interval should hold.
pub const SHARE: f64 = 0.8;

const COVERAGE: Entry = Entry {
    name: "forecast/coverage_80",
    title: "Coverage of 80 % intervals",
    unit: "fraction of numbers",
    range: [0.0, 1.0],
    section: Section::Forecasts,
    rank: Rank::Headline,
    meaning: "Numbers that lie between the 10 % and the 90 % quantile of what is foretold of them: 0.8 where it \
              is right, less where it is too sure. Wide intervals reach it as well: read it beside the CRPS.",
    ..Entry::BASE
};

/// The measure.
pub struct Coverage;

impl ForecastMeasure for Coverage {
    fn entry(&self) -> &'static Entry {
        &COVERAGE
    }

    fn score(&self, forecast: &Distribution, outcome: f64) -> f64 {
        let [low, high] = forecast.central(SHARE);
        f64::from(u8::from(low <= outcome && outcome <= high))
    }
}
