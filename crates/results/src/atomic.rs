//! Files that are either old or new, never half written.

use std::{
    io::{Result, Write},
    path::Path,
};
use tempfile::Builder;

/// Writes `bytes` beside `path` and renames them into place, so that a reader or a crash never
/// meets half a file. Creates the folder.
///
/// # Errors
/// What the operating system answers; the file is then as it was before.
pub fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    std::fs::create_dir_all(folder)?;
    let mut builder = Builder::new();
    builder.prefix(".genlab-").suffix(".tmp");
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

    #[test]
    fn a_file_in_the_place_of_the_folder_is_an_error_and_stays() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("file"), b"kept").unwrap();
        assert!(write(&dir.path().join("file/report.html"), b"x").is_err());
        assert_eq!(std::fs::read(dir.path().join("file")).unwrap(), b"kept");
    }
}
