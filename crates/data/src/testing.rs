//! Helpers of this crate's tests.

use crate::{
    catalogue::{Official, RemoteFile},
    error::DataError,
    idx,
};
use flate2::{Compression, write::GzEncoder};
use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
};

pub(crate) mod server;

/// An IDX file of unsigned bytes.
pub(crate) fn idx_bytes(dims: &[u32], values: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0, 0, 8, dims.len() as u8];
    for dim in dims {
        bytes.extend(dim.to_be_bytes());
    }
    bytes.extend_from_slice(values);
    bytes
}

/// The bytes, gzipped.
pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).expect("memory");
    encoder.finish().expect("memory")
}

/// Four sound IDX files, gzipped: `train` and `test` images of 2x3 pixels, in four classes.
pub(crate) fn idx_files(train: u32, test: u32) -> [(String, Vec<u8>); 4] {
    let content = |name: &str, count: u32| {
        if name.contains("images") {
            let pixels: Vec<u8> = (0..count * 6).map(|i| (i % 251) as u8).collect();
            idx_bytes(&[count, 2, 3], &pixels)
        } else {
            let labels: Vec<u8> = (0..count).map(|i| (i % 4) as u8).collect();
            idx_bytes(&[count], &labels)
        }
    };
    idx::NAMES.map(|name| {
        let count = if name.starts_with("train") { train } else { test };
        (format!("{name}.gz"), gzip(&content(name, count)))
    })
}

/// Writes the files of [`idx_files`] into `folder`, creating it.
pub(crate) fn write_idx_folder(folder: &Path, train: u32, test: u32) {
    fs::create_dir_all(folder).expect("a fresh folder");
    for (name, bytes) in idx_files(train, test) {
        fs::write(folder.join(name), bytes).expect("a fresh file");
    }
}

/// The official files beside the repository, if this machine has them.
#[expect(clippy::print_stderr, reason = "a skipped test says why")]
pub(crate) fn shared_dataset(name: &str) -> Option<PathBuf> {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/datasets");
    let folder = Path::new(root).join(name);
    if folder.is_dir() {
        return Some(folder);
    }
    eprintln!("skipped: {} is not on this machine", folder.display());
    None
}

/// The error's sentence, which must be one line and contain all of `parts`.
pub(crate) fn assert_says<T>(result: Result<T, DataError>, parts: &[&str]) {
    let Err(error) = result else { panic!("expected an error that says {parts:?}") };
    let text = error.to_string();
    assert!(!text.contains('\n'), "one sentence: {text}");
    for part in parts {
        assert!(text.contains(part), "`{part}` is not in: {text}");
    }
}

/// A dataset of `files`, pinned to what they hold now.
pub(crate) fn toy(files: &[(String, Vec<u8>)], mirrors: Vec<String>) -> Official {
    let pin = |(name, bytes): &(String, Vec<u8>)| RemoteFile {
        name: name.clone().leak(),
        sha256: genlab_core::digest::sha256(bytes).leak(),
        bytes: bytes.len() as u64,
    };
    Official {
        name: "toy",
        classes: ["class"; 10],
        licence: "none",
        format: "idx",
        content: None,
        files: files.iter().map(pin).collect(),
        mirrors,
        missing: idx::missing,
        read: idx::read_folder,
    }
}
