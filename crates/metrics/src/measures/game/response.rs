//! What the critic would win if the generator stood still.

use crate::{context::Context, findings::Findings};
use genlab_core::Criticise;
use genlab_data::BatchStream;
use genlab_results::{Direction::Lower, Entry, Section};

/// The difference.
pub(super) const GAP: Entry = Entry {
    name: "game/best_response_gap",
    title: "Best-response gap",
    unit: "the critic's loss",
    better: Some(Lower),
    range: [0.0, f64::INFINITY],
    section: Section::Game,
    meaning: "By how much the critic's loss on held-out values falls when it trains on against a generator that stands still.",
    ..Entry::BASE
};

/// Values in a batch.
const BATCH: usize = 64;
/// Held-out values, at most.
const HELD_OUT: usize = 1000;

pub(super) fn measure(critic: &dyn Criticise, context: &Context<'_>, out: &mut Findings) {
    let Some(most) = context.settings.best_response_steps else { return };
    let (train, split) = (&context.dataset.train, context.split());
    let stream = BatchStream::new(train, context.seed, BATCH, &context.device);
    let mut held_out = split.batch(0..HELD_OUT.min(split.len()), &context.device);
    // Rows of noise that no batch of the training stream has.
    held_out.first = 1 << 40;
    let found =
        critic.best_response(&|step| stream.batch(step), &held_out, most as u64, context.seed);
    out.push(context.metric(&GAP, found.before - found.after, held_out.len()));
    out.note(format!(
        "The critic's loss on held-out values, {:.4} as trained, fell to {:.4} in {} of at most {most} further steps \
         against the frozen generator.",
        found.before, found.after, found.steps
    ));
}
