//! Ctrl-C asks; the training loop stops at the next step and saves.

use anyhow::{Context, Result};
use std::sync::atomic::{AtomicUsize, Ordering};

static ASKED: AtomicUsize = AtomicUsize::new(0);

/// Exit status of a run that was interrupted and can be resumed.
pub(crate) const EXIT_INTERRUPTED: u8 = 130;

/// From here on the first Ctrl-C only sets a flag; the third ends the process.
///
/// # Errors
/// When the system refuses the handler.
pub(crate) fn install() -> Result<()> {
    ctrlc::set_handler(|| {
        if ASKED.fetch_add(1, Ordering::Relaxed) >= 2 {
            std::process::exit(i32::from(EXIT_INTERRUPTED));
        }
    })
    .context("cannot install the Ctrl-C handler")
}

/// Whether somebody asked to stop.
pub(crate) fn asked() -> bool {
    ASKED.load(Ordering::Relaxed) > 0
}
