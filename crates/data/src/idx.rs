//! The IDX format of MNIST: a header (two zero bytes, value type, number of dimensions, each
//! dimension as big-endian u32), then the values.

use crate::{
    error::DataError,
    files::{open, plain_or_gz, read_past, unreadable},
    values::Values,
};
use genlab_core::ImageShape;
use std::{io::Read, path::Path};

/// The four files of every dataset in this format, without `.gz`.
pub(crate) const NAMES: [&str; 4] = [
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
];

/// Values in one file at most. The largest relative of MNIST has half as many.
const MAX_VALUES: u64 = 1 << 30;

/// Images in one file at most: a label takes four bytes once it is read.
const MAX_IMAGES: u64 = 1 << 26;

/// IDX type code of unsigned bytes.
const UNSIGNED_BYTE: u8 = 8;

/// One split from readers of its two files.
///
/// # Errors
/// Names the file and its fault, including labels that do not fit the images or the classes.
pub(crate) fn split(
    images: (impl Read, &str),
    labels: (impl Read, &str),
    classes: usize,
) -> Result<Values, DataError> {
    let (reader, file) = images;
    let ([count, height, width], pixels) = values::<3>(reader, file)?;
    let (reader, labels_file) = labels;
    let ([label_count], labels) = values::<1>(reader, labels_file)?;
    if label_count != count {
        let fault = format!("has {label_count} labels for the {count} images in {file}");
        return Err(DataError::malformed(labels_file, fault));
    }
    if let Some(row) = labels.iter().position(|&label| usize::from(label) >= classes) {
        let fault = format!(
            "has label {} for image {row}, but labels go from 0 to {}",
            labels[row],
            classes - 1
        );
        return Err(DataError::malformed(labels_file, fault));
    }
    let labels = labels.into_iter().map(u32::from).collect();
    Ok(Values::images(ImageShape::new(1, height, width), pixels).with_labels(Some(labels)))
}

/// Both splits from the four files of `folder`, gzipped or plain.
///
/// # Errors
/// As [`split`]; or names a file that is absent or cannot be opened.
pub(crate) fn read_folder(folder: &Path, classes: usize) -> Result<(Values, Values), DataError> {
    let [train_images, train_labels, test_images, test_labels] = NAMES
        .map(|name| plain_or_gz(folder, name).unwrap_or_else(|| folder.join(format!("{name}.gz"))));
    let train = split_files(&train_images, &train_labels, classes)?;
    let test = split_files(&test_images, &test_labels, classes)?;
    if train.shape() != test.shape() {
        let fault = format!(
            "contains images of {}, but those in {} are {}",
            test.shape(),
            train_images.display(),
            train.shape()
        );
        return Err(DataError::malformed(test_images.display().to_string(), fault));
    }
    if train.len() < 2 {
        let fault = "contains only one image, too few to split off a validation set";
        return Err(DataError::malformed(train_images.display().to_string(), fault));
    }
    Ok((train, test))
}

/// The files that `folder` lacks.
pub(crate) fn missing(folder: &Path) -> Vec<String> {
    NAMES
        .iter()
        .filter(|name| plain_or_gz(folder, name).is_none())
        .map(|name| format!("{name}.gz"))
        .collect()
}

fn split_files(images: &Path, labels: &Path, classes: usize) -> Result<Values, DataError> {
    let (images_name, labels_name) = (images.display().to_string(), labels.display().to_string());
    split((open(images)?, &images_name), (open(labels)?, &labels_name), classes)
}

/// Dimensions and values of one file of unsigned bytes. Reads at most one byte more than the header
/// promises, and at most [`MAX_VALUES`] of them.
fn values<const D: usize>(
    mut reader: impl Read,
    file: &str,
) -> Result<([usize; D], Vec<u8>), DataError> {
    let fault = |fault: String| DataError::malformed(file, fault);
    let mut header = vec![0_u8; 4 + 4 * D];
    let got = fill(&mut reader, &mut header).map_err(|reason| unreadable(file, &reason))?;
    check_magic::<D>(&header[..got.min(4)]).map_err(fault)?;
    if got < header.len() {
        return Err(fault(format!("ends after {got} bytes, in the middle of its header")));
    }

    let mut dims = [0_usize; D];
    for (dim, bytes) in dims.iter_mut().zip(header[4..].chunks_exact(4)) {
        *dim = u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]) as usize;
    }
    let expected = dims
        .iter()
        .try_fold(1_u64, |total, &dim| total.checked_mul(dim as u64))
        .filter(|&total| total <= MAX_VALUES)
        .ok_or_else(|| {
            fault(format!(
                "has a header that promises {dims:?} values, more than the limit of 2^30"
            ))
        })?;
    if dims[0] as u64 > MAX_IMAGES {
        let fault_of = format!("has {} images or labels, more than the limit of 2^26", dims[0]);
        return Err(fault(fault_of));
    }
    if expected == 0 {
        return Err(fault(format!("contains no values: its dimensions are {dims:?}")));
    }

    let values = read_past(reader, expected, file)?;
    match (values.len() as u64).cmp(&expected) {
        std::cmp::Ordering::Equal => Ok((dims, values)),
        std::cmp::Ordering::Less => Err(fault(format!(
            "ends after {} of the {expected} values that its header promises",
            values.len()
        ))),
        std::cmp::Ordering::Greater => {
            Err(fault(format!("continues after the {expected} values that its header promises")))
        }
    }
}

fn check_magic<const D: usize>(magic: &[u8]) -> Result<(), String> {
    match *magic {
        [0, 0, UNSIGNED_BYTE, dims] if usize::from(dims) == D => Ok(()),
        [0, 0, UNSIGNED_BYTE, dims] => Err(format!(
            "contains a {dims}-dimensional array, but {} should be {D}-dimensional",
            if D == 3 { "images" } else { "labels" }
        )),
        [0, 0, kind, _] => {
            Err(format!("contains values of IDX type {kind:#04x}, not unsigned bytes (0x08)"))
        }
        _ => Err(format!("is not an IDX file: it starts with the bytes {magic:02x?}")),
    }
}

/// Reads until `buffer` is full or the stream ends; the number of bytes read.
fn fill(reader: &mut impl Read, buffer: &mut [u8]) -> std::io::Result<usize> {
    let mut got = 0;
    while got < buffer.len() {
        match reader.read(&mut buffer[got..]) {
            Ok(0) => break,
            Ok(count) => got += count,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(got)
}

#[cfg(test)]
#[path = "idx_tests.rs"]
mod tests;
