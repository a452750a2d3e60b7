//! The official CIFAR-10 archive.

use crate::{
    error::DataError,
    files::{open, read_past, unreadable},
};
use std::{io, path::Path};

/// The `wanted` files of a gzipped tar archive, in that order, whatever folder they are in.
///
/// Entries are read as they stand, without the extensions for long names: the official archive has
/// none, and each would be one more thing of unknown size.
///
/// # Errors
/// Names the archive: it is damaged, lacks one of the files, or has more than `limit` bytes in them.
pub(crate) fn read(
    path: &Path,
    wanted: &[String],
    limit: u64,
) -> Result<Vec<(String, Vec<u8>)>, DataError> {
    let file = path.display().to_string();
    let broken = |reason: io::Error| unreadable(&file, &reason);
    let mut found: Vec<Option<Vec<u8>>> = vec![None; wanted.len()];
    let mut room = limit;
    let mut archive = tar::Archive::new(open(path)?);
    for entry in archive.entries().map_err(broken)?.raw(true) {
        let entry = entry.map_err(broken)?;
        let name = entry.path().map_err(broken)?.file_name().unwrap_or_default().to_owned();
        let Some(slot) = wanted.iter().position(|wanted| name == wanted.as_str()) else { continue };
        let size = entry.size();
        if !entry.header().entry_type().is_file() || size > room {
            let fault = format!(
                "contains {}, which is not a regular file of at most {room} bytes",
                wanted[slot]
            );
            return Err(DataError::malformed(file, fault));
        }
        let bytes = read_past(entry, size, &file)?;
        if bytes.len() as u64 != size {
            let fault = format!("ends in the middle of {}", wanted[slot]);
            return Err(DataError::malformed(file, fault));
        }
        room -= size;
        found[slot] = Some(bytes);
    }
    let pair = |(name, bytes): (&String, Option<Vec<u8>>)| match bytes {
        Some(bytes) => Ok((name.clone(), bytes)),
        None => Err(DataError::malformed(file.clone(), format!("does not contain {name}"))),
    };
    wanted.iter().zip(found).map(pair).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{assert_says, gzip};
    use std::fs;
    use tempfile::TempDir;

    fn tarred(files: &[(&str, &[u8])]) -> Vec<u8> {
        let mut builder = tar::Builder::new(Vec::new());
        for (name, bytes) in files {
            let mut header = tar::Header::new_gnu();
            header.set_size(bytes.len() as u64);
            header.set_mode(0o644);
            builder.append_data(&mut header, name, *bytes).expect("memory");
        }
        builder.into_inner().expect("memory")
    }

    type Files = Vec<(String, Vec<u8>)>;

    /// Reads `a` and `b` from an archive with this content, at most 100 bytes.
    fn check(content: &[u8]) -> (TempDir, Result<Files, DataError>) {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("x.tar.gz");
        fs::write(&path, content).expect("a fresh file");
        let outcome = read(&path, &["a".to_owned(), "b".to_owned()], 100);
        (folder, outcome)
    }

    #[test]
    fn files_come_in_the_order_asked_for_from_any_folder() {
        let bytes = tarred(&[("f/readme", b"..."), ("f/b", b"bee"), ("f/a", b"ay")]);
        let (_folder, outcome) = check(&gzip(&bytes));
        let expected = [("a".to_owned(), b"ay".to_vec()), ("b".to_owned(), b"bee".to_vec())];
        assert_eq!(outcome.expect("sound"), expected);
    }

    #[test]
    fn unsound_archives_are_named() {
        let whole = tarred(&[("f/a", b"ay"), ("f/b", &[7; 90])]);
        assert!(check(&gzip(&whole)).1.is_ok());
        assert_says(check(&gzip(&tarred(&[("f/a", b"ay")]))).1, &["x.tar.gz does not contain b"]);
        let large = tarred(&[("f/a", b"ay"), ("f/b", &[7; 99])]);
        assert_says(
            check(&gzip(&large)).1,
            &["contains b, which is not a regular file of at most 98 bytes"],
        );
        assert_says(check(&gzip(&whole[..1600])).1, &["x.tar.gz ends in the middle of b"]);
        assert_says(check(&gzip(&whole)[..60]).1, &["x.tar.gz "]);
        assert_says(check(&gzip(&[1; 2000])).1, &["x.tar.gz "]);
        assert_says(check(b"not gzip at all").1, &["x.tar.gz is not a valid gzip file"]);
    }
}
