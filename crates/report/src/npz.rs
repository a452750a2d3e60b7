//! Samples as a NumPy archive.

use crate::error::write_file;
use crate::error::{ReportError, Result};
use crate::picture::Picture;
use std::io::{Cursor, Write};
use std::path::Path;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

/// Writes one array `images` of type u8: `[count, height, width]` for grey images, `[count, channels,
/// height, width]` for colour. Read it with `numpy.load(path)["images"]`. The entry carries a fixed
/// date, so equal samples give equal files.
///
/// # Errors
/// When the picture does not fill its shape or the file cannot be written.
pub fn save_images(path: impl AsRef<Path>, images: &Picture) -> Result<()> {
    images.check()?;
    let bytes = encode(images)
        .map_err(|error| ReportError::Encode { format: "npz", reason: error.to_string() })?;
    write_file(path.as_ref(), &bytes)
}

fn encode(images: &Picture) -> zip::result::ZipResult<Vec<u8>> {
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .last_modified_time(DateTime::default())
        .unix_permissions(0o644)
        .large_file(images.pixels.len() > u32::MAX as usize / 2);
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    archive.start_file("images.npy", options)?;
    archive.write_all(&header(images))?;
    archive.write_all(&images.pixels)?;
    Ok(archive.finish()?.into_inner())
}

/// The header of the .npy format, version 1.0: magic, length, a Python dictionary, padded so that the
/// data starts at a multiple of 64 bytes.
fn header(images: &Picture) -> Vec<u8> {
    let Picture { count, channels, height, width, .. } = *images;
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
    use std::io::Read;

    fn images(channels: usize) -> Picture {
        let pixels = (0..5 * channels * 64).map(|i| (i % 256) as u8).collect();
        Picture::new(5, channels, 8, 8, pixels).unwrap()
    }

    #[test]
    fn the_archive_holds_one_npy_array_with_header_and_pixels() {
        for (channels, shape) in [(1, "(5, 8, 8)"), (3, "(5, 3, 8, 8)")] {
            let images = images(channels);
            let mut archive = zip::ZipArchive::new(Cursor::new(encode(&images).unwrap())).unwrap();
            assert_eq!(archive.len(), 1);
            let mut array = Vec::new();
            archive.by_name("images.npy").unwrap().read_to_end(&mut array).unwrap();
            assert_eq!(&array[..8], b"\x93NUMPY\x01\x00");
            let length = usize::from(u16::from_le_bytes([array[8], array[9]]));
            assert_eq!((10 + length) % 64, 0);
            let header = std::str::from_utf8(&array[10..10 + length]).unwrap();
            assert!(header.contains(&format!("'shape': {shape}")) && header.ends_with('\n'));
            assert_eq!(&array[10 + length..], images.pixels);
        }
    }

    #[test]
    fn equal_samples_give_equal_files() {
        let dir = tempfile::tempdir().unwrap();
        let [a, b] = ["a.npz", "b.npz"].map(|name| dir.path().join(name));
        save_images(&a, &images(3)).unwrap();
        std::thread::sleep(std::time::Duration::from_millis(2100));
        save_images(&b, &images(3)).unwrap();
        assert_eq!(std::fs::read(a).unwrap(), std::fs::read(b).unwrap());
    }
}
