//! A dataset: three splits, a name and a hash of what they hold.

use crate::images::Images;
use genlab_core::{
    ImageShape,
    digest::hex,
    noise::{keystream, shuffled},
};
use sha2::{Digest, Sha256};

/// The key of every split, written out: runs must not choose their own, or they could not be compared,
/// and another key would change every dataset there is.
const SPLIT_KEY: [u8; 32] = *b"balneg\0\0\x02\0\0\0\0\0\0\0genlab/1\0\0\0\0\0\0\0\0";

/// Steps of its keystream: which training images become the validation split, and which files of
/// a folder become its test split.
const VALIDATION: u64 = 0;
const TEST: u64 = 1;
/// And in which order the files of a folder's splits stand.
const FILES: u64 = 2;

/// The validation split never needs more images than this.
const MAX_VALIDATION: usize = 5000;

/// Images to train on, to choose by, and to be judged by.
#[derive(Clone, Debug)]
pub struct Dataset {
    /// The name it was requested by: `mnist-10k`, `folder:PATH`, ...
    pub name: String,
    /// Channels, height and width of every image of every split.
    pub shape: ImageShape,
    /// Class names, where the dataset has classes; labels index them.
    pub classes: Option<Vec<String>>,
    /// The images to train on: 90 % of the source's training images, never empty.
    pub train: Images,
    /// 10 % of the source's training images (1 to 5000), chosen by a fixed seed.
    pub validation: Images,
    /// The source's own test images; for a folder, 20 % chosen by a fixed seed.
    pub test: Images,
    /// SHA-256 of the decoded content (all splits' pixels and labels, and the shape) in lower-case
    /// hex. It does not depend on file names, compression or the class names.
    pub sha256: String,
    /// One line: whose images these are, and under which licence.
    pub licence: String,
}

impl Dataset {
    /// Carves the validation split out of `train` (at least two images) and hashes the result.
    pub(crate) fn new(
        name: &str,
        classes: Option<Vec<String>>,
        train: Images,
        test: Images,
        licence: &str,
    ) -> Self {
        let count = (train.len() / 10).clamp(1, MAX_VALIDATION);
        let rows = chosen(VALIDATION, train.len(), count);
        let (train, validation) = train.carve(&rows);
        Self {
            name: name.to_owned(),
            shape: train.shape,
            classes,
            sha256: content_hash([&train, &validation, &test]),
            train,
            validation,
            test,
            licence: licence.to_owned(),
        }
    }
}

/// Which of `len` files of a folder make its test split: 20 %, at least one, ascending.
pub(crate) fn test_rows(len: usize) -> Vec<usize> {
    chosen(TEST, len, (len / 5).max(1))
}

/// The order of `len` files of one split of a folder. By path they stand class by class, and whoever
/// takes the first thousand would see a few classes only.
pub(crate) fn file_order(len: usize) -> Vec<usize> {
    let order = split_order(FILES, len);
    order.into_iter().map(|row| row as usize).collect()
}

fn split_order(step: u64, len: usize) -> Vec<u32> {
    shuffled(&mut keystream(SPLIT_KEY, step, 0), len)
}

/// `count` of `0..len`, ascending: the same for every run there will ever be.
fn chosen(step: u64, len: usize, count: usize) -> Vec<usize> {
    let order = split_order(step, len);
    let mut rows: Vec<usize> = order[..count].iter().map(|&row| row as usize).collect();
    rows.sort_unstable();
    rows
}

/// Layout, all numbers u64 little-endian: the tag, C, H, W, then for train, validation and test the
/// number of images, their pixels, the number of labels (0 without labels), the labels.
fn content_hash(splits: [&Images; 3]) -> String {
    let mut hasher = Sha256::new();
    hasher.update(b"genlab-data/1\n");
    let ImageShape { channels, height, width } = splits[0].shape;
    let number = |hasher: &mut Sha256, value: usize| {
        hasher.update((value as u64).to_le_bytes());
    };
    for value in [channels, height, width] {
        number(&mut hasher, value);
    }
    for images in splits {
        let labels = images.labels.as_deref().unwrap_or_default();
        number(&mut hasher, images.len());
        hasher.update(&images.pixels);
        number(&mut hasher, labels.len());
        hasher.update(labels);
    }
    hex(&hasher.finalize())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn images(count: usize, labels: Option<Vec<u8>>) -> Images {
        let shape = ImageShape::new(1, 1, 2);
        Images { shape, pixels: (0..count * 2).map(|i| i as u8).collect(), labels }
    }

    fn dataset(count: usize) -> Dataset {
        Dataset::new("x", None, images(count, None), images(3, None), "")
    }

    #[test]
    fn validation_is_a_tenth_of_train_and_at_least_one() {
        for (total, expected) in [(2, 1), (9, 1), (10, 1), (100, 10), (59_999, 5000)] {
            let dataset = dataset(total);
            assert_eq!(dataset.validation.len(), expected, "of {total}");
            assert_eq!(dataset.train.len(), total - expected, "of {total}");
        }
    }

    #[test]
    fn validation_and_train_share_no_image_and_lose_none() {
        let dataset = dataset(100);
        let mut first: Vec<u8> = dataset.train.pixels.iter().step_by(2).copied().collect();
        first.extend(dataset.validation.pixels.iter().step_by(2));
        first.sort_unstable();
        assert_eq!(first, (0..100).map(|i| i * 2).collect::<Vec<u8>>());
        assert_eq!(dataset.test, images(3, None), "the test split is left alone");
    }

    #[test]
    fn the_splits_never_change() {
        assert_eq!(chosen(VALIDATION, 20, 5), GOLDEN_VALIDATION);
        assert_eq!(test_rows(20), GOLDEN_TEST);
        assert_eq!(test_rows(4).len(), 1);
    }

    const GOLDEN_VALIDATION: [usize; 5] = [2, 6, 9, 10, 11];
    const GOLDEN_TEST: [usize; 4] = [3, 5, 12, 18];

    #[test]
    fn the_hash_covers_pixels_labels_shape_and_splits() {
        let base = images(4, Some(vec![0; 4]));
        let empty = images(0, None);
        let hash = |a: &Images, b: &Images| content_hash([a, b, &empty]);
        let reference = hash(&base, &empty);
        let mut pixel = base.clone();
        pixel.pixels[3] ^= 1;
        let mut label = base.clone();
        label.labels = Some(vec![0, 0, 0, 1]);
        let mut shape = base.clone();
        shape.shape = ImageShape::new(1, 2, 1);
        for changed in [pixel, label, shape, images(4, None)] {
            assert_ne!(hash(&changed, &empty), reference);
        }
        assert_ne!(hash(&empty, &base), reference);
        assert_eq!(hash(&base.clone(), &empty), reference);
    }

    #[test]
    fn the_hash_is_that_of_the_documented_bytes() {
        // sha256 of the layout written out in Python with struct.pack("<Q", ..) and hashlib.
        let train = images(2, Some(vec![7, 8]));
        let hash = content_hash([&train, &images(0, None), &images(1, None)]);
        assert_eq!(hash, "a57e9c16bdcf6ddbecba0472c81a6b3842284a7e891bb8cd68d9c2c900be20c1");
    }
}
