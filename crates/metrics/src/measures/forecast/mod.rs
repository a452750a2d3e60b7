//! How well futures are foretold from their pasts: by a model that is told the past and draws futures, and
//! by the rows beside it, whose forecasts are normal distributions.
//!
//! Every measure looks at one number of one window at a time, at each step ahead by itself.

pub mod coverage;
pub mod crps;
pub mod distribution;
pub mod fan;
pub mod horizons;
pub mod measure;
pub mod rmse;

use crate::{context::Context, findings::Findings, numerics::matrix::Z95};
use distribution::Distribution;
use genlab_data::Values;
use genlab_results::{Entry, Metric, NotFinite};
use measure::ForecastMeasure;

/// Every measure of forecasts, in the order of reports.
pub const FORECAST_MEASURES: &[&dyn ForecastMeasure] =
    &[&crps::Crps, &coverage::Coverage, &rmse::Rmse];

/// Their entries, in the order of reports.
pub fn entries() -> impl Iterator<Item = &'static Entry> {
    FORECAST_MEASURES.iter().map(|measure| measure.entry())
}

/// What is foretold of windows: one row each, with a distribution for each step ahead.
pub type Forecasts = Vec<Vec<Distribution>>;

/// Every metric of forecasts of the first of `outcomes`.
pub fn score(forecasts: &Forecasts, outcomes: &Values, context: &Context<'_>) -> Findings {
    let mut found = Findings::default();
    for measure in FORECAST_MEASURES {
        found.push(metric(*measure, forecasts, outcomes, context));
    }
    found
}

/// Over all windows and steps, with an interval over windows: steps of one window depend on each other.
fn metric(
    measure: &dyn ForecastMeasure,
    forecasts: &Forecasts,
    outcomes: &Values,
    context: &Context<'_>,
) -> Result<Metric, NotFinite> {
    let scores = scores(measure, forecasts, outcomes);
    let of_windows: Vec<f64> =
        scores.iter().map(|row| row.iter().sum::<f64>() / row.len() as f64).collect();
    let (mean, sd) = crate::numerics::matrix::mean_and_sd(&of_windows);
    let half_width = Z95 * sd / (of_windows.len() as f64).sqrt();
    let entry = measure.entry();
    let mut metric = context.metric(entry, measure.total(mean), of_windows.len())?;
    // A total rises with its mean, so the ends of the interval go with it.
    let [low, high] = [mean - half_width, mean + half_width].map(|end| measure.total(end.max(0.0)));
    metric.ci95 = (low.is_finite() && high.is_finite()).then_some([low, high]);
    Ok(metric)
}

/// One total per step ahead.
pub fn by_horizon(
    measure: &dyn ForecastMeasure,
    forecasts: &Forecasts,
    outcomes: &Values,
) -> Vec<f64> {
    let scores = scores(measure, forecasts, outcomes);
    let steps = scores.first().map_or(0, Vec::len);
    let at = |step: usize| scores.iter().map(|row| row[step]).sum::<f64>() / scores.len() as f64;
    (0..steps).map(|step| measure.total(at(step))).collect()
}

fn scores(
    measure: &dyn ForecastMeasure,
    forecasts: &Forecasts,
    outcomes: &Values,
) -> Vec<Vec<f64>> {
    let of_window = |(index, forecast): (usize, &Vec<Distribution>)| {
        let outcome = outcomes.row_f64(index);
        forecast.iter().zip(outcome).map(|(f, y)| measure.score(f, y)).collect()
    };
    forecasts.iter().enumerate().map(of_window).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use genlab_core::Space;
    use genlab_data::Normal;

    #[test]
    fn steps_ahead_are_scored_each_by_itself() {
        let certain = |mean| Distribution::Normal(Normal { mean, sd: 1.0 });
        let forecasts = vec![vec![certain(0.0), certain(0.0)], vec![certain(0.0), certain(4.0)]];
        let outcomes = Values::floats(Space::series(2, 0.0, 1.0), vec![1.0, 0.0, -1.0, 0.0]);
        // Errors 1 and 1 one step ahead, 0 and 4 two steps ahead.
        assert_eq!(by_horizon(&rmse::Rmse, &forecasts, &outcomes), [1.0, 8.0_f64.sqrt()]);
        assert_eq!(by_horizon(&coverage::Coverage, &forecasts, &outcomes), [1.0, 0.5]);
    }
}
