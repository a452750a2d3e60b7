//! Forecasts without a network: least-squares autoregression, and the last number.

use crate::{
    measures::forecast::{Forecasts, crps::of_normal, distribution::Distribution},
    numerics::matrix::cholesky,
};
use faer::Mat;
use genlab_data::{Normal, Pasts, Values};

/// x_t = a_0 + Σ_i a_i x_{t−i} + s ε_t in standard units, fitted by least squares.
#[derive(Clone, Debug, PartialEq)]
pub struct Autoregression {
    intercept: f64,
    /// a_1, ..., a_p.
    coefficients: Vec<f64>,
    /// s.
    sd: f64,
    units: Units,
}

/// The last number again, with the error that it had at each step ahead on training windows.
#[derive(Clone, Debug, PartialEq)]
pub struct Naive {
    sds: Vec<f64>,
}

/// From the units of the data to standard ones and back.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Units {
    mean: f64,
    sd: f64,
}

impl Autoregression {
    /// Fitted on every number of the training windows' futures with the numbers before it, of the order p
    /// from 1 to the length of the past that has the least CRPS on the validation windows. None for values
    /// without a past, and where no fit is definite.
    pub fn fit(train: &Values, validation: &Values) -> Option<Self> {
        let most = train.pasts.as_ref()?.length;
        let sums = Sums::new(train, most)?;
        let fits = (1..=most).filter_map(|order| sums.solve(order));
        let scored = fits.map(|fit| (fit.mean_crps(validation), fit));
        scored.min_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, fit)| fit)
    }

    /// p.
    pub fn order(&self) -> usize {
        self.coefficients.len()
    }

    /// What it foretells of the first `count` of `values`.
    pub fn forecasts(&self, values: &Values, count: usize) -> Forecasts {
        forecasts(values, count, |past, steps| self.forecast(past, steps))
    }

    /// Means by the recurrence, and variances s² Σ_{j<h} ψ_j² with ψ_0 = 1, ψ_j = Σ_i a_i ψ_{j−i} (Box, Jenkins,
    /// Reinsel & Ljung 2015, "Time Series Analysis", section 5.1).
    fn forecast(&self, past: &[f32], steps: usize) -> Vec<Normal> {
        let Units { mean, sd } = self.units;
        let mut series: Vec<f64> = past.iter().map(|x| (f64::from(*x) - mean) / sd).collect();
        let mut weights: Vec<f64> = Vec::with_capacity(steps);
        let mut variance = 0.0;
        let recur = |numbers: &[f64]| -> f64 {
            self.coefficients.iter().zip(numbers.iter().rev()).map(|(a, x)| a * x).sum()
        };
        let step = |_| {
            let next = self.intercept + recur(&series);
            series.push(next);
            weights.push(if weights.is_empty() { 1.0 } else { recur(&weights) });
            variance += weights[weights.len() - 1].powi(2);
            Normal { mean: mean + sd * next, sd: sd * self.sd * f64::sqrt(variance) }
        };
        (0..steps).map(step).collect()
    }

    fn mean_crps(&self, values: &Values) -> f64 {
        let Some(pasts) = &values.pasts else { return f64::INFINITY };
        let steps = values.shape().pixels();
        let of = |index: usize| -> f64 {
            let forecast = self.forecast(pasts.row(index), steps);
            forecast.iter().zip(values.row_f64(index)).map(|(f, y)| of_normal(*f, y)).sum()
        };
        (0..values.len()).map(of).sum::<f64>() / (values.len() * steps) as f64
    }
}

impl Naive {
    /// None for values without a past.
    pub fn fit(train: &Values) -> Option<Self> {
        let pasts = train.pasts.as_ref()?;
        let mut squares = vec![0.0; train.shape().pixels()];
        for index in 0..train.len() {
            let last = last(pasts.row(index));
            for (sum, x) in squares.iter_mut().zip(train.row_f64(index)) {
                *sum += (x - last).powi(2);
            }
        }
        let sds: Vec<f64> = squares.iter().map(|sum| (sum / train.len() as f64).sqrt()).collect();
        sds.iter().all(|sd| *sd > 0.0).then_some(Self { sds })
    }

    /// What it foretells of the first `count` of `values`.
    pub fn forecasts(&self, values: &Values, count: usize) -> Forecasts {
        forecasts(values, count, |past, _| {
            self.sds.iter().map(|&sd| Normal { mean: last(past), sd }).collect()
        })
    }
}

/// The forecasts of the first `count` of `values`; none of values without a past.
fn forecasts(
    values: &Values,
    count: usize,
    forecast: impl Fn(&[f32], usize) -> Vec<Normal>,
) -> Forecasts {
    let steps = values.shape().pixels();
    let row = |pasts: &Pasts, index| -> Vec<Distribution> {
        forecast(pasts.row(index), steps).into_iter().map(Distribution::Normal).collect()
    };
    let of = |pasts| (0..count.min(values.len())).map(|index| row(pasts, index)).collect();
    values.pasts.as_ref().map_or_else(Vec::new, of)
}

fn last(past: &[f32]) -> f64 {
    f64::from(past[past.len() - 1])
}

/// Sums of products of all numbers of futures and of what came before them: those of every order are parts
/// of those of the highest.
struct Sums {
    /// Of regressors: 1, x_{t−1}, ..., x_{t−most}.
    gram: Mat<f64>,
    /// Of regressors and x_t.
    cross: Vec<f64>,
    /// Of x_t².
    square: f64,
    count: f64,
    units: Units,
}

impl Sums {
    /// Of all windows; None for values without a past.
    fn new(train: &Values, most: usize) -> Option<Self> {
        let units = Units { mean: train.space.mean, sd: train.space.sd };
        let (pasts, size) = (train.pasts.as_ref()?, most + 1);
        let mut sums = Self {
            gram: Mat::zeros(size, size),
            cross: vec![0.0; size],
            square: 0.0,
            count: 0.0,
            units,
        };
        let mut regressors = vec![1.0; size];
        for index in 0..train.len() {
            let past = pasts.row(index).iter().map(|x| f64::from(*x));
            let series = past.chain(train.row_f64(index)).map(|x| (x - units.mean) / units.sd);
            let series: Vec<f64> = series.collect();
            for time in pasts.length..series.len() {
                for (lag, regressor) in regressors[1..].iter_mut().enumerate() {
                    *regressor = series[time - 1 - lag];
                }
                sums.add(&regressors, series[time]);
            }
        }
        Some(sums)
    }

    fn add(&mut self, regressors: &[f64], x: f64) {
        for (column, b) in regressors.iter().enumerate() {
            let below = &mut self.gram.col_as_slice_mut(column)[column..];
            below.iter_mut().zip(&regressors[column..]).for_each(|(sum, a)| *sum += a * b);
            self.cross[column] += b * x;
        }
        self.square += x * x;
        self.count += 1.0;
    }

    /// The least-squares fit of this order; None where it is not definite.
    fn solve(&self, order: usize) -> Option<Autoregression> {
        let size = order + 1;
        let lower = cholesky(Mat::from_fn(size, size, |i, j| self.gram[(i.max(j), i.min(j))]))?;
        // L z = c, then Lᵀ a = z.
        let mut solved: Vec<f64> = self.cross[..size].to_vec();
        for i in 0..size {
            let known: f64 = (0..i).map(|j| lower[(i, j)] * solved[j]).sum();
            solved[i] = (solved[i] - known) / lower[(i, i)];
        }
        for i in (0..size).rev() {
            let known: f64 = (i + 1..size).map(|j| lower[(j, i)] * solved[j]).sum();
            solved[i] = (solved[i] - known) / lower[(i, i)];
        }
        let explained: f64 = solved.iter().zip(&self.cross).map(|(a, c)| a * c).sum();
        let sd = ((self.square - explained) / self.count).sqrt();
        let intercept = solved.remove(0);
        let fit = Autoregression { intercept, coefficients: solved, sd, units: self.units };
        (sd > 0.0).then_some(fit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use genlab_data::{LoadOptions, load};

    #[test]
    fn ar1_is_found_with_its_coefficient_and_its_widths() {
        let dataset = load("ar1", &LoadOptions::default()).unwrap();
        let fit = Autoregression::fit(&dataset.train, &dataset.validation).expect("a fit");
        assert!((fit.coefficients[0] - 0.8).abs() < 0.02, "{fit:?}");
        let truth = dataset.truth.expect("known");
        let pasts = dataset.test.pasts.as_ref().expect("pasts");
        let past: Vec<f64> = pasts.row(0).iter().map(|x| f64::from(*x)).collect();
        let expected = truth.forecast(&past).expect("known");
        for (found, expected) in fit.forecast(pasts.row(0), expected.len()).iter().zip(expected) {
            assert!((found.mean - expected.mean).abs() < 0.05, "{found:?} {expected:?}");
            assert!((found.sd / expected.sd - 1.0).abs() < 0.02, "{found:?} {expected:?}");
        }
    }

    #[test]
    fn a_recurrence_of_the_second_order_is_carried_on() {
        let units = Units { mean: 1.0, sd: 2.0 };
        let fit = Autoregression { intercept: 0.5, coefficients: vec![0.5, -0.25], sd: 0.1, units };
        // In standard units the past is 0, 1: then 1, 0.75, 0.625; ψ = 1, 0.5, 0.
        let found = fit.forecast(&[1.0, 3.0], 3);
        for (normal, (mean, squares)) in found.iter().zip([(1.0, 1.0), (0.75, 1.25), (0.625, 1.25)])
        {
            assert!((normal.mean - (1.0 + 2.0 * mean)).abs() < 1e-12, "{found:?}");
            assert!((normal.sd - 0.2 * f64::sqrt(squares)).abs() < 1e-12, "{found:?}");
        }
    }

    #[test]
    fn the_last_number_is_as_far_off_as_it_was_in_training() {
        let dataset = load("ar1", &LoadOptions::default()).unwrap();
        let naive = Naive::fit(&dataset.train).expect("a fit");
        // Var(x_{t+h} − x_t) = 2 (1 − φ^h) / (1 − φ²) of innovations of 1.
        for (h, sd) in (1..).zip(&naive.sds) {
            let variance = 2.0 * (1.0 - 0.8_f64.powi(h)) / (1.0 - 0.64);
            assert!((sd.powi(2) / variance - 1.0).abs() < 0.03, "{h}: {sd}");
        }
    }
}
