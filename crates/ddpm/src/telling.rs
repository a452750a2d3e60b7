//! What a network is told of the values that it learns from.

use genlab_core::{Batch, Condition, ConditionConfig, ControlKind};

/// What is told of a batch.
#[derive(Clone, Debug)]
pub(crate) struct Telling {
    /// Of what the dataset knows.
    pub(crate) condition: ConditionConfig,
    /// Of the pictures themselves.
    pub(crate) control: Option<ControlKind>,
}

impl Telling {
    /// All of it.
    pub(crate) fn of(&self, batch: &Batch) -> Condition {
        let control = self.control.map(|kind| kind.of(batch.values.clone()));
        Condition { control, ..self.condition.of(batch) }
    }
}
