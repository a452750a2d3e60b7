//! Planted failures: each metric that should notice one does, by a stated margin, and what it is
//! blind to is written down as well. The numbers are in docs/metrics.md; the margins here leave
//! room for another judge, not for another outcome.

#[path = "planted/sets.rs"]
mod sets;

use sets::{Planted, planted};

/// The sets by name.
struct Sets(Vec<Planted>);

impl Sets {
    fn of(&self, set: &str, metric: &str) -> f64 {
        self.0.iter().find(|planted| planted.name == set).expect("a planted set").value(metric)
    }

    /// `metric` of each set is at least `value`.
    #[track_caller]
    fn at_least(&self, metric: &str, value: f64, sets: &[&str]) {
        for set in sets {
            let found = self.of(set, metric);
            assert!(found >= value, "{metric} of {set} is {found}, not {value} or more");
        }
    }

    /// `metric` of each set is at most `value`.
    #[track_caller]
    fn at_most(&self, metric: &str, value: f64, sets: &[&str]) {
        for set in sets {
            let found = self.of(set, metric);
            assert!(found <= value, "{metric} of {set} is {found}, not {value} or less");
        }
    }

    /// `metric` of each set is at least `factor` times that of fresh images, whose sign is chance where
    /// an unbiased distance is near 0.
    #[track_caller]
    fn rises(&self, metric: &str, factor: f64, sets: &[&str]) {
        let fresh = self.of("fresh", metric);
        assert!(fresh != 0.0, "{metric} of fresh images is {fresh}");
        self.at_least(metric, factor * fresh.abs(), sets);
    }

    /// `metric` of each set is within `margin` of that of fresh images: it notices nothing.
    #[track_caller]
    fn blind(&self, metric: &str, margin: f64, sets: &[&str]) {
        let fresh = self.of("fresh", metric);
        self.at_least(metric, fresh - margin, sets);
        self.at_most(metric, fresh + margin, sets);
    }
}

const COLLAPSED: [&str; 2] = ["one image", "one a class"];
/// Sets that nobody would take for digits.
const ALIEN: [&str; 3] = ["inverted", "noise", "black"];

// One test, so that the sets are scored once.
#[test]
fn each_metric_notices_what_it_is_for_and_nothing_that_it_is_blind_to() {
    let sets = Sets(planted());
    distances(&sets);
    neighbourhoods(&sets);
    classes(&sets);
    pixels(&sets);
}

fn distances(sets: &Sets) {
    sets.at_most("frechet", 1.5, &["fresh"]);
    sets.rises("frechet", 3.0, &["blurred"]);
    sets.rises("frechet", 5.0, &["light noise"]);
    sets.rises("frechet", 10.0, &COLLAPSED);
    sets.rises("frechet", 100.0, &ALIEN);
    sets.rises("kernel_distance", 50.0, &[&COLLAPSED[..], &ALIEN].concat());
    sets.rises("kernel_distance", 50.0, &["blurred", "light noise"]);
    sets.blind("frechet", 0.3, &["copied"]);
    sets.blind("kernel_distance", 0.01, &["copied"]);
}

fn neighbourhoods(sets: &Sets) {
    for metric in ["coverage", "recall"] {
        sets.at_least(metric, 0.9, &["fresh"]);
        sets.at_most(metric, 0.1, &[&COLLAPSED[..], &ALIEN].concat());
        sets.at_most(metric, 0.6, &["light noise"]);
        sets.at_most(metric, 0.9, &["blurred"]);
        sets.blind(metric, 0.05, &["copied"]);
    }
    // Neither notices that all samples are alike.
    for metric in ["precision", "density"] {
        sets.at_most(metric, 0.1, &ALIEN);
        sets.at_most(metric, 0.6, &["light noise"]);
        sets.blind(metric, 0.1, &["one image", "one a class", "blurred", "copied"]);
    }
}

fn classes(sets: &Sets) {
    sets.at_most("modes", 1.0, &["one image", "black"]);
    sets.at_most("modes", 8.0, &ALIEN);
    sets.at_least("class_kl", 0.5, &["one image", "inverted", "noise", "black"]);
    sets.at_least("class_kl_forward", 1.0, &["one image", "inverted", "noise", "black"]);
    sets.at_most("classifier_score", 2.0, &["one image", "inverted", "noise", "black"]);
    // One image a class has the right classes, and a sure classifier.
    sets.blind("modes", 0.0, &["one a class", "blurred", "copied", "light noise"]);
    for metric in ["class_kl", "class_kl_forward"] {
        sets.blind(metric, 0.02, &["one a class", "blurred", "copied", "light noise"]);
    }
    sets.blind("classifier_score", 1.0, &["one a class", "copied"]);
}

fn pixels(sets: &Sets) {
    sets.at_most("roughness", 0.9, &["blurred", "black"]);
    sets.at_least("roughness", 1.3, &["light noise", "noise"]);
    sets.blind("roughness", 0.05, &["inverted", "copied"]);
    for metric in ["sliced_wasserstein", "pixel_mmd"] {
        sets.rises(metric, 3.0, &[&COLLAPSED[..], &ALIEN].concat());
        sets.rises(metric, 1.4, &["blurred", "light noise"]);
    }
    sets.blind("memorised", 0.05, &[&COLLAPSED[..], &ALIEN, &["blurred", "light noise"]].concat());
    sets.at_least("memorised", 1.0, &["copied"]);
    sets.at_most("memorised", 0.07, &["fresh"]);
}
