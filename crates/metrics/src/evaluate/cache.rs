//! Reference rows between runs: they depend on data, judge, seed and settings alone, and every run
//! of a comparison asks for the same ones.

use genlab_core::digest::sha256;
use genlab_results::atomic;
use std::{
    fs,
    path::{Path, PathBuf},
    time::SystemTime,
};

/// Files that are kept; the oldest go first.
const MOST_FILES: usize = 64;

/// A folder with the reference rows of earlier evaluations. What cannot be read or written is
/// computed: a cache changes how long an evaluation takes and nothing else.
#[derive(Clone, Debug)]
pub struct ReferenceCache {
    folder: PathBuf,
    program: String,
}

impl ReferenceCache {
    /// Rows in `folder`, which need not exist. `program` names the build that computes them, so
    /// that no row outlives the code it came from.
    pub fn new(folder: PathBuf, program: String) -> Self {
        Self { folder, program }
    }

    /// What was kept for `key`, everything that decides the rows, or None.
    pub(super) fn read(&self, key: &str) -> Option<String> {
        fs::read_to_string(self.path(key)).ok()
    }

    /// Keeps rows. The file appears whole, whoever else writes it.
    pub(super) fn write(&self, key: &str, json: &str) {
        if atomic::write(&self.path(key), json.as_bytes()).is_ok() {
            self.forget_the_oldest();
        }
    }

    fn path(&self, key: &str) -> PathBuf {
        let digest = sha256(format!("{}\n{key}", self.program).as_bytes());
        self.folder.join(&digest[..32]).with_extension("json")
    }

    fn forget_the_oldest(&self) {
        let Ok(entries) = fs::read_dir(&self.folder) else { return };
        let changed = |path: &Path| fs::metadata(path).and_then(|m| m.modified()).ok();
        let mut files: Vec<(SystemTime, PathBuf)> = entries
            .filter_map(|entry| Some(entry.ok()?.path()))
            .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
            .filter_map(|path| Some((changed(&path)?, path)))
            .collect();
        files.sort();
        for (_, path) in files.iter().rev().skip(MOST_FILES) {
            // Another process may have been first.
            drop(fs::remove_file(path));
        }
    }
}
