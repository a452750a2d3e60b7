//! What every method is told of a step.

/// One step, all that does not depend on the parameter's values.
#[derive(Clone, Copy, Debug)]
pub struct Step {
    /// Learning rate of this parameter in this step.
    pub learning_rate: f64,
    /// Number of this step, from 1.
    pub number: u64,
}
