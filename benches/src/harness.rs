//! A stopwatch for benchmarks: repeats, medians, one line per case.
//!
//! A library would bring a second clap with other features than `bench-runner`'s, and then
//! `cargo run` and `cargo test` no longer share a build. This is all of one that is needed here.
#![expect(clippy::print_stdout, reason = "a benchmark's output")]

use crate::subject::milliseconds;
use std::{env, time::Instant};

/// Each case is repeated for about this long, warm-up not counted.
const SECONDS: f64 = 1.0;
const FEWEST: usize = 5;
const MOST: usize = 1000;

/// Milliseconds of repeated measurements.
#[derive(Clone, Debug)]
pub struct Times(Vec<f64>);

impl Times {
    /// From measurements in any order; there is at least one.
    pub fn new(mut milliseconds: Vec<f64>) -> Self {
        assert!(!milliseconds.is_empty(), "a median needs a measurement");
        milliseconds.sort_by(f64::total_cmp);
        Self(milliseconds)
    }

    /// The measurement that `share` of all lie below: 0.5 is the median.
    pub fn quantile(&self, share: f64) -> f64 {
        self.0[((self.0.len() - 1) as f64 * share).round() as usize]
    }

    /// The middle one.
    pub fn median(&self) -> f64 {
        self.quantile(0.5)
    }
}

/// Whether the command line selects the case: `cargo bench ... -- WORD` takes those that contain
/// the word, no word takes all.
pub fn wanted(name: &str) -> bool {
    let mut words = env::args().skip(1).filter(|word| !word.starts_with("--")).peekable();
    words.peek().is_none() || words.any(|word| name.contains(&word))
}

/// Repeats `measure`, which returns the milliseconds of one run, for about a second after one
/// warm-up.
pub fn repeat(mut measure: impl FnMut() -> f64) -> Times {
    measure();
    let (begin, mut times) = (Instant::now(), Vec::new());
    while times.len() < FEWEST || (times.len() < MOST && begin.elapsed().as_secs_f64() < SECONDS) {
        times.push(measure());
    }
    Times::new(times)
}

/// The milliseconds that `work` takes, and its result, so that dropping it is not counted.
pub fn timed<R>(work: impl FnOnce() -> R) -> (f64, R) {
    let start = Instant::now();
    let result = work();
    (milliseconds(start), result)
}

/// Times `work` and prints median and quartiles; `items` per run, where given, as a rate.
pub fn case<R>(name: &str, items: Option<(f64, &str)>, mut work: impl FnMut() -> R) {
    if !wanted(name) {
        return;
    }
    let times = repeat(|| timed(&mut work).0);
    let rate = items.map_or(String::new(), |(count, unit)| {
        format!("  {:10.0} {unit}/s", count / times.median() * 1e3)
    });
    println!(
        "{name:44} {:10.3} ms  [{:.3}, {:.3}]{rate}",
        times.median(),
        times.quantile(0.25),
        times.quantile(0.75)
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_measurements_in_order() {
        let times = Times::new(vec![5.0, 1.0, 3.0, 2.0, 4.0]);
        assert_eq!([0.0, 0.25, 0.5, 1.0].map(|q| times.quantile(q)), [1.0, 2.0, 3.0, 5.0]);
    }

    #[test]
    fn a_case_is_measured_at_least_a_few_times() {
        let mut calls = 0;
        repeat(|| {
            calls += 1;
            2e3
        });
        assert!(calls > FEWEST);
    }
}
