//! How far a game between a generator and its critic is from its end.

mod optimum;
mod response;

use crate::{context::Context, findings::Findings};
use genlab_core::Generative;
use genlab_results::Entry;

/// Every entry, in the order of reports.
pub const ENTRIES: [&Entry; 2] = [&response::GAP, &optimum::ERROR];

/// Measures the critic of `model`, where it has one.
pub fn measure(model: &dyn Generative, context: &Context<'_>, out: &mut Findings) {
    let Some(critic) = model.critic() else { return };
    response::measure(critic, context, out);
    optimum::measure(model, critic, context, out);
}
