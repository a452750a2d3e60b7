//! Charts as files: `figures/*.svg` of a run or a comparison, which are written anew with its report.

use crate::{atomic, file::FileError};
use std::{
    fs::File,
    io::{ErrorKind, Read},
    path::{Path, PathBuf},
};

/// How the files of charts end.
const ENDING: &str = "svg";
/// What is in the first line of each, so that no other picture is taken for one.
const MARK: &str = "data-generator=\"genlab ";
/// Where in a file the mark must have ended.
const HEAD: u64 = 4096;

/// A chart as a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FigureFile {
    /// Its name without the ending.
    pub stem: String,
    /// An SVG picture that bears genlab's mark.
    pub svg: String,
}

/// Writes these charts into `folder` and removes those of an earlier report. Pictures of other makers stay.
///
/// # Errors
/// When a file cannot be read, written or removed.
pub fn renew(folder: &Path, figures: &[FigureFile]) -> Result<(), FileError> {
    let path = |figure: &FigureFile| folder.join(format!("{}.{ENDING}", figure.stem));
    let new: Vec<PathBuf> = figures.iter().map(path).collect();
    for (path, figure) in new.iter().zip(figures) {
        if !path.exists() || is_own(path) {
            atomic::write(path, figure.svg.as_bytes())?;
        }
    }
    for old in own(folder)?.into_iter().filter(|path| !new.contains(path)) {
        std::fs::remove_file(&old).map_err(|error| FileError::write(&old, error))?;
    }
    Ok(())
}

/// The charts in `folder` that genlab has written; none where there is no such folder.
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
        if path.extension().is_some_and(|ending| ending == ENDING) && is_own(&path) {
            paths.push(path);
        }
    }
    Ok(paths)
}

/// Whether a file bears the mark; what cannot be read does not.
fn is_own(path: &Path) -> bool {
    let mut head = Vec::new();
    let is_file = path.is_file() && !path.is_symlink();
    let read = is_file
        && File::open(path).is_ok_and(|file| file.take(HEAD).read_to_end(&mut head).is_ok());
    let line = head.split(|byte| *byte == b'\n').next().unwrap_or_default();
    read && String::from_utf8_lossy(line).contains(MARK)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figure(stem: &str) -> FigureFile {
        FigureFile { stem: stem.into(), svg: format!("<svg {MARK}0.1\">\n</svg>") }
    }

    #[test]
    fn charts_of_an_earlier_report_go_and_other_pictures_stay() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().join("figures");
        assert!(own(&folder).unwrap().is_empty());
        renew(&folder, &[figure("loss"), figure("old")]).unwrap();
        let (mine, taken) = (folder.join("mine.svg"), folder.join("kl.svg"));
        std::fs::write(&mine, "<svg>data-later\n").unwrap();
        std::fs::write(&taken, format!("<svg>\n{MARK}")).unwrap();
        renew(&folder, &[figure("loss"), figure("kl")]).unwrap();
        assert_eq!(own(&folder).unwrap(), [folder.join("loss.svg")]);
        assert!(mine.exists() && !folder.join("old.svg").exists());
        assert_eq!(std::fs::read_to_string(taken).unwrap(), format!("<svg>\n{MARK}"));
    }
}
