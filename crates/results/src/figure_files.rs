//! Charts and strips as files: `figures/*.svg` and `*.png` of a run or a comparison, which are written anew with its report.

use crate::{atomic, file::FileError};
use std::{
    fs::File,
    io::{ErrorKind, Read},
    path::{Path, PathBuf},
};

/// What is in the first line of each SVG file, so that no other picture is taken for one.
const SVG_MARK: &str = "data-generator=\"genlab ";
/// The same of each PNG file: the kind and the first words of the chunk behind its header, after a length of four bytes.
const PNG_MARK: &[u8] = b"tEXtSoftware\0genlab ";
/// Where that chunk's kind stands.
const PNG_MARK_AT: usize = 37;
/// Where in a file the mark must have ended.
const HEAD: u64 = 4096;

/// A picture in both forms.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FigureFile {
    /// Its name without the ending.
    pub stem: String,
    /// An SVG picture that bears genlab's mark.
    pub svg: String,
    /// A PNG picture that does.
    pub png: Vec<u8>,
}

impl FigureFile {
    /// What is written where in `folder`.
    fn files(&self, folder: &Path) -> [(PathBuf, &[u8]); 2] {
        let path = |ending| folder.join(format!("{}.{ending}", self.stem));
        [(path("svg"), self.svg.as_bytes()), (path("png"), &self.png)]
    }
}

/// Writes these pictures into `folder` and removes those of an earlier report. Pictures of other makers stay.
///
/// # Errors
/// When a file cannot be read, written or removed.
pub fn renew(folder: &Path, figures: &[FigureFile]) -> Result<(), FileError> {
    let new: Vec<(PathBuf, &[u8])> =
        figures.iter().flat_map(|figure| figure.files(folder)).collect();
    for (path, bytes) in &new {
        if !path.exists() || is_own(path) {
            atomic::write(path, bytes)?;
        }
    }
    let is_new = |path: &PathBuf| new.iter().any(|(other, _)| other == path);
    for old in own(folder)?.into_iter().filter(|path| !is_new(path)) {
        std::fs::remove_file(&old).map_err(|error| FileError::write(&old, error))?;
    }
    Ok(())
}

/// The pictures in `folder` that genlab has written with a report; none where there is no such folder.
///
/// # Errors
/// When the folder cannot be read.
pub fn own(folder: &Path) -> Result<Vec<PathBuf>, FileError> {
    let failed = |reason| FileError::Read { path: folder.to_owned(), reason };
    let entries = match std::fs::read_dir(folder) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(failed)?,
    };
    let mut paths = Vec::new();
    for entry in entries {
        let path = entry.map_err(failed)?.path();
        if is_own(&path) {
            paths.push(path);
        }
    }
    Ok(paths)
}

/// Whether a file bears the mark of its ending; what cannot be read does not.
fn is_own(path: &Path) -> bool {
    let is_marked: fn(&[u8]) -> bool = match path.extension().and_then(|ending| ending.to_str()) {
        Some("svg") => |head| {
            let line = head.split(|byte| *byte == b'\n').next().unwrap_or_default();
            String::from_utf8_lossy(line).contains(SVG_MARK)
        },
        Some("png") => {
            |head| head.get(PNG_MARK_AT..).is_some_and(|chunk| chunk.starts_with(PNG_MARK))
        }
        _ => return false,
    };
    let mut head = Vec::new();
    let is_file = path.is_file() && !path.is_symlink();
    let read = is_file
        && File::open(path).is_ok_and(|file| file.take(HEAD).read_to_end(&mut head).is_ok());
    read && is_marked(&head)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figure(stem: &str) -> FigureFile {
        let png = [&[0; PNG_MARK_AT], PNG_MARK, b"0.1"].concat();
        FigureFile { stem: stem.into(), svg: format!("<svg {SVG_MARK}0.1\">\n</svg>"), png }
    }

    #[test]
    fn pictures_of_an_earlier_report_go_and_others_stay() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().join("figures");
        assert!(own(&folder).unwrap().is_empty());
        renew(&folder, &[figure("loss"), figure("old")]).unwrap();
        let others = [
            ("mine.svg", "<svg>data-later\n".to_owned()),
            ("kl.svg", format!("<svg>\n{SVG_MARK}")),
            ("grid.png", "a picture without a mark, as long as one that has it".to_owned()),
            ("kl.png", String::new()),
        ];
        for (name, text) in &others {
            std::fs::write(folder.join(name), text).unwrap();
        }
        renew(&folder, &[figure("loss"), figure("kl")]).unwrap();
        let mut left = own(&folder).unwrap();
        left.sort();
        assert_eq!(left, ["loss.png", "loss.svg"].map(|name| folder.join(name)));
        for (name, text) in &others {
            assert_eq!(&std::fs::read_to_string(folder.join(name)).unwrap(), text);
        }
        assert!(!folder.join("old.svg").exists() && !folder.join("old.png").exists());
    }
}
