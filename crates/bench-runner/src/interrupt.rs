//! Signals and time limits ask a run to stop. While it trains it then saves after the step that it is in; at any other time
//! nothing would be lost that is not made again, and it ends at once. SIGUSR2 asks it to save and go on.

use crate::{run::wishes, watch::stage};
use anyhow::{Context, Result};
use std::{
    process::ExitCode,
    sync::{Mutex, OnceLock, PoisonError},
    time::{Duration, Instant},
};

/// The first signal, and when it came.
static FIRST: OnceLock<(Signal, Instant)> = OnceLock::new();
/// When to stop in any case.
static DEADLINE: OnceLock<Instant> = OnceLock::new();
/// Whether somebody will look at [`asked`] soon. Held while a signal is noted, or who is told of it could stop looking before
/// it is known whether somebody looks.
static WATCHED: Mutex<bool> = Mutex::new(false);
/// Processes that are told as well.
static CHILDREN: Mutex<Vec<u32>> = Mutex::new(Vec::new());

/// Signals that come so close are one: a terminal sends to a whole group of processes, and a parent passes on what it gets.
const ONE_SIGNAL: Duration = Duration::from_millis(500);

/// Told to a child process: the process that started it, without which it stops.
pub(crate) const PARENT: &str = "GENLAB_PARENT";

/// Who asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Signal {
    /// Ctrl-C.
    Interrupt,
    /// The system or a container is going down, or a terminal has closed.
    Terminate,
    /// A scheduler will soon need the machine for another; or time is up.
    Requeue,
}

impl Signal {
    /// 128 and the signal's number, as shells have it; 75 (EX_TEMPFAIL of sysexits.h) says "the same again later".
    fn status(self) -> u8 {
        match self {
            Self::Interrupt => 130,
            Self::Terminate => 143,
            Self::Requeue => 75,
        }
    }
}

/// Whether a process ended with this status because it was asked to, and can go on.
pub(crate) fn is_stopped(status: i32) -> bool {
    [Signal::Interrupt, Signal::Terminate, Signal::Requeue]
        .iter()
        .any(|signal| i32::from(signal.status()) == status)
}

/// The exit status of a run that was stopped and can be resumed.
pub(crate) fn status() -> ExitCode {
    status_of(code())
}

/// The same as a number.
pub(crate) fn code() -> i32 {
    let (signal, _) = FIRST.get().copied().unwrap_or((Signal::Requeue, Instant::now()));
    i32::from(signal.status())
}

/// The exit status of a group of which one run was stopped with `status`.
pub(crate) fn status_of(status: i32) -> ExitCode {
    let code = if is_stopped(status) { status } else { code() };
    ExitCode::from(u8::try_from(code).unwrap_or(u8::MAX))
}

/// From here on signals are heard, but for those that whoever started this process has it ignore, as `nohup` does.
///
/// # Errors
/// When the system refuses.
pub(crate) fn install() -> Result<()> {
    system::listen().context("cannot listen to signals")
}

/// From here on training ends after `time`.
pub(crate) fn stop_after(time: Duration) {
    // A limit that is beyond all clocks is none.
    if let Some(deadline) = Instant::now().checked_add(time) {
        let _ = DEADLINE.set(deadline);
    }
}

/// What is left of the time, where it is limited.
pub(crate) fn time_left() -> Option<Duration> {
    DEADLINE.get().map(|deadline| deadline.saturating_duration_since(Instant::now()))
}

/// Whether somebody asked to stop, or time is up.
pub(crate) fn asked() -> bool {
    signalled() || time_left().is_some_and(|left| left.is_zero()) || system::is_orphan()
}

/// Whether a signal came. Who stops watching looks at it once more.
pub(crate) fn signalled() -> bool {
    FIRST.get().is_some()
}

/// The same as Ctrl-C, which a terminal does not send while a screen is drawn on it.
pub(crate) fn ask() {
    heard(Signal::Interrupt);
}

/// While it lives, [`asked`] is looked at again and again, and a signal waits for that.
pub(crate) struct Watched(());

/// See [`Watched`].
pub(crate) fn watched() -> Watched {
    *WATCHED.lock().unwrap_or_else(PoisonError::into_inner) = true;
    Watched(())
}

impl Drop for Watched {
    fn drop(&mut self) {
        *WATCHED.lock().unwrap_or_else(PoisonError::into_inner) = false;
    }
}

/// Signals are passed on to the process of that number from now on.
pub(crate) fn adopt(child: u32) {
    CHILDREN.lock().unwrap_or_else(PoisonError::into_inner).push(child);
    // It may have come in between.
    if let Some((signal, _)) = FIRST.get() {
        system::send(*signal, child);
    }
}

/// The process of that number has ended; another may bear it soon.
pub(crate) fn release(child: u32) {
    CHILDREN.lock().unwrap_or_else(PoisonError::into_inner).retain(|known| *known != child);
}

fn heard(signal: Signal) {
    let (since, watched) = {
        let watched = WATCHED.lock().unwrap_or_else(PoisonError::into_inner);
        let (_, since) = *FIRST.get_or_init(|| (signal, Instant::now()));
        (since, *watched)
    };
    let again = since.elapsed() > ONE_SIGNAL;
    for child in CHILDREN.lock().unwrap_or_else(PoisonError::into_inner).iter() {
        system::send(signal, *child);
    }
    if again || !watched {
        stage::leave();
        std::process::exit(i32::from(signal.status()));
    }
}

/// Asked to save and go on, as all runs of a group are.
#[cfg(unix)]
fn heard_to_save() {
    wishes::ask_to_save();
    for child in CHILDREN.lock().unwrap_or_else(PoisonError::into_inner).iter() {
        system::send_to_save(*child);
    }
}

/// Asks the process of that number to save and go on. It must be one that hears that: any other would end.
pub(crate) fn tell_to_save(process: u32) {
    system::send_to_save(process);
}

/// Asks the process of that number to save and stop.
pub(crate) fn tell_to_stop(process: u32) {
    system::send(Signal::Terminate, process);
}

#[cfg(unix)]
mod system {
    use super::{PARENT, Signal, heard, heard_to_save};
    use nix::{sys::signal, unistd::Pid};
    use signal_hook::{
        consts::{SIGHUP, SIGINT, SIGTERM, SIGUSR1, SIGUSR2},
        iterator::Signals,
    };
    use std::{fs, io::Result, os::unix::process::parent_id, sync::OnceLock, thread};

    pub(super) fn listen() -> Result<()> {
        let wanted = [SIGINT, SIGTERM, SIGUSR1, SIGUSR2, SIGHUP];
        let ignored = ignored();
        let wanted = wanted.into_iter().filter(|signal| ignored >> (signal - 1) & 1 == 0);
        let mut signals = Signals::new(wanted)?;
        thread::spawn(move || {
            for number in signals.forever() {
                match number {
                    SIGUSR2 => heard_to_save(),
                    SIGINT => heard(Signal::Interrupt),
                    SIGUSR1 => heard(Signal::Requeue),
                    _ => heard(Signal::Terminate),
                }
            }
        });
        Ok(())
    }

    /// One bit for each signal that this process ignores, where the system tells (Linux).
    fn ignored() -> u64 {
        let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
        let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
        mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or_default()
    }

    pub(super) fn send(signal: Signal, child: u32) {
        kill(
            child,
            match signal {
                Signal::Interrupt => signal::Signal::SIGINT,
                Signal::Terminate => signal::Signal::SIGTERM,
                Signal::Requeue => signal::Signal::SIGUSR1,
            },
        );
    }

    pub(super) fn send_to_save(child: u32) {
        kill(child, signal::Signal::SIGUSR2);
    }

    fn kill(process: u32, signal: signal::Signal) {
        // It may have ended just now.
        let _ = signal::kill(Pid::from_raw(process as i32), signal);
    }

    /// Whether the process that started this one for a group is gone.
    pub(super) fn is_orphan() -> bool {
        static STARTED_BY: OnceLock<Option<u32>> = OnceLock::new();
        let started_by = STARTED_BY.get_or_init(|| std::env::var(PARENT).ok()?.parse().ok());
        started_by.is_some_and(|parent| parent != parent_id())
    }
}

#[cfg(not(unix))]
mod system {
    use super::{Signal, heard};

    pub(super) fn listen() -> Result<(), ctrlc::Error> {
        ctrlc::set_handler(|| heard(Signal::Interrupt))
    }

    /// The console tells all processes by itself.
    pub(super) fn send(_signal: Signal, _child: u32) {}

    pub(super) fn send_to_save(_child: u32) {}

    pub(super) fn is_orphan() -> bool {
        false
    }
}
