//! Files that somebody names: read only where they are regular files, and no further than they may be long.
//!
//! A pipe never begins, a device never ends, and either would hold a program or fill its memory.

use std::{
    fs::{self, File},
    io::{self, ErrorKind, Read},
    path::Path,
};

/// Bytes of a file of settings at most.
pub const MOST_SETTINGS: u64 = 4 << 20;

/// Reserved at once at most, whatever a file's length is said to be.
const FIRST_RESERVE: u64 = 1 << 24;

/// Opens a regular file, through links.
///
/// # Errors
/// When it is none, or the system refuses.
pub fn open(path: &Path) -> io::Result<File> {
    // Asked before it is opened: opening a pipe waits for whoever writes to it.
    let kind = fs::metadata(path)?.file_type();
    if !kind.is_file() {
        let what = if kind.is_dir() { "a folder" } else { "a pipe or a device" };
        return Err(io::Error::new(ErrorKind::InvalidInput, format!("it is {what} and no file")));
    }
    File::open(path)
}

/// All bytes of a regular file that has `limit` of them at most.
///
/// # Errors
/// When it is none, is longer, or the system refuses.
pub fn read(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    let file = open(path)?;
    let length = file.metadata()?.len();
    let mut bytes = Vec::with_capacity(length.min(limit).min(FIRST_RESERVE) as usize);
    if length <= limit {
        // Some files grow while they are read, and some say that they are empty.
        file.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
    }
    if length.max(bytes.len() as u64) > limit {
        let fault = format!("it is longer than {} MiB", limit >> 20);
        return Err(io::Error::new(ErrorKind::InvalidInput, fault));
    }
    Ok(bytes)
}

/// The same as text.
///
/// # Errors
/// As [`read`], or when it is not UTF-8.
pub fn read_text(path: &Path, limit: u64) -> io::Result<String> {
    let no_text = |_| io::Error::new(ErrorKind::InvalidData, "it is not text in UTF-8");
    String::from_utf8(read(path, limit)?).map_err(no_text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_up_to_its_limit() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("a");
        fs::write(&path, b"abc").expect("a fresh file");
        assert_eq!(read(&path, 3).expect("as long as it may be"), b"abc");
        assert_eq!(read_text(&path, 9).expect("text"), "abc");
        let error = read(&path, 2).expect_err("longer").to_string();
        assert_eq!(error, "it is longer than 0 MiB");
        fs::write(&path, b"\xff").expect("a file");
        assert!(read_text(&path, 9).expect_err("no text").to_string().contains("UTF-8"));
    }

    #[cfg(unix)]
    #[test]
    fn what_is_no_regular_file_is_refused_before_it_is_opened() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let pipe = folder.path().join("pipe");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status();
        assert!(made.expect("mkfifo is there").success());
        for (path, what) in [
            (pipe.as_path(), "a pipe or a device"),
            (Path::new("/dev/zero"), "a pipe or a device"),
            (folder.path(), "a folder"),
        ] {
            let error = read(path, 9).expect_err("no file").to_string();
            assert_eq!(error, format!("it is {what} and no file"));
        }
        let link = folder.path().join("link");
        fs::write(folder.path().join("file"), b"x").expect("a fresh file");
        std::os::unix::fs::symlink("file", &link).expect("a fresh link");
        assert_eq!(read(&link, 9).expect("a link to a file"), b"x");
    }
}
