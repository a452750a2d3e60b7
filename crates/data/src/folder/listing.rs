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
}

/// PNG and JPEG files, by extension, of `folder` itself or of its sub-folders; sorted by path.
/// Hidden entries, other files and deeper folders are left out.
///
/// # Errors
/// Names the folder: absent, unreadable, without images, with images both beside and inside class
/// folders, or with too many classes.
pub(super) fn list(folder: &Path) -> Result<Listing, DataError> {
    if !folder.is_dir() {
        let fault = if folder.exists() { "is not a folder" } else { "does not exist" };
        return Err(DataError::folder(folder, fault, "correct the path"));
    }
    let (files, sub_folders) = entries(folder)?;
    let mut classes = Vec::new();
    for sub_folder in sub_folders {
        let (files, _) = entries(&sub_folder)?;
        if !files.is_empty() {
            classes.push((sub_folder, files));
        }
    }
    match (files.is_empty(), classes.is_empty()) {
        (false, true) => Ok(Listing { files, labels: None, classes: None }),
        (true, false) => with_classes(folder, classes),
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
            Err(DataError::folder(folder, fault, "correct the path, or put images there"))
        }
    }
}

fn with_classes(
    folder: &Path,
    classes: Vec<(PathBuf, Vec<PathBuf>)>,
) -> Result<Listing, DataError> {
    if classes.len() > MAX_CLASSES {
        let fault =
            format!("has {} class folders, but at most {MAX_CLASSES} are possible", classes.len());
        return Err(DataError::folder(
            folder,
            fault,
            "merge some, or put all images into one folder",
        ));
    }
    let (mut files, mut labels, mut names) = (Vec::new(), Vec::new(), Vec::new());
    for (label, (sub_folder, images)) in classes.into_iter().enumerate() {
        labels.extend(std::iter::repeat_n(label as u32, images.len()));
        files.extend(images);
        let name = sub_folder.file_name().unwrap_or_default();
        names.push(name.to_string_lossy().into_owned());
    }
    Ok(Listing { files, labels: Some(labels), classes: Some(names) })
}

/// Image files and sub-folders of `folder`, both sorted; links are followed.
fn entries(folder: &Path) -> Result<(Vec<PathBuf>, Vec<PathBuf>), DataError> {
    let failed = |reason: io::Error| DataError::Io {
        action: "list",
        path: folder.to_owned(),
        reason,
        cure: "fix its permissions, or move it elsewhere".to_owned(),
    };
    let (mut files, mut sub_folders) = (Vec::new(), Vec::new());
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.starts_with('.') {
            continue;
        }
        if path.is_dir() {
            sub_folders.push(path);
        } else if has_image_extension(&path) {
            files.push(path);
        }
    }
    files.sort_unstable();
    sub_folders.sort_unstable();
    Ok((files, sub_folders))
}

fn has_image_extension(path: &Path) -> bool {
    path.extension().is_some_and(|extension| {
        ["png", "jpg", "jpeg"].iter().any(|known| extension.eq_ignore_ascii_case(known))
    })
}
