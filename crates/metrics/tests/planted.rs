//! Planted failures: each metric that should notice one does, by a stated margin. What no metric
//! notices is in docs/metrics.md.

#[path = "planted/sets.rs"]
mod sets;

use sets::{Planted, planted};

/// The sets by name, scored once for all checks.
struct Sets(Vec<Planted>);

impl Sets {
    fn of(&self, set: &str, metric: &str) -> f64 {
        self.0.iter().find(|p| p.name == set).expect("a planted set").value(metric)
    }

    /// `metric` of each set is at least `factor` times that of fresh images.
    #[track_caller]
    fn rises(&self, metric: &str, factor: f64, sets: &[&str]) {
        let fresh = self.of("fresh", metric);
        for set in sets {
            let found = self.of(set, metric);
            assert!(found > factor * fresh.abs(), "{metric} of {set}: {found}, fresh {fresh}");
        }
    }

    /// `metric` of each set is at most `value`.
    #[track_caller]
    fn falls(&self, metric: &str, value: f64, sets: &[&str]) {
        for set in sets {
            let found = self.of(set, metric);
            assert!(found <= value, "{metric} of {set}: {found}");
        }
    }

    /// `metric` of each set is within `margin` of that of fresh images: it notices nothing.
    #[track_caller]
    fn blind(&self, metric: &str, margin: f64, sets: &[&str]) {
        let fresh = self.of("fresh", metric);
        for set in sets {
            let found = self.of(set, metric);
            assert!((found - fresh).abs() <= margin, "{metric} of {set}: {found}, fresh {fresh}");
        }
    }
}

const BROKEN: [&str; 7] =
    ["one image", "one a class", "blurred", "inverted", "light noise", "noise", "black"];
const USELESS: [&str; 5] = ["one image", "one a class", "inverted", "noise", "black"];

#[test]
fn every_metric_notices_the_failures_that_it_is_for() {
    let sets = Sets(planted());
    sets.rises("frechet", 3.0, &BROKEN);
    sets.falls("coverage", 0.5, &USELESS);
    sets.blind("frechet", 50.0, &["copied"]);
}
