//! Pictures that a run has logged, while it may be logging more.

use super::{Holding, past};
use genlab_results::FileError;
use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{Read, Seek, SeekFrom},
    path::{Path, PathBuf},
};

/// Bytes of a file that are read at a time: many times what a run writes between two looks.
const MOST_AT_ONCE: u64 = 64 << 20;

/// A picture of a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Logged {
    /// What it shows.
    pub tag: String,
    /// The bytes of a PNG file, as they were logged.
    pub png: Vec<u8>,
}

/// The pictures of one run directory, by their steps. Only what was written since the last look is read.
#[derive(Debug, Default)]
pub struct Album {
    /// How far each file has been read.
    read: BTreeMap<PathBuf, u64>,
    pictures: BTreeMap<u64, Logged>,
}

impl Album {
    /// What is known of the pictures.
    pub fn pictures(&self) -> &BTreeMap<u64, Logged> {
        &self.pictures
    }

    /// Looks for pictures of these tags that the run in `dir` has logged in training. Returns whether anything changed. A record
    /// that is not whole is read once it is.
    ///
    /// # Errors
    /// When a folder or file cannot be read.
    pub fn look(&mut self, dir: &Path, tags: &[&str]) -> Result<bool, FileError> {
        let files = past::files(&[dir])?;
        let files: Vec<PathBuf> = files
            .into_iter()
            .filter_map(|(path, what)| (what == Holding::Training).then_some(path))
            .collect();
        let mut changed = false;
        let is_new = |(known, read): (&PathBuf, &u64)| {
            let length = fs::metadata(known).map(|data| data.len());
            !files.contains(known) || length.is_ok_and(|length| length < *read)
        };
        if self.read.iter().any(is_new) {
            // A session that goes on writes its file anew.
            *self = Self::default();
            changed = true;
        }
        for path in files {
            let at = self.read.entry(path.clone()).or_default();
            let bytes = since(*at, &path).map_err(|reason| past::cannot_read(&path, reason))?;
            let mut rest = &bytes[..];
            while let Some((event, after)) = past::first(rest) {
                *at += (rest.len() - after.len()) as u64;
                rest = after;
                let Some(told) = past::told(event) else { continue };
                let Some(png) = told.picture.filter(|_| tags.contains(&told.tag.as_str())) else {
                    continue;
                };
                self.pictures.insert(told.step, Logged { tag: told.tag, png });
                changed = true;
            }
        }
        Ok(changed)
    }
}

/// What a file holds behind its first `at` bytes.
fn since(at: u64, path: &Path) -> std::io::Result<Vec<u8>> {
    let mut file = File::open(path)?;
    let mut bytes = Vec::new();
    if file.metadata()?.len() > at {
        file.seek(SeekFrom::Start(at))?;
        file.take(MOST_AT_ONCE).read_to_end(&mut bytes)?;
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tensorboard::EventWriter;

    const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\0";

    fn steps(album: &Album) -> Vec<u64> {
        album.pictures().keys().copied().collect()
    }

    #[test]
    fn pictures_appear_as_they_are_logged_and_half_a_record_once_it_is_whole() {
        let dir = tempfile::tempdir().unwrap();
        let mut writer = EventWriter::create(dir.path()).unwrap();
        for step in [10, 20] {
            writer.scalar("train/loss", step, 1.0).unwrap();
            writer.image("samples", step, PNG).unwrap();
            writer.image("final/grid", step, PNG).unwrap();
        }
        writer.flush().unwrap();
        let whole = fs::read(writer.path()).unwrap();
        let mut album = Album::default();
        let mut seen = 0;
        for length in 0..=whole.len() {
            fs::write(writer.path(), &whole[..length]).unwrap();
            let changed = album.look(dir.path(), &["samples"]).unwrap();
            assert_eq!(changed, album.pictures().len() > seen, "{length} bytes");
            seen = album.pictures().len();
        }
        assert_eq!(steps(&album), [10, 20]);
        assert_eq!(album.pictures()[&10], Logged { tag: "samples".into(), png: PNG.to_vec() });
    }

    #[test]
    fn a_session_that_begins_a_file_of_its_own_has_the_pictures_of_that_file() {
        let dir = tempfile::tempdir().unwrap();
        let mut album = Album::default();
        let mut earlier = None;
        for step in [10, 20] {
            let mut writer = EventWriter::create(dir.path()).unwrap();
            writer.image("samples", step, PNG).unwrap();
            writer.flush().unwrap();
            if let Some(path) = earlier.replace(writer.path().to_owned()) {
                fs::remove_file(path).unwrap();
            }
            assert!(album.look(dir.path(), &["samples"]).unwrap());
            assert_eq!(steps(&album), [step]);
        }
        fs::write(earlier.unwrap(), "").unwrap();
        assert!(album.look(dir.path(), &["samples"]).unwrap());
        assert!(album.pictures().is_empty());
    }
}
