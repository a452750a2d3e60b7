//! Axes: from values to places on the page, and the numbers beside them.

use crate::format::{short_count, trimmed};

/// A range this many times wider than its smallest value may be drawn on a log scale, ...
const LOG_RATIO: f64 = 15.0;
/// ... if a linear one would press half of the points into this share of it.
const PRESSED: f64 = 0.1;
const TICKS: f64 = 5.0;
/// Where the greatest value is fewer times the smallest, a log scale has evenly spaced numbers: multiples of powers
/// of ten would be too few.
const FEW_POWERS: f64 = 3.0;

/// How values spread over the axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scale {
    /// Equal steps are equal distances.
    Linear,
    /// Equal ratios are equal distances.
    Log,
}

/// One axis, from `low` to `high`, drawn from `start` to `end` in the picture's coordinates.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Axis {
    pub(crate) low: f64,
    pub(crate) high: f64,
    pub(crate) start: f64,
    pub(crate) end: f64,
    pub(crate) scale: Scale,
}

/// A number beside an axis.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Tick {
    pub(crate) at: f64,
    pub(crate) label: String,
}

/// More places than this along an axis are numbered with gaps.
const MOST_NUMBERS: usize = 12;

/// Numbers, from 0, in the middle of `count` places of one size that lie side by side from `start` on.
pub(crate) fn numbered(count: usize, start: f64, size: f64) -> Vec<Tick> {
    let tick = |index: usize| Tick {
        at: start + size * (index as f64 + 0.5),
        label: short_count(index as f64),
    };
    (0..count).step_by(count.div_ceil(MOST_NUMBERS).max(1)).map(tick).collect()
}

impl Axis {
    /// An axis over exactly `low..=high`, which must not be empty.
    pub(crate) fn exact(low: f64, high: f64, start: f64, end: f64) -> Self {
        let high = if high > low { high } else { low + 1.0 };
        Self { low, high, start, end, scale: Scale::Linear }
    }

    /// As [`Axis::padded`], on a log scale where half of the points, those below `median`, would lie
    /// at the foot of a linear one.
    pub(crate) fn fitting(low: f64, high: f64, median: f64, start: f64, end: f64) -> Self {
        if low > 0.0 && high / low >= LOG_RATIO && median - low < PRESSED * (high - low) {
            let air = (high / low).powf(0.04);
            return Self { low: low / air, high: high * air, start, end, scale: Scale::Log };
        }
        Self::padded(low, high, start, end)
    }

    /// The same range on a log scale, where it is one of values above 0 that are not all alike; with
    /// some air where `low..=high`, the values, have some.
    pub(crate) fn on_log_scale(self, low: f64, high: f64) -> Self {
        if low <= 0.0 || low >= high {
            return self;
        }
        let air = if self.high > high { (high / low).powf(0.04) } else { 1.0 };
        Self { low: low / air, high: high * air, scale: Scale::Log, ..self }
    }

    /// An axis with some air around `low..=high`, never below zero for values that are not.
    pub(crate) fn padded(low: f64, high: f64, start: f64, end: f64) -> Self {
        let air = match high - low {
            0.0 if low == 0.0 => 1.0,
            0.0 => low.abs() * 0.1,
            span => span * 0.06,
        };
        let floor = if low >= 0.0 { 0.0 } else { f64::NEG_INFINITY };
        Self { low: (low - air).max(floor), high: high + air, start, end, scale: Scale::Linear }
    }

    /// As the page's script reads it: from, to, where they are drawn, how values spread.
    pub(crate) fn told(&self) -> String {
        let Self { low, high, start, end, scale } = self;
        let scale = if *scale == Scale::Log { "log" } else { "linear" };
        format!("{low} {high} {start} {end} {scale}")
    }

    /// Whether `value` lies within the range.
    pub(crate) fn holds(&self, value: f64) -> bool {
        (self.low..=self.high).contains(&value)
    }

    /// Where `value` lies in the picture; outside the axis for values outside its range.
    pub(crate) fn place(&self, value: f64) -> f64 {
        let share = match self.scale {
            Scale::Linear => (value - self.low) / (self.high - self.low),
            // Zero has no place on a log scale; it goes below the axis.
            Scale::Log if value <= 0.0 => -1.0,
            Scale::Log => (value / self.low).ln() / (self.high / self.low).ln(),
        };
        self.start + share * (self.end - self.start)
    }

    /// Round numbers within the range.
    pub(crate) fn ticks(&self) -> Vec<Tick> {
        let tick = |value: f64, label: String| Tick { at: self.place(value), label };
        match self.scale {
            Scale::Log if self.high / self.low >= FEW_POWERS => self.log_ticks(),
            Scale::Linear | Scale::Log => {
                let step = nice_step((self.high - self.low) / TICKS);
                let decimals = (-step.log10().floor()).max(0.0) as usize;
                let first = (self.low / step).ceil() as i64;
                let last = (self.high / step + 1e-9).floor() as i64;
                (first..=last)
                    .map(|i| tick(i as f64 * step, label(i as f64 * step, decimals)))
                    .collect()
            }
        }
    }

    /// Powers of ten, with the more of their multiples between the fewer they are.
    fn log_ticks(&self) -> Vec<Tick> {
        let decades = (self.high / self.low).log10();
        let mantissas: &[f64] = match decades {
            2.5.. => &[1.0],
            0.9..2.5 => &[1.0, 2.0, 5.0],
            _ => &[1.0, 2.0, 3.0, 5.0, 7.0],
        };
        let (first, last) = (self.low.log10().floor() as i32, self.high.log10().floor() as i32);
        let stride = (f64::from(last - first) / 6.0).ceil().max(1.0) as usize;
        let powers = (first..=last).step_by(stride);
        let values =
            powers.flat_map(|power| mantissas.iter().map(move |m| (m * 10_f64.powi(power), power)));
        values
            .filter(|(value, _)| (self.low..=self.high).contains(value))
            .map(|(value, power)| Tick {
                at: self.place(value),
                label: label(value, (-power).max(0) as usize),
            })
            .collect()
    }
}

fn label(value: f64, decimals: usize) -> String {
    if value.abs() >= 1e4 { short_count(value) } else { trimmed(value, decimals.min(8)) }
}

/// 1, 2 or 5 times a power of ten, not below `rough`.
fn nice_step(rough: f64) -> f64 {
    let power = 10_f64.powf(rough.log10().floor());
    let mantissa = rough / power;
    let nice = [1.0, 2.0, 5.0, 10.0].into_iter().find(|nice| mantissa <= *nice + 1e-9);
    nice.unwrap_or(10.0) * power
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(axis: &Axis) -> Vec<String> {
        axis.ticks().into_iter().map(|tick| tick.label).collect()
    }

    #[test]
    fn linear_ticks_are_round_numbers() {
        let axis = Axis::exact(0.0, 100_000.0, 0.0, 500.0);
        assert_eq!(labels(&axis), ["0", "20k", "40k", "60k", "80k", "100k"]);
        assert_eq!(axis.ticks()[1].at, 100.0);
        assert_eq!(
            labels(&Axis::exact(0.11, 0.16, 0.0, 1.0)),
            ["0.11", "0.12", "0.13", "0.14", "0.15", "0.16"]
        );
    }

    #[test]
    fn wide_ranges_get_a_log_scale_with_decades() {
        let axis = Axis::fitting(0.001, 10.0, 0.01, 0.0, 1.0);
        assert_eq!(axis.scale, Scale::Log);
        assert_eq!(labels(&axis), ["0.001", "0.01", "0.1", "1", "10"]);
        assert!((axis.place(0.1) - 0.5).abs() < 1e-9);
        assert!(axis.place(0.0) < 0.0);
        let rising = Axis::fitting(0.001, 10.0, 9.0, 0.0, 1.0);
        assert_eq!(rising.scale, Scale::Linear, "most points are not at the foot");
    }

    #[test]
    fn a_narrow_log_scale_has_evenly_spaced_numbers_at_their_places() {
        let axis = Axis::exact(2.1, 4.9, 0.0, 1.0).on_log_scale(2.1, 4.9);
        assert_eq!(labels(&axis), ["3", "4"]);
        let at = (4.0_f64 / 2.1).ln() / (4.9_f64 / 2.1).ln();
        assert!((axis.ticks()[1].at - at).abs() < 1e-12);
        let decade = Axis::exact(5.0, 50.0, 0.0, 1.0).on_log_scale(5.0, 50.0);
        assert_eq!(labels(&decade), ["5", "10", "20", "50"]);
        let half = Axis::exact(2.9, 20.0, 0.0, 1.0).on_log_scale(2.9, 20.0);
        assert_eq!(labels(&half), ["3", "5", "7", "10", "20"]);
    }

    #[test]
    fn a_constant_curve_has_an_axis_all_the_same() {
        for value in [0.0, 3.0, -3.0] {
            let axis = Axis::padded(value, value, 0.0, 1.0);
            assert!(axis.low < axis.high && !axis.ticks().is_empty());
        }
    }
}
