//! A linear probe and a vote of nearest neighbours, and the scale that codes are put on for them.

use crate::numerics::{
    lbfgs::{Slope, minimise},
    matrix::{Rows, columns, divide, product, squared_distances, squared_norms, values},
};
use rayon::prelude::*;
use std::collections::BTreeMap;

/// Rows per task.
const BLOCK: usize = 256;

/// How a linear probe is fitted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ProbeSettings {
    /// Weight λ of ½ λ |W|² beside the summed cross-entropy: scikit-learn's 1 / C.
    pub l2: f64,
    /// Done when no derivative of the mean objective exceeds this.
    pub tolerance: f64,
    /// Steps, at most.
    pub iterations: usize,
}

impl Default for ProbeSettings {
    /// scikit-learn's penalty, a tenth of its tolerance and twice its steps.
    fn default() -> Self {
        Self { l2: 1.0, tolerance: 1e-5, iterations: 200 }
    }
}

/// Multinomial logistic regression.
#[derive(Clone, Debug, PartialEq)]
pub struct Probe {
    /// `[classes, dim]`.
    pub weights: Rows,
    /// `[classes]`.
    pub bias: Vec<f64>,
    /// Mean cross-entropy in nats plus ½ (λ/n) |W|² at the end of the fit.
    pub objective: f64,
}

impl Probe {
    /// The minimum over W, b of `Σᵢ −ln softmax(W xᵢ + b)[yᵢ] + ½ λ |W|²` by L-BFGS from zero, in f64.
    /// Equal input gives equal bits, whatever the number of threads.
    ///
    /// # Panics
    /// When there is not one label below `classes` for each row, or no row.
    pub fn fit(codes: &Rows, labels: &[u32], classes: usize, settings: ProbeSettings) -> Self {
        assert!(!codes.is_empty() && codes.len() == labels.len(), "one label per code");
        assert!(labels.iter().all(|&label| (label as usize) < classes), "labels below {classes}");
        let start = vec![0.0; classes * (codes.dim + 1)];
        let found = minimise(start, settings.tolerance, settings.iterations, |parameters| {
            objective(parameters, codes, labels, classes, settings.l2)
        });
        let (weights, bias) = found.at.split_at(classes * codes.dim);
        let weights = Rows::new(codes.dim, weights.to_vec());
        Self { weights, bias: bias.to_vec(), objective: found.value }
    }

    /// The likeliest class of each row.
    pub fn predict(&self, codes: &Rows) -> Vec<u32> {
        let blocks = codes.values.par_chunks(BLOCK * codes.dim);
        blocks
            .flat_map_iter(|block| {
                let scores = scores(&self.weights.values, &self.bias, block, codes.dim);
                scores.chunks(self.bias.len()).map(first_largest).collect::<Vec<u32>>()
            })
            .collect()
    }
}

/// The objective over n and its gradient at `parameters`: weights class by class, then biases.
fn objective(parameters: &[f64], codes: &Rows, labels: &[u32], classes: usize, l2: f64) -> Slope {
    let (weights, bias) = parameters.split_at(classes * codes.dim);
    let parts: Vec<Slope> = codes
        .values
        .par_chunks(BLOCK * codes.dim)
        .zip(labels.par_chunks(BLOCK))
        .map(|(block, labels)| cross_entropy(weights, bias, block, labels, codes.dim))
        .collect();
    let mut total = Slope { value: 0.0, gradient: vec![0.0; parameters.len()] };
    for part in parts {
        total.value += part.value;
        crate::numerics::matrix::add(&mut total.gradient, &part.gradient);
    }
    for (gradient, weight) in total.gradient.iter_mut().zip(weights) {
        *gradient += l2 * weight;
        total.value += 0.5 * l2 * weight * weight;
    }
    let n = codes.len() as f64;
    divide(&mut total.gradient, n);
    Slope { value: total.value / n, ..total }
}

/// Summed cross-entropy of one block and its gradient.
fn cross_entropy(
    weights: &[f64],
    bias: &[f64],
    block: &[f64],
    labels: &[u32],
    dim: usize,
) -> Slope {
    let classes = bias.len();
    let mut residuals = scores(weights, bias, block, dim);
    let mut value = 0.0;
    for (row, &label) in residuals.chunks_mut(classes).zip(labels) {
        let largest = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let own = row[label as usize];
        for score in row.iter_mut() {
            *score = (*score - largest).exp();
        }
        let total: f64 = row.iter().sum();
        value += total.ln() + largest - own;
        divide(row, total);
        row[label as usize] -= 1.0;
    }
    let mut gradient =
        values(&product(columns(block, dim), columns(&residuals, classes).transpose()));
    let mut biases = vec![0.0; classes];
    residuals.chunks(classes).for_each(|row| crate::numerics::matrix::add(&mut biases, row));
    gradient.extend(biases);
    Slope { value, gradient }
}

/// W x + b of each row of `block`, one row of classes after the other.
fn scores(weights: &[f64], bias: &[f64], block: &[f64], dim: usize) -> Vec<f64> {
    let mut scores = values(&product(columns(weights, dim).transpose(), columns(block, dim)));
    scores.chunks_mut(bias.len()).for_each(|row| crate::numerics::matrix::add(row, bias));
    scores
}

/// The index of the largest value; the first of equals.
fn first_largest(values: &[f64]) -> u32 {
    let best = (1..values.len()).fold(0, |best, i| if values[i] > values[best] { i } else { best });
    best as u32
}

/// The commonest label among the `k` rows of `train` nearest to each row of `test` (Euclidean
/// distance); the smallest of equally common ones, as scikit-learn's `KNeighborsClassifier` has it.
///
/// # Panics
/// When there is not one label for each training row, or none at all.
pub fn nearest_label(train: &Rows, labels: &[u32], test: &Rows, k: usize) -> Vec<u32> {
    assert!(!train.is_empty() && train.len() == labels.len(), "one label per code");
    let norms = squared_norms(train);
    let k = k.clamp(1, train.len());
    test.values
        .par_chunks(BLOCK * test.dim)
        .flat_map_iter(|block| {
            let distances = squared_distances(block, train, &norms);
            let vote = |row: &[f64]| commonest(nearest(row, k).map(|i| labels[i]));
            distances.chunks(train.len()).map(vote).collect::<Vec<u32>>()
        })
        .collect()
}

/// Where the `k` smallest distances stand; of equal ones the first.
fn nearest(distances: &[f64], k: usize) -> impl Iterator<Item = usize> {
    let mut best: Vec<(f64, usize)> = Vec::with_capacity(k + 1);
    for (i, &distance) in distances.iter().enumerate() {
        if best.len() < k || distance < best[k - 1].0 {
            let place = best.partition_point(|(other, _)| *other <= distance);
            best.insert(place, (distance, i));
            best.truncate(k);
        }
    }
    best.into_iter().map(|(_, i)| i)
}

fn commonest(labels: impl Iterator<Item = u32>) -> u32 {
    let mut counts: BTreeMap<u32, usize> = BTreeMap::new();
    labels.for_each(|label| *counts.entry(label).or_default() += 1);
    // The last maximum of labels in falling order is the smallest of equals.
    counts.into_iter().rev().max_by_key(|(_, count)| *count).map_or(0, |(label, _)| label)
}

/// Shift and scale that make codes of any model comparable under one penalty: each dimension's mean
/// is taken off, and all are divided by one number, so that their mean variance is 1. Distances keep
/// their ratios, so a rotated code scores the same.
#[derive(Clone, Debug, PartialEq)]
pub struct Scale {
    mean: Vec<f64>,
    factor: f64,
}

impl Scale {
    /// The scale of some rows. Rows that do not vary at all are only shifted.
    pub fn of(rows: &Rows) -> Self {
        let mut mean = vec![0.0; rows.dim];
        rows.iter().for_each(|row| crate::numerics::matrix::add(&mut mean, row));
        divide(&mut mean, rows.len() as f64);
        let off = |row: &[f64]| row.iter().zip(&mean).map(|(x, m)| (x - m).powi(2)).sum::<f64>();
        let variance = rows.iter().map(off).sum::<f64>() / rows.values.len() as f64;
        let factor = if variance > 0.0 { variance.sqrt().recip() } else { 1.0 };
        Self { mean, factor }
    }

    /// Rows of the same space, shifted and scaled.
    pub fn apply(&self, rows: &Rows) -> Rows {
        let means = self.mean.iter().cycle();
        let scaled = rows.values.iter().zip(means).map(|(x, m)| (x - m) * self.factor);
        Rows::new(rows.dim, scaled.collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_probe_without_features_learns_the_class_frequencies() {
        // All codes zero: the biases alone decide, and their softmax is the histogram.
        let probe =
            Probe::fit(&Rows::new(1, vec![0.0; 4]), &[0, 0, 0, 1], 2, ProbeSettings::default());
        let odds = (probe.bias[0] - probe.bias[1]).exp();
        assert!((odds - 3.0).abs() < 1e-2, "{odds}");
        let entropy = -(0.75 * 0.75_f64.ln() + 0.25 * 0.25_f64.ln());
        assert!((probe.objective - entropy).abs() < 1e-6);
    }

    #[test]
    fn a_probe_tells_halves_of_a_line_apart() {
        let codes = Rows::new(1, (-50..50).map(f64::from).collect());
        let labels: Vec<u32> = (0..100).map(|i| u32::from(i >= 50)).collect();
        let probe = Probe::fit(&codes, &labels, 2, ProbeSettings::default());
        assert_eq!(probe.predict(&codes), labels);
    }

    #[test]
    fn neighbours_vote_and_the_smallest_label_wins_a_draw() {
        let train = Rows::new(1, vec![0.0, 1.0, 2.0, 10.0]);
        let test = Rows::new(1, vec![0.4, 9.0]);
        assert_eq!(nearest_label(&train, &[3, 5, 5, 2], &test, 1), [3, 2]);
        assert_eq!(nearest_label(&train, &[3, 5, 5, 2], &test, 2), [3, 2]);
        assert_eq!(nearest_label(&train, &[3, 5, 5, 2], &test, 3), [5, 5]);
    }

    #[test]
    fn scaled_codes_have_mean_zero_and_mean_variance_one() {
        let rows = Rows::new(2, vec![0.0, 5.0, 2.0, 5.0, 4.0, 5.0]);
        let scaled = Scale::of(&rows).apply(&rows);
        let moments = scaled.moments();
        assert!(moments.mean.iter().all(|m| m.abs() < 1e-12));
        assert!((scaled.values.iter().map(|v| v * v).sum::<f64>() / 6.0 - 1.0).abs() < 1e-12);
        assert_eq!(scaled.row(1), [0.0, 0.0]);
    }
}
