//! Evenly spaced times.

use crate::schedule::Schedule;

/// `steps + 1` times from the last down to 0. Where the schedule has T steps they are as evenly spaced as its
/// steps allow, and at most T + 1.
pub(super) fn times(schedule: &Schedule, steps: usize) -> Vec<f64> {
    match schedule.steps() {
        None => {
            let time = |i: usize| schedule.last_time() * i as f64 / steps as f64;
            (0..=steps).rev().map(time).collect()
        }
        Some(total) => {
            let steps = steps.clamp(1, total);
            let step = |i: usize| (i * total + steps / 2) / steps;
            (0..=steps).rev().map(|i| step(i) as f64 / total as f64).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedule::ScheduleConfig;

    fn steps(total: usize, count: usize) -> Vec<usize> {
        let schedule = Schedule::new(ScheduleConfig::Cosine { steps: total });
        times(&schedule, count).iter().map(|t| (t * total as f64).round() as usize).collect()
    }

    #[test]
    fn times_run_from_the_end_to_zero() {
        assert_eq!(steps(1000, 4), [1000, 750, 500, 250, 0]);
        assert_eq!(steps(10, 100), (0..=10).rev().collect::<Vec<_>>());
        assert_eq!(steps(10, 1), [10, 0]);
        let flow = Schedule::new(ScheduleConfig::Flow);
        assert_eq!(times(&flow, 4), [0.999, 0.749_25, 0.4995, 0.249_75, 0.0]);
    }
}
