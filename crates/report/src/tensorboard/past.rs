//! Event files of earlier sessions: what they are called, and the records in them.
//!
//! Messages are not parsed by the protobuf library, whose reader may recurse without end on a hostile file: four
//! fields of the outermost messages are all that is needed.

use genlab_results::{FileError, RunDir};
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};
use tensorboard_rs::masked_crc32c::masked_crc32c;

/// How names of all event files begin.
const BEGINNING: &str = "events.out.tfevents.";
/// Who wrote it, behind the time.
const WRITER: &str = "genlab";
/// What follows in the names of files with results.
const RESULTS: &str = "results";

/// What an event file of a run holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holding {
    /// What is logged while it trains.
    Training,
    /// What is measured in the end.
    Results,
}

/// What the event file of that name holds; None where genlab did not write it.
pub fn holding(name: &str) -> Option<Holding> {
    let mut parts = name.strip_prefix(BEGINNING)?.split('.');
    let (_, WRITER) = (parts.next().filter(|time| is_number(time))?, parts.next()?) else {
        return None;
    };
    match parts.next() {
        Some(RESULTS) => Some(Holding::Results),
        None => Some(Holding::Training),
        // Process and attempt: the names of before.
        Some(process) => is_number(process).then_some(Holding::Training),
    }
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn seconds(path: &Path) -> Option<u64> {
    let name = path.file_name()?.to_str()?;
    name.strip_prefix(BEGINNING)?.split('.').next()?.parse().ok()
}

pub(super) fn cannot_read(path: &Path, reason: std::io::Error) -> FileError {
    FileError::Read { path: path.to_owned(), reason }
}

/// The event files of genlab in these folders, oldest first; a folder need not exist.
///
/// # Errors
/// When a folder cannot be read.
pub(super) fn files(folders: &[&Path]) -> Result<Vec<(PathBuf, Holding)>, FileError> {
    let mut found = Vec::new();
    for folder in folders.iter().filter(|folder| folder.is_dir()) {
        let entries = fs::read_dir(folder).and_then(Iterator::collect::<std::io::Result<Vec<_>>>);
        for entry in entries.map_err(|source| cannot_read(folder, source))? {
            if let Some(what) = entry.file_name().to_str().and_then(holding) {
                found.push((entry.path(), what));
            }
        }
    }
    found.sort_by_key(|(path, _)| (seconds(path), path.clone()));
    Ok(found)
}

/// A path in `folder` whose name comes after that of every event file there, and after those in `earlier`. TensorBoard reads
/// files in the order of their names, and never goes back.
pub(super) fn next(
    folder: &Path,
    earlier: &[PathBuf],
    now: u64,
    what: Holding,
) -> Result<PathBuf, FileError> {
    let there = files(&[folder])?;
    let newest = there.iter().map(|(path, _)| path).chain(earlier).filter_map(|path| seconds(path));
    let time = newest.max().map_or(now, |newest| now.max(newest + 1));
    let ending = match what {
        Holding::Training => String::new(),
        Holding::Results => format!(".{RESULTS}"),
    };
    Ok(folder.join(format!("{BEGINNING}{time:010}.{WRITER}{ending}")))
}

/// The events of a file that are whole, each as the bytes of its message. A kill may have left half of the last one.
///
/// # Errors
/// When the file cannot be read.
pub(super) fn events(path: &Path) -> Result<Vec<Vec<u8>>, FileError> {
    let bytes = fs::read(path).map_err(|source| cannot_read(path, source))?;
    let mut rest = &bytes[..];
    let mut events = Vec::new();
    while let Some((event, after)) = first(rest) {
        events.push(event.to_vec());
        rest = after;
    }
    Ok(events)
}

/// The first record and what follows it; None where its checksums are wrong.
pub(super) fn first(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_at_checked(8)?;
    let (sum, rest) = rest.split_at_checked(4)?;
    (sum == masked_crc32c(length).to_le_bytes()).then_some(())?;
    let length = usize::try_from(u64::from_le_bytes(length.try_into().ok()?)).ok()?;
    let (event, rest) = rest.split_at_checked(length)?;
    let (sum, rest) = rest.split_at_checked(4)?;
    (sum == masked_crc32c(event).to_le_bytes()).then_some((event, rest))
}

/// The pictures of a tag that a run has logged in training, by their steps: the bytes of PNG files, if they are what they
/// should be.
///
/// # Errors
/// When a file cannot be read.
pub(crate) fn pictures(dir: &RunDir, tag: &str) -> Result<BTreeMap<u64, Vec<u8>>, FileError> {
    let mut found = BTreeMap::new();
    for (path, _) in files(&[&dir.tensorboard(), dir.path()])? {
        for event in events(&path)? {
            let Some(told) = told(&event).filter(|told| told.tag == tag) else { continue };
            // A later session knows better.
            found.extend(told.picture.map(|png| (told.step, png)));
        }
    }
    Ok(found)
}

/// What is kept of an event's message: `event.proto` and `summary.proto`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Told {
    pub(super) step: u64,
    /// The tag of the last of its values.
    pub(super) tag: String,
    /// The file of the picture that it is.
    pub(super) picture: Option<Vec<u8>>,
}

/// Reads that much of an event; None where it is none.
pub(super) fn told(event: &[u8]) -> Option<Told> {
    const STEP: u64 = 2;
    const SUMMARY: u64 = 5;
    const VALUE: u64 = 1;
    const TAG: u64 = 1;
    const IMAGE: u64 = 4;
    const FILE: u64 = 4;
    let mut told = Told::default();
    for (number, field) in fields(event)? {
        match (number, field) {
            (STEP, Field::Number(step)) => told.step = step,
            (SUMMARY, Field::Bytes(summary)) => {
                for (number, value) in fields(summary)? {
                    let (VALUE, Field::Bytes(value)) = (number, value) else { continue };
                    for (number, part) in fields(value)? {
                        match (number, part) {
                            (TAG, Field::Bytes(tag)) => {
                                told.tag = String::from_utf8_lossy(tag).into_owned();
                            }
                            (IMAGE, Field::Bytes(image)) => {
                                let file = fields(image)?.into_iter().find_map(|part| match part {
                                    (FILE, Field::Bytes(file)) => Some(file.to_vec()),
                                    _ => None,
                                });
                                told.picture = Some(file.unwrap_or_default());
                            }
                            _ => {}
                        }
                    }
                }
            }
            _ => {}
        }
    }
    Some(told)
}

enum Field<'a> {
    Number(u64),
    Bytes(&'a [u8]),
    Fixed,
}

/// The fields of a message with their numbers; None where the bytes are no message.
fn fields(mut message: &[u8]) -> Option<Vec<(u64, Field<'_>)>> {
    let mut fields = Vec::new();
    while !message.is_empty() {
        let (key, rest) = varint(message)?;
        let (field, rest) = match key & 7 {
            0 => varint(rest).map(|(number, rest)| (Field::Number(number), rest))?,
            1 => (Field::Fixed, rest.get(8..)?),
            2 => {
                let (length, rest) = varint(rest)?;
                let (bytes, rest) = rest.split_at_checked(usize::try_from(length).ok()?)?;
                (Field::Bytes(bytes), rest)
            }
            5 => (Field::Fixed, rest.get(4..)?),
            _ => return None,
        };
        fields.push((key >> 3, field));
        message = rest;
    }
    Some(fields)
}

/// Seven bits a byte, the lowest first; the highest bit says that more follow.
fn varint(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let end = bytes.iter().take(10).position(|byte| byte & 0x80 == 0)?;
    let number =
        bytes[..=end].iter().rev().fold(0, |sum: u64, byte| (sum << 7) | u64::from(byte & 0x7f));
    Some((number, &bytes[end + 1..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_files_of_genlab_are_its_own() {
        for (name, what) in [
            ("events.out.tfevents.1795767000.genlab", Some(Holding::Training)),
            ("events.out.tfevents.1795767001.genlab.results", Some(Holding::Results)),
            ("events.out.tfevents.1795767001.genlab.1234.000", Some(Holding::Training)),
            ("events.out.tfevents.1795767001.host.1234.0", None),
            ("events.out.tfevents.1795767001.genlab.notes", None),
            ("events.out.tfevents.genlab", None),
            ("notes.txt", None),
        ] {
            assert_eq!(holding(name), what, "{name}");
        }
    }

    #[test]
    fn a_new_file_comes_after_all_others_also_where_the_clock_went_back() {
        let dir = tempfile::tempdir().unwrap();
        let next = |now| next(dir.path(), &[], now, Holding::Training).unwrap();
        assert!(next(7).ends_with("events.out.tfevents.0000000007.genlab"));
        fs::write(dir.path().join("events.out.tfevents.0000000009.genlab.12.000"), "").unwrap();
        assert!(next(7).ends_with("events.out.tfevents.0000000010.genlab"));
        assert!(next(20).ends_with("events.out.tfevents.0000000020.genlab"));
    }

    #[test]
    fn bytes_that_are_no_message_tell_nothing() {
        assert_eq!(told(&[]), Some(Told::default()));
        assert_eq!(told(&[0x10, 0x96, 0x01]).unwrap().step, 150);
        for bytes in [&[0xff_u8; 20][..], &[0x10], &[0x2a, 5, 1], &[0x13]] {
            assert_eq!(told(bytes), None, "{bytes:?}");
        }
    }
}
