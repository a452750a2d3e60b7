//! Intervals for the sample metrics of one run: how much they would move with other draws of as many
//! samples and as many real images.
//!
//! Both sides are drawn again with replacement, [`RESAMPLES`] times (Efron 1979). A drawn set holds
//! copies, which lifts a Fréchet distance and lowers coverage, so the drawn values do not lie around
//! the measured one. Only their standard deviation is used: value ± 1.96 sd, cut to the metric's
//! range. Radii of neighbourhoods stay those of the full sets, since a copy at distance 0 would make
//! them meaningless. The interval says nothing about other training seeds.

use super::{
    measure::{Draw, Resampled, SetMeasure},
    pair::Pair,
};
use crate::numerics::matrix::{Z95, mean_and_sd};
use genlab_core::{Phase, Seed};
use genlab_results::Metric;
use rand::RngExt;

/// Draws behind each interval.
pub const RESAMPLES: usize = 100;

/// Gives the metrics of `measures` that have none an interval, where one is affordable. Needs a judge.
/// The draws are a function of the pair's seed alone.
pub(super) fn add(metrics: &mut [Metric], measures: &[&dyn SetMeasure], pair: &Pair<'_>) {
    let Some([samples, real]) = pair.readings() else { return };
    let seed = pair.settings.seed;
    let draws: Vec<Draw> = (0..RESAMPLES as u64)
        .map(|number| Draw {
            samples: rows(samples.features.len(), seed, "bootstrap/samples", number),
            real: rows(real.features.len(), seed, "bootstrap/real", number),
        })
        .collect();
    let mut bare: Vec<&mut Metric> = metrics.iter_mut().filter(|m| m.ci95.is_none()).collect();
    for measure in measures {
        let entries = measure.entries();
        if !bare.iter().any(|metric| entries.iter().any(|entry| entry.name == metric.name)) {
            continue;
        }
        for resampled in measure.resampled(pair, &draws) {
            let name = resampled.entry.name;
            if let Some(metric) = bare.iter_mut().find(|metric| metric.name == name) {
                metric.ci95 = interval(metric.value, &resampled);
            }
        }
    }
}

/// `value` ± 1.96 sd of the drawn values, cut to the metric's range.
fn interval(value: f64, drawn: &Resampled) -> Option<[f64; 2]> {
    if drawn.values.len() < 2 {
        return None;
    }
    let (_, sd) = mean_and_sd(&drawn.values);
    let [low, high] = drawn.entry.range;
    let ends = [value - Z95 * sd, value + Z95 * sd];
    sd.is_finite().then(|| ends.map(|end| end.clamp(low, high)))
}

fn rows(n: usize, seed: Seed, name: &str, step: u64) -> Vec<usize> {
    let mut rng = seed.during(Phase::Evaluate).row(name, step, 0);
    (0..n).map(|_| rng.random_range(0..n)).collect()
}
