//! What theory says of a scalar of training.

use serde::{Deserialize, Serialize};

/// A known value, to be drawn beside the curves of a scalar.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Oracle {
    /// The scalar's name in metrics.jsonl, without its split.
    pub scalar: String,
    /// In the scalar's unit.
    pub value: f64,
    /// What it is, in a few words: "entropy of the data".
    pub title: String,
}
