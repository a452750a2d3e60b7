//! What is found out about a solution.

use serde::{Deserialize, Serialize};

/// One thing that is checked. Every figure is a distance from what is right: less is better.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Figure {
    /// `lesson/figure`; names stay, so that a grader can count on them.
    pub name: String,
    /// Whether `value` is small enough.
    pub passed: bool,
    /// How far it is from what is right; None where there is no number.
    pub value: Option<f64>,
    /// The largest value that passes.
    pub at_most: f64,
    /// What is wrong, where something is: one sentence.
    pub message: Option<String>,
}

impl Figure {
    /// Something that is either so or not.
    pub(crate) fn failed(name: String, message: String) -> Self {
        Self { name, passed: false, value: None, at_most: 0.0, message: Some(message) }
    }

    /// See [`Figure::failed`].
    pub(crate) fn passed(name: String) -> Self {
        Self { name, passed: true, value: Some(0.0), at_most: 0.0, message: None }
    }
}

/// All figures of a solution.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Verdict {
    /// The lesson's name.
    pub lesson: &'static str,
    /// Whether all figures pass.
    pub passed: bool,
    /// `compiles`, then those of the lesson, then `finishes`.
    pub figures: Vec<Figure>,
}

impl Verdict {
    pub(crate) fn new(lesson: &'static str, figures: Vec<Figure>) -> Self {
        let passed = figures.iter().all(|figure| figure.passed);
        Self { lesson, passed, figures }
    }
}
