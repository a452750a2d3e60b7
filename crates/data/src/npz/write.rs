//! Images to a NumPy archive, which [`crate::read_npz`] reads back.

use super::array::ARRAY;
use crate::{error::DataError, images::Images};
use genlab_core::ImageShape;
use std::io::{Cursor, Write};
use zip::{CompressionMethod, DateTime, ZipWriter, result::ZipResult, write::SimpleFileOptions};

/// The bytes of an `.npz` file with one array `images` of type u8: `[N, H, W]` for grey images,
/// `[N, C, H, W]` for colour. Labels are left out. Read it with [`crate::read_npz`], or in Python
/// with `numpy.load(path)["images"]`. The entry carries a fixed date, so equal images give equal
/// bytes.
///
/// # Errors
/// When there is no image, when the pixels do not fill the shape, or when there are neither one nor
/// three channels.
pub fn npz_bytes(images: &Images) -> Result<Vec<u8>, DataError> {
    check(images)?;
    encode(images).map_err(|error| DataError::Npz {
        fault: error.to_string(),
        cure: "try fewer or smaller images".to_owned(),
    })
}

/// At least one image, grey or in colour, with pixels that fill the shape.
fn check(images: &Images) -> Result<(), DataError> {
    let ImageShape { channels, .. } = images.shape;
    let refused = |fault: String, cure: &str| Err(DataError::Npz { fault, cure: cure.to_owned() });
    if !matches!(channels, 1 | 3) {
        let fault = format!("they have {channels} channels");
        return refused(fault, "use images with one channel or three");
    }
    if images.is_empty() {
        return refused("there are none".to_owned(), "use at least one image");
    }
    let (needed, found) = (images.len() * images.shape.pixels(), images.pixels.len());
    if needed != found {
        let fault = format!("{found} bytes are not a whole number of images of {}", images.shape);
        return refused(fault, "use a shape that fits the pixels");
    }
    Ok(())
}

fn encode(images: &Images) -> ZipResult<Vec<u8>> {
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .last_modified_time(DateTime::default())
        .unix_permissions(0o644)
        .large_file(images.pixels.len() > u32::MAX as usize / 2);
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    archive.start_file(ARRAY, options)?;
    archive.write_all(&header(images))?;
    archive.write_all(&images.pixels)?;
    Ok(archive.finish()?.into_inner())
}

/// The header of the .npy format, version 1.0: magic, length, a Python dictionary, padded so that the
/// data starts at a multiple of 64 bytes.
fn header(images: &Images) -> Vec<u8> {
    let count = images.len();
    let ImageShape { channels, height, width } = images.shape;
    let shape = match channels {
        1 => format!("{count}, {height}, {width}"),
        _ => format!("{count}, {channels}, {height}, {width}"),
    };
    let dictionary = format!("{{'descr': '|u1', 'fortran_order': False, 'shape': ({shape}), }}");
    let padded = (10 + dictionary.len() + 1).next_multiple_of(64) - 10;
    let mut header = b"\x93NUMPY\x01\x00".to_vec();
    header.extend((padded as u16).to_le_bytes());
    header.extend(format!("{dictionary:<width$}\n", width = padded - 1).bytes());
    header
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{read_npz, testing::assert_says};
    use std::{fs, io::Read};
    use zip::ZipArchive;

    /// `count` images of `shape`, no two values in a row alike.
    fn images(count: usize, shape: ImageShape) -> Images {
        let pixels = (0..count * shape.pixels()).map(|i| (i * 37 % 256) as u8).collect();
        Images { shape, pixels, labels: None }
    }

    #[test]
    fn what_is_written_is_read_back_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("images.npz");
        for (count, (channels, height, width)) in
            [(5, (1, 8, 8)), (5, (3, 8, 8)), (1, (1, 1, 3)), (2, (3, 7, 5)), (300, (3, 32, 32))]
        {
            let images = images(count, ImageShape::new(channels, height, width));
            fs::write(&path, npz_bytes(&images).unwrap()).unwrap();
            assert_eq!(read_npz(&path).unwrap(), images, "{count} of {}", images.shape);
        }
    }

    #[test]
    fn the_archive_holds_one_npy_array_with_header_and_pixels_and_no_date_of_its_own() {
        for (channels, shape) in [(1, "(5, 8, 8)"), (3, "(5, 3, 8, 8)")] {
            let images = images(5, ImageShape::new(channels, 8, 8));
            let bytes = npz_bytes(&images).unwrap();
            assert_eq!(bytes, npz_bytes(&images).unwrap());
            let mut archive = ZipArchive::new(Cursor::new(bytes)).unwrap();
            assert_eq!(archive.len(), 1);
            let mut entry = archive.by_name("images.npy").unwrap();
            assert_eq!(entry.compression(), CompressionMethod::Deflated);
            assert_eq!(entry.last_modified(), Some(DateTime::default()));
            assert_eq!(entry.extra_data().unwrap_or_default(), b"", "nor any other time");
            let mut array = Vec::new();
            entry.read_to_end(&mut array).unwrap();
            assert_eq!(&array[..8], b"\x93NUMPY\x01\x00");
            let length = usize::from(u16::from_le_bytes([array[8], array[9]]));
            assert_eq!((10 + length) % 64, 0);
            let header = std::str::from_utf8(&array[10..10 + length]).unwrap();
            assert!(header.contains(&format!("'shape': {shape}")) && header.ends_with('\n'));
            assert_eq!(&array[10 + length..], images.pixels);
        }
    }

    #[test]
    fn images_that_could_not_be_read_back_are_refused() {
        let refused = |count: usize, shape: ImageShape, extra: usize, parts: &[&str]| {
            let mut images = images(count, shape);
            images.pixels.extend(vec![0; extra]);
            assert_says(npz_bytes(&images), parts);
        };
        refused(2, ImageShape::new(2, 4, 4), 0, &[".npz", "they have 2 channels", "one channel"]);
        refused(0, ImageShape::new(1, 4, 4), 0, &["there are none", "at least one"]);
        refused(3, ImageShape::new(1, 0, 4), 0, &["there are none"]);
        refused(2, ImageShape::new(1, 4, 4), 1, &["33 bytes are not a whole number of images"]);
        refused(0, ImageShape::new(3, 4, 4), 9, &["there are none"]);
    }
}
