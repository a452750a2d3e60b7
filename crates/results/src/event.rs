//! What happened to a run on its way.

use serde::{Deserialize, Serialize};

/// Something that a reader of a run should know of, and when it happened: an interruption, a loss
/// that stopped being a number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// Optimisation steps taken by then.
    pub step: u64,
    /// What happened, in a few words without a full stop: "resumed after an interruption".
    pub text: String,
}

impl Event {
    /// That `text` happened at `step`.
    pub fn new(step: u64, text: impl Into<String>) -> Self {
        Self { step, text: text.into() }
    }
}
