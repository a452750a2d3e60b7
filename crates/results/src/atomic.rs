//! Files that are either old or new, never half written.

use crate::file::FileError;
use std::{
    io::{Result, Write},
    path::Path,
};
use tempfile::Builder;

/// How the names of files in the making begin and end.
pub const PREFIX: &str = ".genlab-";
/// See [`PREFIX`].
pub const SUFFIX: &str = ".tmp";

/// Writes `bytes` beside `path` and renames them into place, so that a reader or a crash never
/// meets half a file, whoever else writes the same one. Creates the folder.
///
/// # Errors
/// When the operating system refuses; the file is then as it was before.
pub fn write(path: &Path, bytes: &[u8]) -> std::result::Result<(), FileError> {
    replace(path, bytes).map_err(|source| FileError::write(path, source))
}

/// Writes a folder of these files beside `path` and renames it into place; a folder that is there is replaced by it.
/// Creates the folders above.
///
/// # Errors
/// When the operating system refuses; what was there is there still.
pub fn write_folder(path: &Path, files: &[(&str, Vec<u8>)]) -> std::result::Result<(), FileError> {
    replace_folder(path, files).map_err(|source| FileError::write(path, source))
}

fn replace_folder(path: &Path, files: &[(&str, Vec<u8>)]) -> Result<()> {
    let above = above(path);
    std::fs::create_dir_all(above)?;
    let mut builder = Builder::new();
    builder.prefix(".genlab-").suffix(".tmp");
    let temporary = builder.tempdir_in(above)?;
    // A temporary folder is private; this one is made in the ordinary way.
    let (made, before) = (temporary.path().join("new"), temporary.path().join("old"));
    std::fs::create_dir(&made)?;
    for (name, bytes) in files {
        let mut file = std::fs::File::create(made.join(name))?;
        file.write_all(bytes)?;
        file.sync_all()?;
    }
    let replaces = path.exists();
    if replaces {
        std::fs::rename(path, &before)?;
    }
    std::fs::rename(&made, path).inspect_err(|_| {
        if replaces {
            // Back where it was: the error that is told is the first one.
            std::fs::rename(&before, path).unwrap_or_default();
        }
    })
}

/// The folder that holds `path`.
fn above(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

fn replace(path: &Path, bytes: &[u8]) -> Result<()> {
    let folder = above(path);
    std::fs::create_dir_all(folder)?;
    let mut builder = Builder::new();
    builder.prefix(PREFIX).suffix(SUFFIX);
    let mut file = readable_by_all(&mut builder).tempfile_in(folder)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

/// A temporary file is private by default; a report is meant to be shared, within the umask.
#[cfg(unix)]
fn readable_by_all<'a, 'b>(builder: &'a mut Builder<'b, 'b>) -> &'a mut Builder<'b, 'b> {
    use std::os::unix::fs::PermissionsExt;
    builder.permissions(std::fs::Permissions::from_mode(0o666))
}

#[cfg(not(unix))]
fn readable_by_all<'a, 'b>(builder: &'a mut Builder<'b, 'b>) -> &'a mut Builder<'b, 'b> {
    builder
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_and_nothing_else_is_left_behind() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("deeper/report.html");
        write(&path, b"old").unwrap();
        write(&path, b"new").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"new");
        assert_eq!(std::fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
    }

    /// Whatever the umask is, a file written in the ordinary way is as readable.
    #[cfg(unix)]
    #[test]
    fn a_file_is_as_readable_as_any_other() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let [ours, plain] = ["ours", "plain"].map(|name| dir.path().join(name));
        write(&ours, b"x").unwrap();
        std::fs::write(&plain, b"x").unwrap();
        let mode = |path| std::fs::metadata(path).unwrap().permissions().mode();
        assert_eq!(mode(&ours), mode(&plain));
    }

    #[test]
    fn a_file_in_the_place_of_the_folder_is_an_error_and_stays() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("file"), b"kept").unwrap();
        let error = write(&dir.path().join("file/report.html"), b"x").unwrap_err().to_string();
        assert!(error.contains("could not write") && error.contains("report.html"), "{error}");
        assert_eq!(std::fs::read(dir.path().join("file")).unwrap(), b"kept");
    }
}
