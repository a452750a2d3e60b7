//! The continuous ranked probability score.

use super::{distribution::Distribution, measure::ForecastMeasure};
use genlab_data::Normal;
use genlab_results::{Direction::Lower, Entry, Rank, Section};
use statrs::distribution::{Continuous, ContinuousCDF, Normal as Standard};
use std::f64::consts::PI;

const CRPS: Entry = Entry {
    name: "forecast/crps",
    title: "CRPS",
    proper_name: true,
    unit: "units of the series",
    better: Some(Lower),
    range: [f64::NEG_INFINITY, f64::INFINITY],
    section: Section::Forecasts,
    rank: Rank::Headline,
    meaning: "Distance of what is foretold of a number from what came, for distributions: the absolute error of \
              a forecast that is one number. A forecast that knows the true distribution has the least.",
    ..Entry::BASE
};

/// The measure.
pub struct Crps;

impl ForecastMeasure for Crps {
    fn entry(&self) -> &'static Entry {
        &CRPS
    }

    fn score(&self, forecast: &Distribution, outcome: f64) -> f64 {
        match forecast {
            Distribution::Ensemble(members) => of_ensemble(members, outcome),
            Distribution::Normal(normal) => of_normal(*normal, outcome),
        }
    }
}

/// E|X − y| − ½ E|X − X′| (Eq. 21 of Gneiting & Raftery 2007, JASA 102:359) of m draws, ascending, without the
/// pairs of a draw with itself: the estimator that few draws do not raise, called fair (Ferro 2014, QJRMS
/// 140:1917). It may fall below 0. Of ascending draws Σ_{i<j} (x_j − x_i) = Σ_i (2 i − m − 1) x_i.
pub fn of_ensemble(members: &[f64], outcome: f64) -> f64 {
    let count = members.len() as f64;
    let error = members.iter().map(|x| (x - outcome).abs()).sum::<f64>() / count;
    let spread = |(place, x): (usize, &f64)| (2.0 * (place + 1) as f64 - count - 1.0) * x;
    let spread: f64 = members.iter().enumerate().map(spread).sum();
    error - spread / (count * (count - 1.0))
}

/// s (z (2 Φ(z) − 1) + 2 φ(z) − 1/√π) with z = (y − m) / s (Eq. 5 of Gneiting et al. 2005, Monthly Weather
/// Review 133:1098).
pub fn of_normal(Normal { mean, sd }: Normal, outcome: f64) -> f64 {
    let (z, standard) = ((outcome - mean) / sd, Standard::standard());
    sd * (z * (2.0 * standard.cdf(z) - 1.0) + 2.0 * standard.pdf(z) - 1.0 / PI.sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_hand_of_two_draws() {
        // Mean error (1 + 3) / 2, half the mean distance of the two 1.
        assert!((of_ensemble(&[1.0, 3.0], 0.0) - 1.0).abs() < 1e-12);
        assert!((of_ensemble(&[1.0, 3.0], 2.0) - 0.0).abs() < 1e-12);
    }

    #[test]
    fn a_forecast_that_knows_the_distribution_scores_its_width_over_the_root_of_pi() {
        // E over outcomes at many quantiles of the forecast itself.
        let normal = Normal { mean: 3.0, sd: 2.0 };
        let forecast = Distribution::Normal(normal);
        let count = 20_000;
        let outcome = |i: i32| forecast.quantile((f64::from(i) + 0.5) / f64::from(count));
        let sum: f64 = (0..count).map(|i| of_normal(normal, outcome(i))).sum();
        assert!((sum / f64::from(count) - 2.0 / PI.sqrt()).abs() < 1e-3);
    }
}
