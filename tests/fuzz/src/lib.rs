//! What the targets share: a folder of this process, and a run whose files can be changed.

use genlab::core::digest::sha256;
use std::{
    fs,
    path::{Path, PathBuf},
    sync::OnceLock,
};
use tempfile::TempDir;

/// A folder that lasts as long as the process.
pub fn folder() -> &'static Path {
    static FOLDER: OnceLock<TempDir> = OnceLock::new();
    FOLDER.get_or_init(|| tempfile::tempdir().expect("a temporary folder can be made")).path()
}

/// Writes a file into [`folder`].
pub fn file(name: &str, bytes: &[u8]) -> PathBuf {
    let path = folder().join(name);
    fs::write(&path, bytes).expect("a temporary file can be written");
    path
}

/// A folder of which one file, with a name like this in it, is the input; the others are those of the sound run that
/// `GENLAB_FUZZ_RUN` names.
pub fn run_with(name: &str, bytes: &[u8]) -> PathBuf {
    let sound = std::env::var_os("GENLAB_FUZZ_RUN").expect("GENLAB_FUZZ_RUN names a finished run");
    let run = folder().join("run");
    if !run.exists() {
        copy(Path::new(&sound), &run);
    }
    fs::write(run.join(name), bytes).expect("a temporary file can be written");
    run
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a temporary folder can be made");
    for entry in fs::read_dir(from).expect("the sound run can be read") {
        let path = entry.expect("the sound run can be read").path();
        let target = to.join(path.file_name().expect("an entry has a name"));
        if path.is_dir() {
            copy(&path, &target);
        } else {
            fs::copy(&path, target).expect("a temporary file can be written");
        }
    }
}

/// The line of a checkpoint's MANIFEST for a file.
pub fn listed(name: &str, bytes: &[u8]) -> String {
    format!("{}  {name}\n", sha256(bytes))
}
