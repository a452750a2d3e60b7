//! What measures find.

use genlab_results::{Figure, Metric, NotFinite};
use std::fmt::Display;

/// Metrics, figures, and what a reader must know about them, in the making.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Findings {
    /// Numbers.
    pub metrics: Vec<Metric>,
    /// What was left out and why, caveats.
    pub notes: Vec<String>,
    /// Pictures and charts.
    pub figures: Vec<Figure>,
}

impl Findings {
    /// Takes a metric, or notes why it is left out.
    pub fn push(&mut self, metric: Result<Metric, NotFinite>) {
        match metric {
            Ok(metric) => self.metrics.push(metric),
            Err(reason) => self.note(reason.to_string()),
        }
    }

    /// Takes a note: a sentence or two.
    pub fn note(&mut self, note: impl Into<String>) {
        self.notes.push(note.into());
    }

    /// Notes that `metric` is left out, and why.
    pub fn absent(&mut self, metric: &str, reason: impl Display) {
        self.note(format!("{metric} is absent: {reason}."));
    }

    /// Takes everything that `others` hold.
    pub fn extend(&mut self, others: Self) {
        self.metrics.extend(others.metrics);
        self.notes.extend(others.notes);
        self.figures.extend(others.figures);
    }
}
