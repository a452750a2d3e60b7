//! Which files of a folder are images, and which class each belongs to.

use crate::error::DataError;
use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// ImageNet has as many. More folders than this are likelier no classes at all.
const MAX_CLASSES: usize = 1000;

/// The image files of a folder, in a fixed order.
#[derive(Debug)]
pub(super) struct Listing {
    pub(super) files: Vec<PathBuf>,
    /// Per file its class, where the folder has class folders.
    pub(super) labels: Option<Vec<u32>>,
    /// Names of the class folders, sorted.
    pub(super) classes: Option<Vec<String>>,
    /// What lies there and is passed over: other files, and folders that are not looked into.
    others: Vec<PathBuf>,
}

/// What people call the splits of a dataset.
const SPLITS: [&str; 8] =
    ["train", "training", "test", "testing", "val", "valid", "validation", "dev"];

impl Listing {
    /// # Errors
    /// When the class folders are too many to be classes, or are called like splits.
    pub(super) fn require_classes(&self, folder: &Path) -> Result<(), DataError> {
        let Some(classes) = &self.classes else { return Ok(()) };
        if classes.len() > MAX_CLASSES {
            let count = classes.len();
            let fault =
                format!("has {count} class folders, but at most {MAX_CLASSES} are possible");
            let cure = "merge some, or put all images into one folder";
            return Err(DataError::folder(folder, fault, cure));
        }
        let is_split = |name: &String| SPLITS.iter().any(|split| name.eq_ignore_ascii_case(split));
        if classes.iter().all(is_split) {
            let (names, first) = (classes.join(", "), folder.join(&classes[0]));
            let fault =
                format!("has folders called like splits ({names}), which would be its classes");
            let cure = format!(
                "give one of them, such as folder:{}, of which genlab makes splits itself, or call them otherwise",
                first.display()
            );
            return Err(DataError::folder(folder, fault, cure));
        }
        Ok(())
    }

    /// One line about what lies in `folder` and is no picture of it.
    pub(super) fn passed_over(&self, folder: &Path) -> Option<String> {
        let first = self.others.first()?;
        Some(format!(
            "passed over in {}: {} that are no .png, .jpg or .jpeg files, such as {}",
            folder.display(),
            match self.others.len() {
                1 => "1 entry".to_owned(),
                count => format!("{count} entries"),
            },
            first.strip_prefix(folder).unwrap_or(first).display()
        ))
    }
}

/// PNG and JPEG files, by extension, of `folder` itself or of its sub-folders; sorted by path.
/// Hidden entries, other files and deeper folders are left out.
///
/// # Errors
/// Names the folder: absent, unreadable, without images, or with images both beside and inside class
/// folders.
pub(super) fn list(folder: &Path) -> Result<Listing, DataError> {
    if !folder.is_dir() {
        let fault = if folder.exists() { "is not a folder" } else { "does not exist" };
        return Err(DataError::folder(folder, fault, "correct the path"));
    }
    let Entries { files, folders, mut others } = entries(folder)?;
    let mut classes = Vec::new();
    for sub_folder in folders {
        let inner = entries(&sub_folder)?;
        others.extend(inner.others);
        if inner.files.is_empty() {
            others.push(sub_folder);
        } else {
            others.extend(inner.folders);
            classes.push((sub_folder, inner.files));
        }
    }
    others.sort_unstable();
    match (files.is_empty(), classes.is_empty()) {
        (false, true) => Ok(Listing { files, labels: None, classes: None, others }),
        (true, false) => Ok(with_classes(classes, others)),
        (false, false) => {
            let fault = format!(
                "has images both outside ({}) and inside class folders ({})",
                files[0].display(),
                classes[0].0.display()
            );
            Err(DataError::folder(
                folder,
                fault,
                "move all images into class folders, or all of them out",
            ))
        }
        (true, true) => {
            let fault = "contains no .png, .jpg or .jpeg files, and neither do its sub-folders";
            let cure = match others.iter().find(|path| path.is_file()) {
                Some(other) => format!("convert files such as {} to PNG", other.display()),
                None => "correct the path, or put images there".to_owned(),
            };
            Err(DataError::folder(folder, fault, cure))
        }
    }
}

fn with_classes(classes: Vec<(PathBuf, Vec<PathBuf>)>, others: Vec<PathBuf>) -> Listing {
    let (mut files, mut labels, mut names) = (Vec::new(), Vec::new(), Vec::new());
    for (label, (sub_folder, class_files)) in classes.into_iter().enumerate() {
        labels.extend(std::iter::repeat_n(label as u32, class_files.len()));
        files.extend(class_files);
        let name = sub_folder.file_name().unwrap_or_default();
        names.push(name.to_string_lossy().into_owned());
    }
    Listing { files, labels: Some(labels), classes: Some(names), others }
}

/// What a folder holds beside what is hidden, each sorted.
struct Entries {
    /// Image files.
    files: Vec<PathBuf>,
    folders: Vec<PathBuf>,
    /// Everything else.
    others: Vec<PathBuf>,
}

/// Links are followed.
fn entries(folder: &Path) -> Result<Entries, DataError> {
    let failed = |reason: io::Error| DataError::Io {
        action: "list",
        path: folder.to_owned(),
        reason,
        cure: "fix its permissions, or move it elsewhere".to_owned(),
    };
    let mut found = Entries { files: Vec::new(), folders: Vec::new(), others: Vec::new() };
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.starts_with('.') {
            continue;
        }
        if path.is_dir() {
            found.folders.push(path);
        } else if has_image_extension(&path) {
            found.files.push(path);
        } else {
            found.others.push(path);
        }
    }
    found.files.sort_unstable();
    found.folders.sort_unstable();
    found.others.sort_unstable();
    Ok(found)
}

fn has_image_extension(path: &Path) -> bool {
    path.extension().is_some_and(|extension| {
        ["png", "jpg", "jpeg"].iter().any(|known| extension.eq_ignore_ascii_case(known))
    })
}
