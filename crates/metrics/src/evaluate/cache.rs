//! Reference rows between runs: they depend on data, judge, seed and settings alone, and every run
//! of a comparison asks for the same ones. Each file begins with a checksum of the rest.

use genlab_core::{digest::sha256, files};
use genlab_results::atomic;
use std::{
    fs,
    path::{Path, PathBuf},
    time::SystemTime,
};

/// Files that are kept; the oldest go first.
const MOST_FILES: usize = 64;
/// Bytes of a file at most.
const MOST_BYTES: u64 = 1 << 30;

/// A folder with the reference rows of earlier evaluations. What cannot be read or written is
/// computed: a cache changes how long an evaluation takes and nothing else.
#[derive(Clone, Debug)]
pub struct ReferenceCache {
    folder: PathBuf,
    program: String,
    notice: fn(&str),
}

impl ReferenceCache {
    /// Rows in `folder`, which need not exist. `program` names the build that computes them, so
    /// that no row outlives the code it came from. `notice` is told of files that are damaged.
    pub fn new(folder: PathBuf, program: String, notice: fn(&str)) -> Self {
        Self { folder, program, notice }
    }

    /// What was kept for `key`, everything that decides the rows; None if nothing was, or it is not what was written.
    pub(super) fn read(&self, key: &str) -> Option<String> {
        let path = self.path(key);
        if !path.exists() {
            return None;
        }
        let text = files::read_text(&path, MOST_BYTES).ok();
        let whole = text.as_deref().and_then(|text| {
            let (sum, json) = text.split_once('\n')?;
            (sum == self.sum(key, json)).then_some(json)
        });
        if whole.is_none() {
            self.tell_of_damage(key);
        }
        whole.map(str::to_owned)
    }

    /// Says that what is kept for `key` is of no use.
    pub(super) fn tell_of_damage(&self, key: &str) {
        let path = self.path(key);
        (self.notice)(&format!(
            "the reference rows in {} are damaged: they are computed anew",
            path.display()
        ));
    }

    /// Keeps rows. The file appears whole, whoever else writes it.
    pub(super) fn write(&self, key: &str, json: &str) {
        let text = format!("{}\n{json}", self.sum(key, json));
        if atomic::write(&self.path(key), text.as_bytes()).is_ok() {
            self.forget_the_oldest();
        }
    }

    /// Rows of another key are as wrong as rows that were changed.
    fn sum(&self, key: &str, json: &str) -> String {
        sha256(format!("{}\n{key}\n{json}", self.program).as_bytes())
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    static TOLD: AtomicUsize = AtomicUsize::new(0);

    fn tell(line: &str) {
        assert!(line.contains("damaged: they are computed anew"), "{line}");
        TOLD.fetch_add(1, Ordering::Relaxed);
    }

    #[test]
    fn rows_are_those_that_were_written_for_this_key_or_none() {
        let folder = tempfile::tempdir().unwrap();
        let cache = ReferenceCache::new(folder.path().to_owned(), "build 1".into(), tell);
        assert_eq!(cache.read("a"), None);
        cache.write("a", "{\"value\": 19.25}");
        assert_eq!(cache.read("a").as_deref(), Some("{\"value\": 19.25}"));
        assert_eq!(TOLD.load(Ordering::Relaxed), 0, "what is absent or sound is nothing to tell");

        let path = cache.path("a");
        let sound = fs::read(&path).unwrap();
        for place in 0..sound.len() {
            let mut bytes = sound.clone();
            bytes[place] ^= 1;
            fs::write(&path, bytes).unwrap();
            assert_eq!(cache.read("a"), None, "byte {place} was changed");
        }
        for length in 0..sound.len() {
            fs::write(&path, &sound[..length]).unwrap();
            assert_eq!(cache.read("a"), None, "cut after {length} bytes");
        }
        assert_eq!(TOLD.load(Ordering::Relaxed), 2 * sound.len());
        cache.write("b", "{}");
        fs::copy(cache.path("b"), &path).unwrap();
        assert_eq!(cache.read("a"), None, "rows of another key");
    }
}
