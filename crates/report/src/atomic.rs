//! Files that are either old or new, never half written.

use crate::error::{ReportError, Result};
use std::io::Write;
use std::path::Path;
use tempfile::Builder;

/// Writes `bytes` beside `path` and renames them into place, so that a reader or a crash never
/// meets half a file. Creates the folder.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    let fail = |source| ReportError::write(path, source);
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    std::fs::create_dir_all(folder).map_err(fail)?;
    let mut builder = Builder::new();
    builder.prefix(".genlab-").suffix(".tmp");
    let mut file = readable_by_all(&mut builder).tempfile_in(folder).map_err(fail)?;
    file.write_all(bytes).map_err(fail)?;
    file.as_file().sync_all().map_err(fail)?;
    file.persist(path).map_err(|error| fail(error.error))?;
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
    fn an_error_names_the_file_and_the_cure() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("file"), b"").unwrap();
        let error = write(&dir.path().join("file/report.html"), b"x").unwrap_err().to_string();
        assert!(error.contains("report.html") && error.contains("permissions"), "{error}");
    }
}
