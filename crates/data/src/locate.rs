//! Where the files of an official dataset are: in `--data-dir`, else in the user's cache folder,
//! else on the web.

use crate::{
    catalogue::Official, embedded, error::DataError, fetch, files::plain_or_gz,
    options::LoadOptions, values::Values,
};
use std::{
    fs,
    path::{Path, PathBuf},
};

/// What this machine offers.
pub(crate) struct Places {
    /// `genlab` under the user's cache folder, where there is one.
    pub(crate) cache: Option<PathBuf>,
    /// The client for downloads.
    pub(crate) agent: ureq::Agent,
}

impl Places {
    /// The real ones.
    pub(crate) fn of_this_user() -> Self {
        Self { cache: cache_folder(), agent: fetch::agent() }
    }
}

/// `genlab` under the user's cache folder; None where this user has none.
pub fn cache_folder() -> Option<PathBuf> {
    let project = directories::ProjectDirs::from("", "", "genlab")?;
    Some(project.cache_dir().to_owned())
}

/// Train and test images of `official`.
///
/// # Errors
/// Names the files that are missing, where they may be put, and which datasets need none.
pub(crate) fn read(
    official: &Official,
    options: &LoadOptions,
    places: &Places,
) -> Result<(Values, Values), DataError> {
    let classes = official.classes.len();
    if let Some(folder) = &options.data_dir {
        return (official.read)(&given(official, folder)?, classes);
    }
    let folder = cached(official, options, places)?;
    (official.read)(&folder, classes)
        .map_err(|error| error.with_cure("delete it to have it downloaded again"))
}

/// `folder` or `folder/<dataset>`, whichever holds the files.
pub(crate) fn given(official: &Official, folder: &Path) -> Result<PathBuf, DataError> {
    if !folder.is_dir() {
        let fault = if folder.exists() { "is not a folder" } else { "does not exist" };
        return Err(DataError::folder(folder, fault, "correct --data-dir, or leave it out"));
    }
    let inner = folder.join(official.name);
    let candidates = [folder.to_owned(), inner].map(|path| ((official.missing)(&path), path));
    if let Some((_, path)) = candidates.iter().find(|(missing, _)| missing.is_empty()) {
        return Ok(path.clone());
    }
    let [(missing, path), (inner_missing, inner)] = candidates;
    let (missing, path) =
        if inner_missing.len() < missing.len() { (inner_missing, inner) } else { (missing, path) };
    Err(DataError::Missing {
        dataset: official.name.to_owned(),
        missing: missing.join(", "),
        cure: format!(
            "put them there or into {}, leave out --data-dir to download them, or use an embedded \
             dataset ({})",
            folder.join(official.name).display(),
            embedded::names()
        ),
        folder: path,
    })
}

/// The dataset's cache folder, with all files in it.
fn cached(
    official: &Official,
    options: &LoadOptions,
    places: &Places,
) -> Result<PathBuf, DataError> {
    let Some(cache) = &places.cache else {
        return Err(DataError::NoCache {
            dataset: official.name.to_owned(),
            cure: format!(
                "set HOME, use --data-dir, or use an embedded dataset ({})",
                embedded::names()
            ),
        });
    };
    let folder = cache.join(official.name);
    if (official.missing)(&folder).is_empty() {
        return Ok(folder);
    }
    fs::create_dir_all(&folder).map_err(|reason| DataError::Io {
        action: "create",
        path: folder.clone(),
        reason,
        cure: "fix its permissions, or use --data-dir".to_owned(),
    })?;
    for file in &official.files {
        let plain = file.name.strip_suffix(".gz").unwrap_or(file.name);
        if plain_or_gz(&folder, plain).is_none() {
            fetch::download(official, file, &folder, &places.agent, options.progress.as_ref())?;
        }
    }
    Ok(folder)
}

#[cfg(test)]
#[path = "locate_tests.rs"]
mod tests;
