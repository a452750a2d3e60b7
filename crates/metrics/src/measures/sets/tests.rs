//! Intervals of every measure that is resampled, beside what other draws give.

use super::*;
use crate::{
    features::judge::{FeatureSpace, Reading},
    numerics::matrix::{Rows, Z95, mean_and_sd},
};
use genlab_core::{ImageShape, Phase, Seed};
use genlab_data::Values;
use pair::{ImageSet, ScoreSettings};
use rand::RngExt;
use rand_distr::StandardNormal;

const METRICS: [&str; 7] = [
    "samples/frechet",
    "samples/precision",
    "samples/recall",
    "samples/density",
    "samples/coverage",
    "samples/classifier_score",
    "samples/class_kl",
];

/// `n` Gaussian features around `shift`, and probabilities that lean on the first of them.
fn set(n: usize, shift: f64, seed: u64) -> ImageSet {
    let mut rng = Seed(seed).during(Phase::Evaluate).row("test", 0, 0);
    let dim = 4;
    let values: Vec<f64> =
        (0..n * dim).map(|_| shift + rng.sample::<f64, _>(StandardNormal)).collect();
    let sure = |row: &[f64]| 1.0 / (1.0 + (-4.0 * row[0]).exp());
    let probabilities = values.chunks(dim).map(sure).flat_map(|p| [p, 1.0 - p]).collect::<Vec<_>>();
    let images = Values::images(ImageShape::new(1, 1, 1), vec![0; n]);
    let reading = Reading {
        features: Rows::new(dim, values),
        probabilities: Some(Rows::new(2, probabilities)),
        space: FeatureSpace::Classifier,
    };
    ImageSet { images, reading: Some(reading) }
}

/// The metrics of [`METRICS`], with intervals by draws of `seed`.
fn scored(samples: &ImageSet, real: &ImageSet, seed: u64) -> Vec<Metric> {
    let settings = ScoreSettings { seed: Seed(seed), split: "test", frechet_infinity: false };
    let pair = Pair::new(samples, real, settings);
    let mut metrics = score(&pair).metrics;
    add_intervals(&mut metrics, &pair);
    let named = |name| metrics.iter().find(|metric| metric.name == name).unwrap().clone();
    METRICS.map(named).to_vec()
}

#[test]
fn intervals_hold_the_mean_over_other_draws_about_as_often_as_they_say() {
    let trials: Vec<Vec<Metric>> = (0..60)
        .map(|trial| {
            let (samples, real) = (set(300, 0.6, 2 * trial), set(300, 0.0, 2 * trial + 1));
            scored(&samples, &real, trial)
        })
        .collect();
    for (place, name) in METRICS.iter().enumerate() {
        let values: Vec<f64> = trials.iter().map(|metrics| metrics[place].value).collect();
        let (mean, sd) = mean_and_sd(&values);
        let intervals = || trials.iter().map(|metrics| metrics[place].ci95.unwrap());
        let held = intervals().filter(|[low, high]| *low <= mean && mean <= *high).count();
        let widths: Vec<f64> = intervals().map(|[low, high]| (high - low) / 2.0 / Z95).collect();
        let (width, _) = mean_and_sd(&widths);
        // 95 % of 60 is 57; a binomial falls below 52 about once in a hundred times.
        assert!(held >= 52, "{name}: {held} of 60 intervals hold the mean");
        assert!((0.75..1.6).contains(&(width / sd)), "{name}: {width} for a spread of {sd}");
    }
}

#[test]
fn an_interval_is_a_function_of_the_seed_and_stays_in_range() {
    let (samples, real) = (set(100, 4.0, 1), set(100, 0.0, 2));
    assert_eq!(scored(&samples, &real, 7), scored(&samples, &real, 7));
    assert_ne!(scored(&samples, &real, 7), scored(&samples, &real, 8));
    for metric in scored(&samples, &real, 7) {
        let [low, high] = metric.ci95.unwrap();
        assert!(low >= 0.0 && low <= metric.value && metric.value <= high, "{metric:?}");
        assert!(metric.name != "samples/coverage" || high <= 1.0);
    }
}

#[test]
fn a_distance_is_called_fid_in_the_features_of_inception_alone() {
    let inception = |n, seed| {
        let mut set = set(n, 0.0, seed);
        let reading = set.reading.take().unwrap();
        let space = FeatureSpace::Inception;
        set.reading = Some(Reading { space, probabilities: None, ..reading });
        set
    };
    let (samples, real) = (inception(50, 1), inception(50, 2));
    let settings = ScoreSettings { seed: Seed(0), split: "test", frechet_infinity: false };
    let found = score(&Pair::new(&samples, &real, settings));
    let named = |name| found.metrics.iter().any(|metric| metric.name == name);
    assert!(named("samples/fid") && !named("samples/frechet") && !named("samples/modes"));
    assert!(found.notes.iter().any(|note| note.contains("tells no classes of this")));
}
