//! Who trains a run, where that is a process of this machine that can be told something.

use std::path::PathBuf;

/// A process that holds a run's lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Trainer {
    /// Its number.
    pub(super) process: u32,
    /// Whether it saves and goes on when it is asked to. An earlier genlab would end.
    pub(super) saves: bool,
    /// Whether it saves and stops when it is asked to.
    pub(super) stops: bool,
}

impl Trainer {
    /// This process, which hears everything.
    pub(super) fn here() -> Self {
        Self { process: std::process::id(), saves: true, stops: true }
    }
}

/// The processes that have these files open, one place each. Opening a lock to try it would take it from whoever is about to
/// begin; the system's table of open files tells the same (Linux), of processes that belong to the user, and of nobody else's.
#[cfg(target_os = "linux")]
pub(super) fn holders(locks: &[PathBuf]) -> Vec<Option<Trainer>> {
    use std::fs;
    let mut found = vec![None; locks.len()];
    let whole: Vec<Option<PathBuf>> =
        locks.iter().map(|lock| fs::canonicalize(lock).ok()).collect();
    if whole.iter().all(Option::is_none) {
        return found;
    }
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let processes = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    for process in processes {
        let open = fs::read_dir(format!("/proc/{process}/fd")).into_iter().flatten().flatten();
        for file in open.filter_map(|entry| fs::read_link(entry.path()).ok()) {
            let place = whole.iter().position(|lock| lock.as_ref() == Some(&file));
            if let Some(place) = place {
                found[place] = Some(trainer(process));
            }
        }
    }
    found
}

/// What a process can be told, by the signals that it listens to.
#[cfg(target_os = "linux")]
fn trainer(process: u32) -> Trainer {
    use signal_hook::consts::{SIGTERM, SIGUSR2};
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigCgt:"));
    let caught = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    let hears = |signal: i32| caught.unwrap_or_default() >> (signal - 1) & 1 == 1;
    Trainer { process, saves: hears(SIGUSR2), stops: hears(SIGTERM) }
}

/// Elsewhere nobody tells.
#[cfg(not(target_os = "linux"))]
pub(super) fn holders(locks: &[PathBuf]) -> Vec<Option<Trainer>> {
    vec![None; locks.len()]
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use std::fs::File;

    #[test]
    fn who_has_a_lock_open_is_found_and_the_lock_is_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let locks = ["a", "b", "absent"].map(|name| dir.path().join(name));
        let open = File::create(&locks[0]).unwrap();
        File::create(&locks[1]).unwrap();
        let found = holders(&locks);
        assert_eq!(found.iter().map(Option::is_some).collect::<Vec<_>>(), [true, false, false]);
        let trainer = found[0].unwrap();
        assert_eq!(trainer.process, std::process::id());
        assert!(!trainer.saves && !trainer.stops, "tests listen to no signals");
        open.try_lock().unwrap();
    }
}
