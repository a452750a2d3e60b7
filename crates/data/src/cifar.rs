//! The binary layout of CIFAR-10: records of one label byte and 3·32·32 pixels, channel by channel.

use crate::{
    archive,
    error::DataError,
    files::{open, plain_or_gz, read_past},
    values::Values,
};
use genlab_core::{ImageShape, digest::sha256, files};
use std::path::{Path, PathBuf};

/// What the authors publish.
pub(crate) const ARCHIVE: &str = "cifar-10-binary.tar.gz";

/// The folder inside it.
const SUBFOLDER: &str = "cifar-10-batches-bin";

const SHAPE: ImageShape = ImageShape::new(3, 32, 32);
const RECORD: usize = 1 + SHAPE.pixels();
const TEST: &str = "test_batch.bin";

/// Bytes of one split at most: nearly twice the official training set.
const MAX_BYTES: u64 = 1 << 28;

/// Bytes of an archive at most; the official one has 170 MB.
const MAX_ARCHIVE: u64 = MAX_BYTES;

/// Where a folder keeps its records.
enum Layout {
    Files { train: Vec<PathBuf>, test: PathBuf },
    Archive(PathBuf),
}

/// Both splits from `folder`: any of `data_batch_{1..5}.bin` and `test_batch.bin`, gzipped or plain,
/// there or in `cifar-10-batches-bin`; else the official archive.
///
/// # Errors
/// Names the file and its fault.
pub(crate) fn read_folder(folder: &Path, classes: usize) -> Result<(Values, Values), DataError> {
    let Some(layout) = layout(folder) else {
        let fault = format!("does not contain {}", missing(folder).join(", "));
        return Err(DataError::malformed(folder.display().to_string(), fault));
    };
    let (mut train, mut test) = (Split::default(), Split::default());
    match layout {
        Layout::Files { train: files, test: test_file } => {
            for file in &files {
                train.read_file(file, classes)?;
            }
            test.read_file(&test_file, classes)?;
        }
        Layout::Archive(path) => {
            for (name, bytes) in archive::read(&path, &wanted(), MAX_BYTES)? {
                let split = if name == TEST { &mut test } else { &mut train };
                split.add(&bytes, &format!("{} in {}", name, path.display()), classes)?;
            }
        }
    }
    if train.labels.len() < 2 || test.labels.is_empty() {
        let fault = format!(
            "contains {} training and {} test images, but needs at least 2 and 1",
            train.labels.len(),
            test.labels.len()
        );
        return Err(DataError::malformed(folder.display().to_string(), fault));
    }
    Ok((train.into_images(), test.into_images()))
}

/// Whether the images of `folder` come from an archive with these bytes. Of files that were taken out of it nobody has published
/// a hash.
pub(crate) fn is_archive(folder: &Path, pinned: &str) -> bool {
    let Some(Layout::Archive(path)) = layout(folder) else { return false };
    files::read(&path, MAX_ARCHIVE).is_ok_and(|bytes| sha256(&bytes) == pinned)
}

/// The files that `folder` lacks.
pub(crate) fn missing(folder: &Path) -> Vec<String> {
    if layout(folder).is_some() {
        return Vec::new();
    }
    let inner = folder.join(SUBFOLDER);
    let folder = if inner.is_dir() { &inner } else { folder };
    let mut missing = Vec::new();
    if batches(folder).is_empty() {
        missing.push("data_batch_1.bin to data_batch_5.bin (at least one)".to_owned());
    }
    if plain_or_gz(folder, TEST).is_none() {
        missing.push(TEST.to_owned());
    }
    missing
}

fn layout(folder: &Path) -> Option<Layout> {
    for folder in [folder.to_owned(), folder.join(SUBFOLDER)] {
        let train = batches(&folder);
        if let (false, Some(test)) = (train.is_empty(), plain_or_gz(&folder, TEST)) {
            return Some(Layout::Files { train, test });
        }
    }
    Some(folder.join(ARCHIVE)).filter(|path| path.is_file()).map(Layout::Archive)
}

fn batches(folder: &Path) -> Vec<PathBuf> {
    (1..=5).filter_map(|i| plain_or_gz(folder, &format!("data_batch_{i}.bin"))).collect()
}

/// The six files of the archive, in the order in which they are read.
fn wanted() -> Vec<String> {
    (1..=5).map(|i| format!("data_batch_{i}.bin")).chain([TEST.to_owned()]).collect()
}

#[derive(Default)]
struct Split {
    pixels: Vec<u8>,
    labels: Vec<u32>,
}

impl Split {
    fn read_file(&mut self, path: &Path, classes: usize) -> Result<(), DataError> {
        let file = path.display().to_string();
        let room = MAX_BYTES - self.pixels.len() as u64;
        let bytes = read_past(open(path)?, room, &file)?;
        if bytes.len() as u64 > room {
            return Err(DataError::malformed(
                file,
                "brings one split to more than 256 MiB of images",
            ));
        }
        self.add(&bytes, &file, classes)
    }

    fn add(&mut self, bytes: &[u8], file: &str, classes: usize) -> Result<(), DataError> {
        if bytes.is_empty() {
            return Err(DataError::malformed(file, "is empty"));
        }
        if !bytes.len().is_multiple_of(RECORD) {
            let length = bytes.len();
            let fault = format!("has {length} bytes, not a whole number of {RECORD}-byte records");
            return Err(DataError::malformed(file, fault));
        }
        self.pixels.reserve(bytes.len() / RECORD * SHAPE.pixels());
        for (row, record) in bytes.chunks_exact(RECORD).enumerate() {
            let label = record[0];
            if usize::from(label) >= classes {
                let fault = format!(
                    "has label {label} in record {row}, but labels go from 0 to {}",
                    classes - 1
                );
                return Err(DataError::malformed(file, fault));
            }
            self.labels.push(u32::from(label));
            self.pixels.extend_from_slice(&record[1..]);
        }
        Ok(())
    }

    fn into_images(self) -> Values {
        Values::images(SHAPE, self.pixels).with_labels(Some(self.labels))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{assert_says, gzip, shared_dataset};
    use std::fs;

    /// `count` records; record i has label `i % 10` and all pixels `first + i`.
    fn records(first: u8, count: u8) -> Vec<u8> {
        (0..count)
            .flat_map(|i| std::iter::once(i % 10).chain(std::iter::repeat_n(first + i, 3072)))
            .collect()
    }

    #[test]
    fn any_subset_of_batches_is_read_in_order_gzipped_or_plain() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let inner = folder.path().join(SUBFOLDER);
        fs::create_dir(&inner).expect("a fresh folder");
        assert_eq!(missing(folder.path()).len(), 2);
        fs::write(inner.join("data_batch_4.bin"), records(40, 3)).expect("a fresh file");
        fs::write(inner.join("data_batch_2.bin.gz"), gzip(&records(20, 2))).expect("a fresh file");
        assert_eq!(missing(folder.path()), [TEST]);
        fs::write(inner.join(TEST), records(90, 1)).expect("a fresh file");
        assert!(missing(folder.path()).is_empty());

        let (train, test) = read_folder(folder.path(), 10).expect("sound");
        let first: Vec<u8> = (0..train.len()).map(|i| train.image(i)[3071]).collect();
        assert_eq!(first, [20, 21, 40, 41, 42]);
        assert_eq!(train.labels, Some(vec![0, 1, 0, 1, 2]));
        assert_eq!((test.len(), test.shape()), (1, ImageShape::new(3, 32, 32)));
        assert!(read_folder(&inner, 10).is_ok(), "the inner folder will do as well");
    }

    #[test]
    fn damaged_records_are_named() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let train = folder.path().join("data_batch_1.bin");
        fs::write(folder.path().join(TEST), records(0, 2)).expect("a fresh file");
        let read = |bytes: &[u8]| {
            fs::write(&train, bytes).expect("a file");
            read_folder(folder.path(), 10)
        };
        assert!(read(&records(0, 2)).is_ok());
        assert_says(
            read(&records(0, 2)[..4000]),
            &["data_batch_1.bin has 4000 bytes, not a whole number of 3073"],
        );
        assert_says(read(&[]), &["data_batch_1.bin is empty"]);
        assert_says(read(&records(0, 1)), &["contains 1 training and 2 test images, but needs"]);
        let mut label = records(0, 3);
        label[2 * RECORD] = 10;
        assert_says(read(&label), &["has label 10 in record 2, but labels go from 0 to 9"]);
    }

    #[test]
    fn a_folder_without_batches_is_an_error_and_no_panic() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        assert_says(read_folder(folder.path(), 10), &["does not contain data_batch_1.bin", TEST]);
    }

    #[test]
    fn the_shared_subset_has_3200_training_and_800_test_images() {
        let Some(folder) = shared_dataset("cifar10-4000") else { return };
        let (train, test) = read_folder(&folder, 10).expect("sound");
        assert_eq!((train.len(), test.len()), (3200, 800));
        assert_eq!(train.shape(), ImageShape::new(3, 32, 32));
        // The first image of CIFAR-10 is a frog, the second a truck.
        assert_eq!(train.labels.expect("labels")[..2], [6, 9]);
    }
}
