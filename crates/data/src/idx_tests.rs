//! Sound and unsound IDX files.

use super::*;
use crate::testing::{assert_says, gzip, idx_bytes, write_idx_folder};
use flate2::read::MultiGzDecoder;
use proptest::prelude::*;
use std::fs;

fn read3(bytes: &[u8]) -> Result<([usize; 3], Vec<u8>), DataError> {
    values::<3>(bytes, "f")
}

#[test]
fn a_sound_file_gives_its_dimensions_and_values() {
    let values = read3(&idx_bytes(&[2, 1, 3], &[1, 2, 3, 4, 5, 6])).expect("sound");
    assert_eq!(values, ([2, 1, 3], vec![1, 2, 3, 4, 5, 6]));
}

#[test]
fn a_bad_magic_is_named() {
    assert_says(read3(b"\x89PNG\r\n\x1a\nxxxxxxxxxx"), &["f is not an IDX file", "89, 50"]);
    assert_says(read3(b""), &["f is not an IDX file", "replace it with an undamaged copy"]);
    let floats = [&[0, 0, 0x0d, 3], &[0_u8; 12][..]].concat();
    assert_says(read3(&floats), &["type 0x0d, not unsigned bytes"]);
    let labels = idx_bytes(&[20], &[0; 20]);
    assert_says(
        read3(&labels),
        &["contains a 1-dimensional array, but images should be 3-dimensional"],
    );
    let images = idx_bytes(&[1, 1, 1], &[0]);
    assert_says(
        values::<1>(&images[..], "f"),
        &["contains a 3-dimensional array, but labels should be 1-dimensional"],
    );
}

#[test]
fn a_truncated_header_is_named() {
    assert_says(read3(&idx_bytes(&[2, 1, 3], &[])[..11]), &["ends after 11 bytes", "header"]);
}

#[test]
fn absurd_counts_are_refused_before_anything_is_allocated() {
    assert_says(read3(&idx_bytes(&[u32::MAX; 3], &[])), &["4294967295", "limit of 2^30"]);
    assert_says(read3(&idx_bytes(&[60_000, 28_000, 28], &[])), &["limit of 2^30"]);
}

#[test]
fn zero_images_are_refused() {
    assert_says(read3(&idx_bytes(&[0, 28, 28], &[])), &["contains no values", "[0, 28, 28]"]);
    assert_says(read3(&idx_bytes(&[5, 0, 28], &[])), &["contains no values"]);
}

#[test]
fn short_and_trailing_bytes_are_counted() {
    assert_says(read3(&idx_bytes(&[2, 1, 3], &[0; 5])), &["ends after 5 of the 6 values"]);
    assert_says(read3(&idx_bytes(&[2, 1, 3], &[0; 7])), &["continues after the 6 values"]);
}

#[test]
fn a_gzip_bomb_is_read_no_further_than_its_header_promises() {
    /// Fails the test if it is asked for much more than the header promises.
    struct Endless(usize);
    impl Read for Endless {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            self.0 += buffer.len();
            assert!(self.0 < 1 << 20, "read on after the promised values");
            buffer.fill(0);
            Ok(buffer.len())
        }
    }
    let header = idx_bytes(&[2, 1, 3], &[]);
    assert_says(values::<3>(header.chain(Endless(0)), "f"), &["continues after the 6 values"]);

    let bomb = gzip(&idx_bytes(&[2, 1, 3], &vec![0; 8 << 20]));
    assert!(bomb.len() < 1 << 17, "it is a bomb");
    assert_says(values::<3>(MultiGzDecoder::new(&bomb[..]), "f"), &["continues after"]);
}

#[test]
fn a_damaged_gzip_file_is_named() {
    let sound = gzip(&idx_bytes(&[2, 1, 3], &[9, 8, 7, 6, 5, 4]));
    let read = |bytes: &[u8]| values::<3>(MultiGzDecoder::new(bytes), "f.gz");
    assert!(read(&sound).is_ok());
    assert_says(read(b"not gzip at all"), &["f.gz is not a valid gzip file"]);
    assert_says(read(&sound[..sound.len() - 6]), &["ends in the middle of its compressed data"]);
    let mut flipped = sound.clone();
    let checksum = flipped.len() - 5;
    flipped[checksum] ^= 1;
    assert_says(read(&flipped), &["is not a valid gzip file"]);
}

#[test]
fn labels_must_match_the_images_and_the_classes() {
    let images = idx_bytes(&[2, 1, 1], &[0; 2]);
    let read = |labels: &[u8]| {
        let labels = idx_bytes(&[labels.len() as u32], labels);
        split((&images[..], "images"), (&labels[..], "labels"), 10)
    };
    assert_eq!(read(&[9, 0]).expect("sound").labels, Some(vec![9, 0]));
    assert_says(read(&[1, 2, 3]), &["labels has 3 labels for the 2 images in images"]);
    assert_says(read(&[9, 10]), &["labels has label 10 for image 1, but labels go from 0 to 9"]);
}

#[test]
fn a_folder_may_mix_gzipped_and_plain_files() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    write_idx_folder(folder.path(), 7, 3);
    let (train, test) = read_folder(folder.path(), 4).expect("sound");
    assert_eq!((train.len(), test.len()), (7, 3));
    assert_eq!(train.shape(), ImageShape::new(1, 2, 3));

    let labels = folder.path().join("train-labels-idx1-ubyte");
    fs::remove_file(labels.with_extension("gz")).expect("it is there");
    assert_eq!(missing(folder.path()), ["train-labels-idx1-ubyte.gz"]);
    fs::write(&labels, idx_bytes(&[7], &[3; 7])).expect("a fresh file");
    assert!(missing(folder.path()).is_empty());
    let (train, _) = read_folder(folder.path(), 4).expect("sound");
    assert_eq!(train.labels, Some(vec![3; 7]));
}

#[test]
fn train_and_test_must_have_images_of_one_size() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    write_idx_folder(folder.path(), 7, 3);
    let test = folder.path().join("t10k-images-idx3-ubyte.gz");
    fs::write(test, gzip(&idx_bytes(&[3, 2, 2], &[0; 12]))).expect("a file");
    let parts = ["t10k-images-idx3-ubyte.gz contains images of 1x2x2", "train-images", "1x2x3"];
    assert_says(read_folder(folder.path(), 4), &parts);
}

#[test]
fn one_training_image_is_too_few() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    write_idx_folder(folder.path(), 1, 1);
    assert_says(read_folder(folder.path(), 4), &["train-images", "too few"]);
}

proptest! {
    #[test]
    fn random_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        assert!(values::<3>(&bytes[..], "f").is_err() || bytes.len() > 16);
        assert!(values::<3>(MultiGzDecoder::new(&bytes[..]), "f").is_err());
    }

    #[test]
    fn random_bytes_after_a_sound_magic_never_panic(
        dims in any::<[u8; 12]>(),
        tail in proptest::collection::vec(any::<u8>(), 0..64),
        cut in 0_usize..16,
    ) {
        let small = dims.map(|byte| byte & 3);
        for dims in [dims, small, [0, 0, 0, small[3], 0, 0, 0, small[7], 0, 0, 0, small[11]]] {
            let file = [&[0, 0, 8, 3], &dims[..], &tail[..]].concat();
            if let Ok((dims, values)) = values::<3>(&file[..], "f") {
                assert_eq!(dims.iter().product::<usize>(), values.len());
                assert_eq!(values, tail);
            }
            assert!(values::<3>(&file[..cut], "f").is_err());
        }
    }

    #[test]
    fn a_flipped_byte_in_a_gzip_file_never_panics(at in 0_usize..4096, flip in 1_u8..=255) {
        let mut bytes = gzip(&idx_bytes(&[3, 2, 2], &[7, 1, 9, 4, 4, 4, 0, 0, 0, 1, 2, 3]));
        let at = at % bytes.len();
        bytes[at] ^= flip;
        // Errors or, where the flip hits a comment or a time stamp, the same values.
        if let Ok((_, values)) = values::<3>(MultiGzDecoder::new(&bytes[..]), "f") {
            assert_eq!(values, [7, 1, 9, 4, 4, 4, 0, 0, 0, 1, 2, 3]);
        }
    }
}
