//! Values to a NumPy archive, which [`crate::read_npz`] and [`crate::read_npz_values`] read back.

use super::{
    array::{ARRAY, dims},
    written,
};
use crate::{
    drawn::moving::FRAMES,
    error::DataError,
    values::{Numbers, Values},
};
use genlab_core::Kind;
use std::{
    io::{Cursor, Write},
    iter,
};
use zip::{CompressionMethod, DateTime, ZipWriter, result::ZipResult, write::SimpleFileOptions};

/// The entry of an archive that holds the array `labels`.
const LABELS: &str = "labels.npy";

/// The entry of an archive that holds the array `captions`.
const CAPTIONS: &str = "captions.npy";

/// Floats that are turned into bytes at once.
const CHUNK: usize = 1 << 14;

/// The bytes of an `.npz` file with one array `images`, whatever the values are: `[N, H, W]` for grey images, `[N, C, H, W]`
/// for colour and for clips, whose channels are their frames, `[N, D]` for points, `[N, C, T]` for series. Bytes have the type u8;
/// floats are little-endian f32 (`<f4`) in the units of their space. Values with labels have a second array `labels`, `[N]` of i32
/// (`<i4`). Read it with [`crate::read_npz`] (images) or [`crate::read_npz_values`], or in Python with
/// `numpy.load(path)["images"]`. The entry carries a fixed date, so equal values give equal bytes.
///
/// # Errors
/// When there is no value, when the numbers do not fill the shape, or when images have neither one channel, nor three, nor
/// the frames of a clip.
pub fn npz_bytes(values: &Values) -> Result<Vec<u8>, DataError> {
    npz_with_captions(values, None)
}

/// The same with what each value was told, where anything was, as an array `captions`, `[N]` of text (`<U` and as many 32-bit
/// characters as the longest has). `numpy.load(path)["captions"]` reads it without pickles; genlab does not read it.
///
/// # Errors
/// As [`npz_bytes`], and when there are not as many captions as values.
pub fn npz_with_captions(
    values: &Values,
    captions: Option<&[String]>,
) -> Result<Vec<u8>, DataError> {
    check(values, captions)?;
    encode(values, captions).map_err(|error| DataError::Npz {
        fault: error.to_string(),
        cure: "try fewer or smaller values".to_owned(),
    })
}

/// At least one value with numbers that fill the shape, and a caption each or none at all; images are grey, in colour, or clips.
fn check(values: &Values, captions: Option<&[String]>) -> Result<(), DataError> {
    let shape = values.shape();
    let refused = |fault: String, cure: &str| Err(DataError::Npz { fault, cure: cure.to_owned() });
    if values.space.kind == Kind::Images && !matches!(shape.channels, 1 | 3 | FRAMES) {
        let fault = format!("they have {} channels", shape.channels);
        let cure = format!("use images with one channel or three, or clips of {FRAMES} frames");
        return refused(fault, &cure);
    }
    if values.is_empty() {
        return refused("there are none".to_owned(), "use at least one");
    }
    let (needed, found) = (values.len() * shape.pixels(), values.numbers.len());
    if needed != found {
        let fault = format!("{found} numbers are not a whole number of values of {shape}");
        return refused(fault, "use a shape that fits the numbers");
    }
    if let Some(captions) = captions.filter(|captions| captions.len() != values.len()) {
        let fault = format!("there are {} captions of {} values", captions.len(), values.len());
        return refused(fault, "use a caption for each value");
    }
    Ok(())
}

fn encode(values: &Values, captions: Option<&[String]>) -> ZipResult<Vec<u8>> {
    let size = match &values.numbers {
        Numbers::Bytes(bytes) => bytes.len(),
        Numbers::Floats(floats) => size_of_val(&floats[..]),
    };
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .last_modified_time(DateTime::default())
        .unix_permissions(0o644)
        .large_file(size > u32::MAX as usize / 2);
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    archive.start_file(ARRAY, options)?;
    let descr = match values.numbers {
        Numbers::Bytes(_) => "|u1",
        Numbers::Floats(_) => "<f4",
    };
    archive.write_all(&header(descr, &dims(values.space, values.len())))?;
    match &values.numbers {
        Numbers::Bytes(bytes) => archive.write_all(bytes)?,
        Numbers::Floats(floats) => {
            for chunk in floats.chunks(CHUNK) {
                let bytes: Vec<u8> = chunk.iter().flat_map(|v| v.to_le_bytes()).collect();
                archive.write_all(&bytes)?;
            }
        }
    }
    if let Some(labels) = &values.labels {
        archive.start_file(LABELS, options)?;
        archive.write_all(&header("<i4", &[labels.len()]))?;
        let bytes: Vec<u8> = labels.iter().flat_map(|label| label.to_le_bytes()).collect();
        archive.write_all(&bytes)?;
    }
    if let Some(captions) = captions {
        let (descr, bytes) = characters(captions);
        archive.start_file(CAPTIONS, options)?;
        archive.write_all(&header(&descr, &[captions.len()]))?;
        archive.write_all(&bytes)?;
    }
    Ok(archive.finish()?.into_inner())
}

/// Texts as NumPy keeps them: the name of their type, and the characters of each, four bytes a character, with zeros up to the
/// longest.
fn characters(texts: &[String]) -> (String, Vec<u8>) {
    let longest = texts.iter().map(|text| text.chars().count()).max().unwrap_or(0).max(1);
    let padded = |text: &String| -> Vec<u8> {
        let codes = text.chars().map(u32::from).chain(iter::repeat(0));
        codes.take(longest).flat_map(u32::to_le_bytes).collect()
    };
    (format!("<U{longest}"), texts.iter().flat_map(padded).collect())
}

/// The header of the .npy format, version 1.0: magic, length, a Python dictionary, padded so that the
/// data starts at a multiple of 64 bytes.
fn header(descr: &str, dims: &[usize]) -> Vec<u8> {
    // Python writes a tuple of one with a comma behind it.
    let comma = if dims.len() == 1 { "," } else { "" };
    let shape = written(dims) + comma;
    let dictionary =
        format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': ({shape}), }}");
    let padded = (10 + dictionary.len() + 1).next_multiple_of(64) - 10;
    let mut header = b"\x93NUMPY\x01\x00".to_vec();
    header.extend((padded as u16).to_le_bytes());
    header.extend(format!("{dictionary:<width$}\n", width = padded - 1).bytes());
    header
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{read_npz, read_npz_values, testing::assert_says};
    use genlab_core::{ImageShape, Space};
    use std::{fs, io::Read};
    use zip::ZipArchive;

    /// `count` images of `shape`, no two values in a row alike.
    fn images(count: usize, shape: ImageShape) -> Values {
        let bytes = (0..count * shape.pixels()).map(|i| (i * 37 % 256) as u8).collect();
        Values::images(shape, bytes)
    }

    #[test]
    fn what_is_written_is_read_back_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("images.npz");
        for (count, (channels, height, width)) in [
            (5, (1, 8, 8)),
            (5, (3, 8, 8)),
            (5, (FRAMES, 8, 8)),
            (1, (1, 1, 3)),
            (2, (3, 7, 5)),
            (300, (3, 32, 32)),
        ] {
            let images = images(count, ImageShape::new(channels, height, width));
            fs::write(&path, npz_bytes(&images).unwrap()).unwrap();
            assert_eq!(read_npz(&path).unwrap(), images, "{count} of {}", images.shape());
        }
    }

    #[test]
    fn the_archive_holds_one_npy_array_with_header_and_pixels_and_no_date_of_its_own() {
        for (channels, shape) in [(1, "(5, 8, 8)"), (3, "(5, 3, 8, 8)"), (FRAMES, "(5, 8, 8, 8)")] {
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
            assert_eq!(Some(&array[10 + length..]), images.bytes());
        }
    }

    #[test]
    fn floats_are_written_in_their_units_without_the_sizes_that_are_one_and_read_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("values.npz");
        let series = Space {
            shape: ImageShape::new(2, 1, 3),
            kind: Kind::Series,
            ..Space::points(2, -7.0, 1e-3)
        };
        for (space, shape) in [
            (Space::points(2, 0.5, 3.0), "(6, 2)"),
            (Space::points(1, 0.0, 1.0), "(12, 1)"),
            (series, "(2, 2, 3)"),
        ] {
            let floats = (0..12).map(|i| (i as f32 - 5.0).powi(3) / 7.0).collect();
            let values = Values::floats(space, floats);
            let bytes = npz_bytes(&values).unwrap();
            fs::write(&path, &bytes).unwrap();
            assert_eq!(read_npz_values(&path, space).unwrap(), values, "{shape}");
            let mut array = Vec::new();
            let mut archive = ZipArchive::new(Cursor::new(bytes)).unwrap();
            archive.by_name("images.npy").unwrap().read_to_end(&mut array).unwrap();
            let header = String::from_utf8_lossy(&array[10..128]);
            let expected =
                format!("{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}");
            assert!(header.starts_with(&expected), "{header}");
            assert_eq!(array[128..132], (-125.0_f32 / 7.0).to_le_bytes());
            assert_eq!(array.len(), 128 + 4 * 12);
        }
    }

    #[test]
    fn labels_are_an_array_of_their_own() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("images.npz");
        let images = images(3, ImageShape::new(1, 2, 4));
        let bytes = npz_bytes(&images.clone().with_labels(Some(vec![7, 0, 258]))).unwrap();
        let mut array = Vec::new();
        let mut archive = ZipArchive::new(Cursor::new(&bytes)).unwrap();
        archive.by_name("labels.npy").unwrap().read_to_end(&mut array).unwrap();
        let header = String::from_utf8_lossy(&array[10..128]);
        assert!(header.starts_with("{'descr': '<i4', 'fortran_order': False, 'shape': (3,), }"));
        assert_eq!(array[128..], [7, 0, 0, 0, 0, 0, 0, 0, 2, 1, 0, 0]);
        fs::write(&path, bytes).unwrap();
        assert_eq!(read_npz(&path).unwrap(), images, "the images are read as without labels");
    }

    #[test]
    fn captions_are_an_array_of_text_as_wide_as_the_longest() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("images.npz");
        let images = images(3, ImageShape::new(3, 2, 4));
        let captions = ["a red three", "", "é"].map(str::to_owned);
        let bytes = npz_with_captions(&images, Some(&captions[..])).unwrap();
        let mut array = Vec::new();
        let mut archive = ZipArchive::new(Cursor::new(&bytes)).unwrap();
        archive.by_name("captions.npy").unwrap().read_to_end(&mut array).unwrap();
        let header = String::from_utf8_lossy(&array[10..128]);
        assert!(header.starts_with("{'descr': '<U11', 'fortran_order': False, 'shape': (3,), }"));
        let read: Vec<String> = array[128..]
            .chunks(4 * 11)
            .map(|text| {
                let codes = text.chunks(4).map(|code| u32::from_le_bytes(code.try_into().unwrap()));
                codes
                    .take_while(|code| *code > 0)
                    .map(|code| char::from_u32(code).unwrap())
                    .collect()
            })
            .collect();
        assert_eq!(read, captions);
        fs::write(&path, bytes).unwrap();
        assert_eq!(read_npz(&path).unwrap(), images, "the images are read as without captions");
        assert_says(
            npz_with_captions(&images, Some(&captions[..2])),
            &["there are 2 captions of 3 values", "a caption for each value"],
        );
        // NumPy has texts of no width in theory alone.
        assert_eq!(characters(&[String::new()]), ("<U1".to_owned(), vec![0; 4]));
    }

    #[test]
    fn float_images_are_levels_from_0_to_1_that_come_back_as_bytes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("images.npz");
        let images = images(3, ImageShape::new(3, 2, 4));
        let floats = Values::floats(images.space, images.to_f32());
        fs::write(&path, npz_bytes(&floats).unwrap()).unwrap();
        assert_eq!(read_npz(&path).unwrap(), images);
    }

    #[test]
    fn images_that_could_not_be_read_back_are_refused() {
        let refused = |count: usize, shape: ImageShape, extra: usize, parts: &[&str]| {
            let mut images = images(count, shape);
            let Numbers::Bytes(bytes) = &mut images.numbers else { panic!("bytes") };
            bytes.extend(vec![0; extra]);
            assert_says(npz_bytes(&images), parts);
        };
        refused(2, ImageShape::new(2, 4, 4), 0, &[".npz", "they have 2 channels", "one channel"]);
        refused(
            0,
            ImageShape::new(1, 4, 4),
            0,
            &["these values", "there are none", "at least one"],
        );
        refused(3, ImageShape::new(1, 0, 4), 0, &["there are none"]);
        refused(2, ImageShape::new(1, 4, 4), 1, &["33 numbers are not a whole number of values"]);
        refused(0, ImageShape::new(3, 4, 4), 9, &["there are none"]);
    }
}
