//! Downloads: every file against a pinned hash, from the first mirror that has it.

use crate::{
    catalogue::{Official, RemoteFile},
    error::DataError,
    options::{self, DownloadProgress, Progress},
};
use genlab_core::digest::hex;
use sha2::{Digest, Sha256};
use std::{
    fs::{self, File},
    io::{self, Read, Write},
    path::Path,
    time::Duration,
};
use tempfile::NamedTempFile;

/// How the names of files begin and end that are being received.
const PREFIX: &str = ".genlab-";
/// See [`PREFIX`].
const SUFFIX: &str = ".tmp";

/// Bytes read at a time, and reported at a time.
const CHUNK: usize = 1 << 18;

/// The client for public mirrors: slow lines are fine, silent ones are given up.
pub(crate) fn agent() -> ureq::Agent {
    ureq::Agent::config_builder()
        .timeout_connect(Some(Duration::from_secs(15)))
        .timeout_recv_response(Some(Duration::from_secs(30)))
        .timeout_per_read(Some(Duration::from_mins(1)))
        .build()
        .new_agent()
}

/// Puts `file` of `official` into `folder`. It appears there whole and verified, or not at all.
///
/// # Errors
/// Names every mirror with what went wrong there, or the folder that cannot be written.
pub(crate) fn download(
    official: &Official,
    file: &RemoteFile,
    folder: &Path,
    agent: &ureq::Agent,
    progress: Option<&Progress>,
) -> Result<(), DataError> {
    clear_leftovers(folder);
    let mut attempts = Vec::new();
    for mirror in &official.mirrors {
        let url = format!("{mirror}{}", file.name);
        // A new file per mirror: a broken attempt leaves nothing behind, not even on a panic.
        let mut target =
            target(folder).map_err(|reason| cannot("create a file in", folder, reason))?;
        match receive(&url, file, &mut target, agent, progress) {
            Ok(()) => {
                let path = folder.join(file.name);
                target.persist(&path).map_err(|error| cannot("write", &path, error.error))?;
                return Ok(());
            }
            Err(Failure::Mirror(fault)) => attempts.push(format!("{url}: {fault}")),
            Err(Failure::Disk(reason)) => return Err(cannot("write to", folder, reason)),
        }
    }
    Err(DataError::Download {
        file: file.name.to_owned(),
        dataset: official.name.to_owned(),
        attempts: attempts.join("; "),
        cure: options::cure(official, folder),
    })
}

/// Removes what downloads left that were killed: one that goes on has its file locked.
fn clear_leftovers(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with(PREFIX)
            && name.ends_with(SUFFIX)
            && let Ok(file) = File::open(entry.path())
            && file.try_lock().is_ok()
        {
            // What cannot be removed takes room and does no harm.
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// A file that [`clear_leftovers`] leaves alone, but where the file system knows no locks: there it leaves all.
fn target(folder: &Path) -> io::Result<NamedTempFile> {
    loop {
        let target = tempfile::Builder::new().prefix(PREFIX).suffix(SUFFIX).tempfile_in(folder)?;
        let _ = target.as_file().lock();
        // Another process may have taken it for a leftover before it was locked.
        if target.path().exists() {
            return Ok(target);
        }
    }
}

enum Failure {
    /// This mirror does not have the file; another may.
    Mirror(String),
    /// The disk is the problem; another mirror does not help.
    Disk(io::Error),
}

fn receive(
    url: &str,
    file: &RemoteFile,
    target: &mut NamedTempFile,
    agent: &ureq::Agent,
    progress: Option<&Progress>,
) -> Result<(), Failure> {
    let response = agent.get(url).call().map_err(|error| Failure::Mirror(error.to_string()))?;
    // Redirects are followed and errors raised by the client; what is left must be the file itself.
    if response.status() != 200 {
        return Err(Failure::Mirror(format!("answered with status {}", response.status())));
    }
    let body = response.into_body();
    if let Some(length) = body.content_length().filter(|&length| length > file.bytes) {
        return Err(Failure::Mirror(too_large(file, length)));
    }

    let mut reader = body.into_reader().take(file.bytes + 1);
    let mut hasher = Sha256::new();
    let mut received = 0;
    let mut chunk = vec![0_u8; CHUNK];
    loop {
        let count = match reader.read(&mut chunk) {
            Ok(0) => break,
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => {
                let fault = format!("broke off after {received} of {} bytes ({error})", file.bytes);
                return Err(Failure::Mirror(fault));
            }
        };
        received += count as u64;
        if received > file.bytes {
            return Err(Failure::Mirror(too_large(file, received)));
        }
        hasher.update(&chunk[..count]);
        target.write_all(&chunk[..count]).map_err(Failure::Disk)?;
        if let Some(report) = progress {
            report(DownloadProgress { file: file.name, received, total: file.bytes });
        }
    }
    check(file, received, &hex(&hasher.finalize())).map_err(Failure::Mirror)?;
    target.as_file().sync_all().map_err(Failure::Disk)
}

fn check(file: &RemoteFile, received: u64, sha256: &str) -> Result<(), String> {
    if received < file.bytes {
        return Err(format!("broke off after {received} of {} bytes", file.bytes));
    }
    if sha256 != file.sha256 {
        return Err(format!("sent a different file: its SHA-256 is {sha256}, not {}", file.sha256));
    }
    Ok(())
}

fn too_large(file: &RemoteFile, bytes: u64) -> String {
    format!("sent at least {bytes} bytes, but the file has {}", file.bytes)
}

fn cannot(action: &'static str, path: &Path, reason: io::Error) -> DataError {
    let cure = "free some space, fix its permissions, or use --data-dir".to_owned();
    DataError::Io { action, path: path.to_owned(), reason, cure }
}

#[cfg(test)]
#[path = "fetch_tests.rs"]
mod tests;
