//! Series on which forecasts are compared. Every window is of a series of its own, so no number is in two
//! windows, and splits share nothing.

use super::key;
use crate::{
    dataset::Dataset,
    series::{HORIZON, PAST, of_windows},
    truth::{Ar1, Truth},
    values::Values,
};
use genlab_core::noise::keystream;
use rand::{RngExt, rngs::ChaCha8Rng};
use rand_distr::StandardNormal;

/// Windows of the training, validation and test split: many, because a network that sees a future twice
/// takes its noise for a rule.
const COUNTS: [usize; 3] = [65_536, 1024, 4096];

const LICENCE: &str = "series that genlab draws itself; no licence is needed";

/// `ar1`: the correlation of neighbours, and the standard deviation of what is new at each time.
const COEFFICIENT: f64 = 0.8;
const INNOVATION: f64 = 1.0;

/// `sines`: tan(π / T) of the longest and the shortest period T of a slow wave, 24 and 10, and of a fast one,
/// 8 and 4. A turn by ω is given by tan(ω/2), so that no sine is computed, which might differ in its last
/// digit from machine to machine.
const SLOW: [f64; 2] = [0.131_652_497_587_395_85, 0.324_919_696_232_906_3];
const FAST: [f64; 2] = [0.414_213_562_373_095_03, 1.0];
/// Least and greatest amplitude of a wave.
const AMPLITUDES: [f64; 2] = [0.5, 1.5];
/// Standard deviation of the noise on the sum of both.
const NOISE: f64 = 0.1;

/// One window of a series: past and future.
type Window = fn(&mut ChaCha8Rng) -> Vec<f64>;

/// The drawn dataset of series of this name, if there is one.
pub(super) fn load(name: &str) -> Option<Dataset> {
    let (window, truth): (Window, Option<Truth>) = match name {
        "ar1" => (|rng| ar1().draw(rng, PAST + HORIZON), Some(Truth::Ar1(ar1()))),
        "sines" => (waves, None),
        _ => return None,
    };
    let key = key(name);
    let splits = [0, 1, 2].map(|split| drawn(window, key, split, COUNTS[split as usize]));
    Some(Dataset { truth, ..Dataset::of_splits(name, None, splits, LICENCE) })
}

/// Whether there is a drawn dataset of series of this name.
pub(super) fn has(name: &str) -> bool {
    ["ar1", "sines"].contains(&name)
}

fn drawn(window: Window, key: [u8; 32], split: u64, count: usize) -> Values {
    let windows: Vec<Vec<f64>> =
        (0..count as u64).map(|row| window(&mut keystream(key, split, row))).collect();
    of_windows(windows.iter().map(Vec::as_slice)).cut_first()
}

fn ar1() -> Ar1 {
    Ar1::new(COEFFICIENT, INNOVATION, HORIZON)
}

/// A slow and a fast wave, each of any period within its range, any phase and any amplitude, and noise.
fn waves(rng: &mut ChaCha8Rng) -> Vec<f64> {
    let [mut slow, mut fast] = [SLOW, FAST].map(|turns| Wave::draw(turns, rng));
    let number = |_| slow.next() + fast.next() + NOISE * rng.sample::<f64, _>(StandardNormal);
    (0..PAST + HORIZON).map(number).collect()
}

/// A point that goes round a circle, and the cosine and sine of its turn.
struct Wave {
    at: [f64; 2],
    turn: [f64; 2],
}

impl Wave {
    /// With tan(ω/2) uniform within `turns`.
    fn draw(turns: [f64; 2], rng: &mut ChaCha8Rng) -> Self {
        let mut between = |[low, high]: [f64; 2]| low + (high - low) * rng.random::<f64>();
        let (tangent, amplitude) = (between(turns), between(AMPLITUDES));
        let [x, y]: [f64; 2] = [rng.sample(StandardNormal), rng.sample(StandardNormal)];
        // √ is exact to the last digit on every machine.
        let scale = amplitude / (x * x + y * y).sqrt();
        let square = tangent * tangent;
        let turn = [(1.0 - square) / (1.0 + square), 2.0 * tangent / (1.0 + square)];
        Self { at: [x * scale, y * scale], turn }
    }

    /// Its height, and on to the next place.
    fn next(&mut self) -> f64 {
        let ([x, y], [cos, sin]) = (self.at, self.turn);
        self.at = [x * cos - y * sin, x * sin + y * cos];
        y
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use genlab_core::Kind;

    /// Mean of f over the windows of the training split.
    fn mean(dataset: &Dataset, f: impl Fn(&[f32], &[f64]) -> f64) -> f64 {
        let train = &dataset.train;
        let pasts = train.pasts.as_ref().expect("pasts");
        let sum: f64 = (0..train.len()).map(|i| f(pasts.row(i), &train.row_f64(i))).sum();
        sum / train.len() as f64
    }

    #[test]
    fn drawn_series_are_what_results_were_made_with() {
        for (name, sha256) in [("ar1", AR1), ("sines", SINES)] {
            let dataset = load(name).expect("drawn");
            let splits = [&dataset.train, &dataset.validation, &dataset.test];
            assert_eq!(splits.map(Values::len), COUNTS);
            assert_eq!(dataset.past(), Some(PAST));
            assert_eq!(dataset.space.kind, Kind::Series);
            assert_eq!(dataset.space.shape.width, HORIZON);
            assert_eq!(dataset.sha256, sha256, "{name} changed, and with it every result");
        }
    }

    const AR1: &str = "f90f7c7b79cc5833454e58ff9885bdefce62be5e8fd37d056cec6f2be3b9476f";
    const SINES: &str = "b90f62a474be7a6925edeeeebf1add21fb6031999c5850069620b4f3b73a7de9";

    #[test]
    fn ar1_has_the_variance_and_the_correlation_of_its_recurrence() {
        let dataset = load("ar1").expect("drawn");
        let variance = 1.0 / (1.0 - 0.8_f64.powi(2));
        let genlab_core::Space { mean: level, sd, .. } = dataset.space;
        assert!(level.abs() < 0.05 && (sd.powi(2) / variance - 1.0).abs() < 0.03, "{level} {sd}");
        // The last number of the past beside the first and the last of the future.
        for (step, lag) in [(0, 1), (HORIZON - 1, HORIZON as i32)] {
            let found = mean(&dataset, |past, future| f64::from(past[PAST - 1]) * future[step]);
            let expected = variance * 0.8_f64.powi(lag);
            let error = 4.0 * variance * (2.0 / COUNTS[0] as f64).sqrt();
            assert!((found - expected).abs() < error, "lag {lag}: {found} {expected}");
        }
    }

    #[test]
    fn sines_have_the_power_of_two_waves_and_their_noise() {
        let dataset = load("sines").expect("drawn");
        // E[a²] of an amplitude uniform in [½, 1½] is 13/12; half of it for each wave.
        let power = 13.0 / 12.0 + NOISE.powi(2);
        let found = mean(&dataset, |_, future| future[0].powi(2));
        assert!((found / power - 1.0).abs() < 0.03, "{found} {power}");
        let mut rng = keystream([0; 32], 0, 0);
        let mut wave = Wave::draw([1.0, 1.0], &mut rng);
        let heights: Vec<f64> = (0..5).map(|_| wave.next()).collect();
        assert!((heights[0] - heights[4]).abs() < 1e-12, "a period of 4: {heights:?}");
        assert!((heights[0] + heights[2]).abs() < 1e-12, "{heights:?}");
    }
}
