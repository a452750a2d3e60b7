//! A record of every draw of a process, for the test that no two of them collide.

use super::{Noise, Phase, Seed};
use std::{
    ops::Range,
    panic::Location,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

/// One draw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drawn {
    /// When.
    pub phase: Phase,
    /// What for.
    pub name: String,
    /// Whose.
    pub seed: Seed,
    /// The keystream's key.
    pub key: [u8; 32],
    /// The keystream's step.
    pub step: u64,
    /// The keystream's rows.
    pub rows: Range<u64>,
    /// The source file that drew.
    pub file: &'static str,
}

static ON: AtomicBool = AtomicBool::new(false);
static DRAWN: Mutex<Vec<Drawn>> = Mutex::new(Vec::new());

/// Every draw of this process while `work` runs, in order.
pub fn record(work: impl FnOnce()) -> Vec<Drawn> {
    ON.store(true, Ordering::SeqCst);
    work();
    ON.store(false, Ordering::SeqCst);
    std::mem::take(&mut DRAWN.lock().unwrap_or_else(PoisonError::into_inner))
}

#[track_caller]
pub(super) fn note(
    noise: Noise,
    name: &str,
    key: impl FnOnce() -> [u8; 32],
    step: u64,
    rows: Range<u64>,
) {
    if !ON.load(Ordering::Relaxed) {
        return;
    }
    let drawn = Drawn {
        phase: noise.phase,
        name: name.to_owned(),
        seed: noise.seed,
        key: key(),
        step,
        rows,
        file: Location::caller().file(),
    };
    DRAWN.lock().unwrap_or_else(PoisonError::into_inner).push(drawn);
}
