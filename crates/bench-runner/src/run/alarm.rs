//! Tells when a generator in training drops most of what it could make.

use genlab_metrics::measures::sets::census::Census;
use serde_json::Value;

/// The scalar of the log that has the number of modes at each look.
pub(super) const MODES: &str = "modes";

/// Looks in a run, evenly spaced.
pub(super) const STATIONS: u64 = 50;
/// Samples at each.
pub(super) const SAMPLES: usize = 200;
/// Share of what a mode has of the data that the samples must have of it for it to count as present.
const PRESENT: f64 = 0.1;
/// Share of the modes that were held before, at or below which a set has collapsed.
const COLLAPSED: f64 = 0.5;
/// Looks in a row that must say so.
const IN_A_ROW: u32 = 2;
/// Share of the budget after which half of all modes are expected, whatever was held before.
const GRACE: f64 = 0.25;

/// What was seen at the looks before.
#[derive(Clone, Debug, Default)]
pub(super) struct Alarm {
    /// Share of the data of each mode.
    expected: Vec<f64>,
    /// Modes that were present at the last look.
    last: usize,
    /// The most that were present at two looks in a row.
    held: usize,
    /// Looks in a row with too few.
    low: u32,
}

/// A look at a set of samples.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Look {
    /// How many modes are present.
    pub(super) present: usize,
    /// What there is to tell: "mode collapse: 1 of 8 modes left of 8 before; without 45°, 90°, ...".
    pub(super) alarm: Option<String>,
}

impl Alarm {
    /// For samples that should be spread as `data` is.
    pub(super) fn new(data: &Census) -> Self {
        let share = |count: &usize| *count as f64 / data.values as f64;
        Self { expected: data.counts.iter().map(share).collect(), ..Self::default() }
    }

    /// Takes note of the modes of `samples` after `fraction` of the budget. It tells of a collapse once, and again
    /// only after a recovery.
    pub(super) fn look(
        &mut self,
        samples: &Census,
        fraction: f64,
        name: &dyn Fn(usize) -> String,
    ) -> Look {
        let present = |mode: &usize| {
            let least = PRESENT * self.expected[*mode] * samples.values as f64;
            samples.counts[*mode] as f64 >= least.max(1.0)
        };
        let (here, absent): (Vec<usize>, Vec<usize>) = self.modes().partition(present);
        let alarm = self.count(here.len(), fraction).then(|| {
            let lost: Vec<String> = absent.iter().map(|mode| name(*mode)).collect();
            let (here, of) = (here.len(), here.len() + absent.len());
            format!("mode collapse: samples have {here} of {of} modes, without {}", lost.join(", "))
        });
        Look { present: here.len(), alarm }
    }

    /// Takes note of the looks before a run was stopped, from its log.
    pub(super) fn recall(&mut self, log: &str, total_images: u64) {
        for line in log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok()) {
            let number = |key: &str| line.get(key).and_then(Value::as_f64);
            if let Some((modes, images)) = number(MODES).zip(number("images")) {
                self.count(modes as usize, images / total_images.max(1) as f64);
            }
        }
    }

    /// Takes note of a look of which only the number of modes is known, and says whether it is one too many with too few.
    fn count(&mut self, present: usize, fraction: f64) -> bool {
        let of = self.modes().count();
        let due = if fraction >= GRACE { of / 2 } else { 0 };
        let few = present as f64 <= COLLAPSED * self.held.max(due) as f64 && present < of;
        self.low = if few { self.low + 1 } else { 0 };
        self.held = self.held.max(self.last.min(present));
        self.last = present;
        self.low == IN_A_ROW
    }

    /// Modes that the data have.
    fn modes(&self) -> impl Iterator<Item = usize> {
        (0..self.expected.len()).filter(|mode| self.expected[*mode] > 0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn census(counts: &[usize]) -> Census {
        Census { counts: counts.to_vec(), values: SAMPLES }
    }

    fn alarm() -> Alarm {
        Alarm::new(&Census { counts: vec![50; 4], values: 200 })
    }

    fn look(alarm: &mut Alarm, counts: &[usize], fraction: f64) -> Look {
        alarm.look(&census(counts), fraction, &|mode| format!("m{mode}"))
    }

    #[test]
    fn a_collapse_is_told_once_at_the_second_look_and_again_after_a_recovery() {
        let mut alarm = alarm();
        for fraction in [0.02, 0.04] {
            assert_eq!(look(&mut alarm, &[50; 4], fraction), Look { present: 4, alarm: None });
        }
        assert_eq!(look(&mut alarm, &[200, 0, 0, 0], 0.06).alarm, None);
        let told = look(&mut alarm, &[200, 0, 4, 0], 0.08);
        let text = "mode collapse: samples have 1 of 4 modes, without m1, m2, m3";
        assert_eq!(told, Look { present: 1, alarm: Some(text.into()) });
        assert_eq!(look(&mut alarm, &[200, 0, 0, 0], 0.1).alarm, None);
        look(&mut alarm, &[50; 4], 0.12);
        assert_eq!(look(&mut alarm, &[0, 200, 0, 0], 0.14).alarm, None);
        assert!(look(&mut alarm, &[0, 200, 0, 0], 0.16).alarm.is_some());
    }

    #[test]
    fn modes_that_come_one_by_one_and_a_single_bad_look_are_no_collapse() {
        let mut alarm = alarm();
        for (counts, fraction) in [
            ([200, 0, 0, 0], 0.02),
            ([100, 100, 0, 0], 0.04),
            ([100, 50, 50, 0], 0.06),
            ([50, 50, 50, 50], 0.08),
            ([200, 0, 0, 0], 0.1),
            ([50, 50, 50, 50], 0.12),
            ([100, 50, 50, 0], 0.14),
            ([100, 50, 50, 0], 0.16),
        ] {
            assert_eq!(look(&mut alarm, &counts, fraction).alarm, None, "{counts:?}");
        }
    }

    #[test]
    fn a_generator_that_never_spreads_is_told_of_after_a_quarter_of_the_budget() {
        let mut alarm = alarm();
        let told: Vec<f64> = (1..=50)
            .map(|station| f64::from(station) / 50.0)
            .filter(|fraction| look(&mut alarm, &[200, 0, 0, 0], *fraction).alarm.is_some())
            .collect();
        assert_eq!(told, [0.28]);
    }

    #[test]
    fn a_run_that_goes_on_knows_from_its_log_what_was_held() {
        let mut alarm = alarm();
        let log = r#"{"step":1,"images":20,"train/critic_loss":1.4,"modes":4}
{"step":2,"images":30,"train/critic_loss":1.3}
{"step":2,"images":40,"train/critic_loss":1.2,"modes":4}
{"step":3,"images":60,"train/critic_loss":1.1,"modes":1}
"#;
        alarm.recall(log, 1000);
        assert!(look(&mut alarm, &[200, 0, 0, 0], 0.08).alarm.is_some());
    }

    #[test]
    fn classes_that_the_data_lack_are_not_missed() {
        let mut alarm = Alarm::new(&Census { counts: vec![100, 100, 0], values: 200 });
        for _ in 0..4 {
            assert_eq!(look(&mut alarm, &[100, 100, 0], 0.5), Look { present: 2, alarm: None });
        }
    }
}
