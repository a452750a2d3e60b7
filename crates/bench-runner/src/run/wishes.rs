//! What somebody who watches a run asks of the process that trains it, without stopping it.

use std::sync::atomic::{AtomicBool, Ordering};

static SAVE: AtomicBool = AtomicBool::new(false);
static SAMPLES: AtomicBool = AtomicBool::new(false);

/// A checkpoint after the step that it is in.
pub(crate) fn ask_to_save() {
    SAVE.store(true, Ordering::SeqCst);
}

/// Whether a checkpoint is wished for; told once.
pub(super) fn is_to_save() -> bool {
    SAVE.swap(false, Ordering::SeqCst)
}

/// A picture of samples with the next line of the log.
pub(crate) fn ask_for_samples() {
    SAMPLES.store(true, Ordering::SeqCst);
}

/// Whether samples are wished for; told once.
pub(super) fn is_to_sample() -> bool {
    SAMPLES.swap(false, Ordering::SeqCst)
}
