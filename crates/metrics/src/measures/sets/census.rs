//! How many of a set's values each mode has: of a known density, or the classes that a judge sees.

use super::true_modes::visits;
use crate::context::Context;
use genlab_data::Values;

/// Counts of values by mode.
#[derive(Clone, Debug, PartialEq)]
pub struct Census {
    /// Values of each mode: nearer to it than to others, in its standard deviations, or read as a class. How near is no
    /// matter: variety is counted here, not quality.
    pub counts: Vec<usize>,
    /// All values.
    pub values: usize,
}

/// The census of `values`; None where neither modes are known nor a judge knows classes.
pub fn census(values: &Values, context: &Context<'_>) -> Option<Census> {
    let truth = context.dataset.truth.as_ref();
    let counts = match truth.and_then(|truth| truth.modes()) {
        Some(modes) => visits(values, modes).nearest,
        None => classes(values, context)?,
    };
    Some(Census { counts, values: values.len() })
}

/// The class that the judge holds for the likeliest, of each value.
fn classes(values: &Values, context: &Context<'_>) -> Option<Vec<usize>> {
    let judge = context.judge.as_ref()?;
    let reading = judge.read(&values.tensor(0..values.len(), &context.device));
    let probabilities = reading.probabilities?;
    let mut counts = vec![0; probabilities.dim];
    for row in 0..probabilities.len() {
        let sure = probabilities.row(row).iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1));
        counts[sure.map_or(0, |(class, _)| class)] += 1;
    }
    Some(counts)
}
