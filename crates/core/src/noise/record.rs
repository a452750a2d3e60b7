//! A record of every draw of a process, for the test that no two of them collide.

use super::key::{Noise, Phase, Seed};
use std::{
    ops::Range,
    panic::Location,
    sync::{
        Mutex, MutexGuard, PoisonError,
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

/// Every draw of this process while `work` runs, in order. There is one record at a time: another
/// thread's waits, and `work` must not begin one itself.
pub fn record(work: impl FnOnce()) -> Vec<Drawn> {
    static RECORDING: Mutex<()> = Mutex::new(());
    let _held = RECORDING.lock().unwrap_or_else(PoisonError::into_inner);
    drawn().clear(); // what a record left whose work panicked
    ON.store(true, Ordering::SeqCst);
    work();
    ON.store(false, Ordering::SeqCst);
    std::mem::take(&mut drawn())
}

fn drawn() -> MutexGuard<'static, Vec<Drawn>> {
    DRAWN.lock().unwrap_or_else(PoisonError::into_inner)
}

#[track_caller]
pub(super) fn note(noise: Noise, name: &str, step: u64, rows: Range<u64>) {
    if !ON.load(Ordering::Relaxed) {
        return;
    }
    let draw = Drawn {
        phase: noise.phase,
        name: name.to_owned(),
        seed: noise.seed,
        key: noise.key(name),
        step,
        rows,
        file: Location::caller().file(),
    };
    drawn().push(draw);
}
