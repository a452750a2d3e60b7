//! `metrics.jsonl` at the length that a checkpoint knows.

use anyhow::{Context, Result, bail};
use genlab_core::checkpoint::CheckpointState;
use std::{
    fs::{File, OpenOptions},
    io::{Read, Seek},
    path::Path,
};

/// Opens the log of a run that begins or goes on at `start`, cut back to what was logged until then: lines of steps that will
/// be taken again are not kept twice. Returns what it says as well; what is written follows.
///
/// # Errors
/// When the file cannot be opened, or lacks a part of what was logged until then. It is left as it is.
pub(super) fn open(path: &Path, start: &CheckpointState) -> Result<(File, String)> {
    let cannot = || format!("cannot write {}", path.display());
    let mut options = OpenOptions::new();
    options.create(true).read(true).write(true).truncate(false);
    let mut file = options.open(path).with_context(cannot)?;
    let length = file.metadata().with_context(cannot)?.len();
    if length < start.log_bytes {
        // A file is lengthened with zeros, which would pass for lines.
        bail!(
            "{} has lost lines of the first {} steps; restore it, or train the run anew with --fresh",
            path.display(),
            start.step,
        );
    }
    file.set_len(start.log_bytes).with_context(cannot)?;
    let mut text = String::new();
    file.read_to_string(&mut text).with_context(|| format!("cannot read {}", path.display()))?;
    file.seek(std::io::SeekFrom::End(0)).with_context(cannot)?;
    Ok((file, text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{fs, io::Write};

    const LOG: &str = "{\"step\":1}\n{\"step\":2}\n{\"step\":3}\n";

    fn at(step: u64, log_bytes: u64) -> CheckpointState {
        CheckpointState { step, log_bytes, ..CheckpointState::default() }
    }

    #[test]
    fn whatever_a_kill_has_left_it_ends_where_the_checkpoint_does_or_is_refused_untouched() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("metrics.jsonl");
        let known = "{\"step\":1}\n{\"step\":2}\n";
        for length in 0..=LOG.len() {
            fs::write(&path, &LOG[..length]).unwrap();
            match open(&path, &at(2, known.len() as u64)) {
                Ok((mut file, text)) => {
                    assert!(length >= known.len());
                    assert_eq!(text, known);
                    file.write_all(b"{\"step\":3}\n").unwrap();
                    assert_eq!(fs::read_to_string(&path).unwrap(), LOG);
                }
                Err(error) => {
                    assert!(length < known.len());
                    let error = error.to_string();
                    assert!(
                        error.contains("has lost lines of the first 2 steps; restore it"),
                        "{error}"
                    );
                    assert_eq!(fs::read_to_string(&path).unwrap(), LOG[..length]);
                }
            }
        }
    }

    #[test]
    fn a_run_that_begins_again_begins_with_an_empty_log() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("metrics.jsonl");
        for _ in 0..2 {
            let (mut file, text) = open(&path, &at(0, 0)).unwrap();
            assert_eq!(text, "");
            file.write_all(LOG.as_bytes()).unwrap();
        }
        assert_eq!(fs::read_to_string(&path).unwrap(), LOG);
    }
}
