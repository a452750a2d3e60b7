//! Intervals for the sample metrics of one run: how much they would move with other draws of as many
//! samples and as many real images.
//!
//! Both sides are drawn again with replacement, [`RESAMPLES`] times (Efron 1979). A drawn set holds
//! copies, which lifts a Fréchet distance and lowers coverage, so the drawn values do not lie around
//! the measured one. Only their standard deviation is used: value ± 1.96 sd, cut to the metric's
//! range. Radii of neighbourhoods stay those of the full sets, since a copy at distance 0 would make
//! them meaningless. The interval says nothing about other training seeds.

use crate::{
    features::judge::Reading,
    measures::sets::{
        classes,
        frechet::frechet_distance,
        resampled_neighbours::Contacts,
        samples::{ImageSet, NEAREST, Z95},
    },
    numerics::matrix::{Rows, mean_and_sd},
};
use genlab_core::{Phase, Seed};
use genlab_results::Metric;
use rand::RngExt;
use rayon::prelude::*;

/// Draws behind each interval.
pub const RESAMPLES: usize = 100;
/// Features whose covariances are decomposed a hundred times without a wait.
const MOST_FEATURES: usize = 256;
/// Images a side whose contacts fit into memory as bits.
const MOST_IMAGES: usize = 20_000;

/// Gives each metric of the judge's readings that has none an interval, where one is affordable. The
/// draws are a function of `seed` alone.
pub fn add_intervals(metrics: &mut [Metric], samples: &ImageSet, real: &ImageSet, seed: Seed) {
    let (Some(samples), Some(real)) = (&samples.reading, &real.reading) else { return };
    let draws: Vec<Draw> = (0..RESAMPLES as u64)
        .map(|number| Draw {
            samples: rows(samples.features.len(), seed, "bootstrap/samples", number),
            real: rows(real.features.len(), seed, "bootstrap/real", number),
        })
        .collect();
    let contacts = metrics
        .iter()
        .any(|metric| NEIGHBOURHOODS.contains(&metric.name.as_str()))
        .then(|| contacts(samples, real))
        .flatten();
    let neighbourhoods: Vec<_> = contacts.map_or_else(Vec::new, |contacts| {
        draws.par_iter().map(|draw| contacts.among(&draw.samples, &draw.real)).collect()
    });
    for metric in metrics.iter_mut().filter(|metric| metric.ci95.is_none()) {
        let values: Option<Vec<f64>> = match metric.name.as_str() {
            "samples/frechet" => frechet(&draws, samples, real),
            "samples/precision" => Some(neighbourhoods.iter().map(|n| n.precision).collect()),
            "samples/recall" => Some(neighbourhoods.iter().map(|n| n.recall).collect()),
            "samples/density" => Some(neighbourhoods.iter().map(|n| n.density).collect()),
            "samples/coverage" => Some(neighbourhoods.iter().map(|n| n.coverage).collect()),
            "samples/classifier_score" => classifier_scores(&draws, samples),
            "samples/class_kl" => class_divergences(&draws, samples, real, classes::histogram_kl),
            "samples/class_kl_forward" => {
                let n = samples.features.len();
                class_divergences(&draws, samples, real, |found, expected| {
                    classes::histogram_kl(expected, &classes::smoothed(found, n))
                })
            }
            _ => None,
        };
        let Some(values) = values.filter(|values| values.len() > 1) else { continue };
        let (_, sd) = mean_and_sd(&values);
        if sd.is_finite() {
            let entry = crate::CATALOGUE.get(&metric.name).expect("it was made from an entry");
            let [low, high] = entry.range;
            let bound = |value: f64| value.clamp(low, high);
            let (from, to) = (metric.value - Z95 * sd, metric.value + Z95 * sd);
            metric.ci95 = Some([bound(from), bound(to)]);
        }
    }
}

const NEIGHBOURHOODS: [&str; 4] =
    ["samples/precision", "samples/recall", "samples/density", "samples/coverage"];

/// Rows drawn with replacement from both sides.
struct Draw {
    samples: Vec<usize>,
    real: Vec<usize>,
}

fn rows(n: usize, seed: Seed, name: &str, step: u64) -> Vec<usize> {
    let mut rng = seed.during(Phase::Evaluate).row(name, step, 0);
    (0..n).map(|_| rng.random_range(0..n)).collect()
}

fn chosen(rows: &Rows, draw: &[usize]) -> Rows {
    Rows::new(rows.dim, draw.iter().flat_map(|&row| rows.row(row)).copied().collect())
}

fn contacts(samples: &Reading, real: &Reading) -> Option<Contacts> {
    let most = samples.features.len().max(real.features.len());
    if most > MOST_IMAGES {
        return None;
    }
    Contacts::new(&samples.features, &real.features, NEAREST)
}

fn frechet(draws: &[Draw], samples: &Reading, real: &Reading) -> Option<Vec<f64>> {
    if samples.features.dim > MOST_FEATURES {
        return None;
    }
    let distance = |draw: &Draw| {
        let left = chosen(&samples.features, &draw.samples);
        frechet_distance(&left, &chosen(&real.features, &draw.real)).ok()
    };
    draws.par_iter().map(distance).collect()
}

fn classifier_scores(draws: &[Draw], samples: &Reading) -> Option<Vec<f64>> {
    let probabilities = samples.probabilities.as_ref()?;
    let score = |draw: &Draw| classes::classifier_score(&chosen(probabilities, &draw.samples));
    Some(draws.par_iter().map(score).collect())
}

/// `divergence` of the two sides' class histograms.
fn class_divergences(
    draws: &[Draw],
    samples: &Reading,
    real: &Reading,
    divergence: impl Fn(&[f64], &[f64]) -> f64 + Sync,
) -> Option<Vec<f64>> {
    let (samples, real) = (samples.probabilities.as_ref()?, real.probabilities.as_ref()?);
    let histogram = |rows: &Rows, draw: &[usize]| classes::histogram(&chosen(rows, draw));
    let value = |draw: &Draw| {
        let (found, expected) = (histogram(samples, &draw.samples), histogram(real, &draw.real));
        divergence(&found, &expected)
    };
    Some(draws.par_iter().map(value).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use genlab_core::ImageShape;
    use genlab_data::Images;
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
        let probabilities =
            values.chunks(dim).map(sure).flat_map(|p| [p, 1.0 - p]).collect::<Vec<_>>();
        let images = Images { shape: ImageShape::new(1, 1, 1), pixels: vec![0; n], labels: None };
        let reading = Reading {
            features: Rows::new(dim, values),
            probabilities: Some(Rows::new(2, probabilities)),
            frechet_metric: "samples/frechet",
        };
        ImageSet { images, reading: Some(reading) }
    }

    fn scored(samples: &ImageSet, real: &ImageSet) -> Vec<Metric> {
        let (samples, real) = (samples.reading.as_ref().unwrap(), real.reading.as_ref().unwrap());
        let all = crate::measures::sets::neighbours::neighbourhoods(
            &samples.features,
            &real.features,
            NEAREST,
        );
        let all = all.unwrap();
        let frechet = frechet_distance(&samples.features, &real.features).unwrap();
        let [samples, real] =
            [samples, real].map(|reading| reading.probabilities.as_ref().unwrap());
        let [found, expected] = [samples, real].map(classes::histogram);
        let values = [
            frechet,
            all.precision,
            all.recall,
            all.density,
            all.coverage,
            classes::classifier_score(samples),
            classes::histogram_kl(&found, &expected),
        ];
        let metric = |(name, value)| crate::catalogue::metric(name, "test", value, 300).unwrap();
        METRICS.into_iter().zip(values).map(metric).collect()
    }

    #[test]
    fn intervals_hold_the_mean_over_other_draws_about_as_often_as_they_say() {
        let trials: Vec<Vec<Metric>> = (0..60)
            .map(|trial| {
                let (samples, real) = (set(300, 0.6, 2 * trial), set(300, 0.0, 2 * trial + 1));
                let mut metrics = scored(&samples, &real);
                add_intervals(&mut metrics, &samples, &real, Seed(trial));
                metrics
            })
            .collect();
        for (place, name) in METRICS.iter().enumerate() {
            let values: Vec<f64> = trials.iter().map(|metrics| metrics[place].value).collect();
            let (mean, sd) = mean_and_sd(&values);
            let intervals = || trials.iter().map(|metrics| metrics[place].ci95.unwrap());
            let held = intervals().filter(|[low, high]| *low <= mean && mean <= *high).count();
            let widths: Vec<f64> =
                intervals().map(|[low, high]| (high - low) / 2.0 / Z95).collect();
            let (width, _) = mean_and_sd(&widths);
            // 95 % of 60 is 57; a binomial falls below 52 about once in a hundred times.
            assert!(held >= 52, "{name}: {held} of 60 intervals hold the mean");
            assert!((0.75..1.6).contains(&(width / sd)), "{name}: {width} for a spread of {sd}");
        }
    }

    #[test]
    fn an_interval_is_a_function_of_the_seed_and_stays_in_range() {
        let (samples, real) = (set(100, 4.0, 1), set(100, 0.0, 2));
        let intervals = |seed| {
            let mut metrics = scored(&samples, &real);
            add_intervals(&mut metrics, &samples, &real, Seed(seed));
            metrics
        };
        assert_eq!(intervals(7), intervals(7));
        assert_ne!(intervals(7), intervals(8));
        for metric in intervals(7) {
            let [low, high] = metric.ci95.unwrap();
            assert!(low >= 0.0 && low <= metric.value && metric.value <= high, "{metric:?}");
            assert!(metric.name != "samples/coverage" || high <= 1.0);
        }
    }
}
