//! A dataset: three splits, a name, a hash of what they hold, and what is known of where they come from.

use crate::{hash::content_hash, scenes::Scenes, truth::Truth, values::Values};
use genlab_core::{
    Range, Space, Words,
    noise::{keystream, shuffled},
    vocabulary::Vocabulary,
};

/// The key of every split, written out: runs must not choose their own, or they could not be compared,
/// and another key would change every dataset there is.
const SPLIT_KEY: [u8; 32] = *b"balneg\0\0\x02\0\0\0\0\0\0\0genlab/1\0\0\0\0\0\0\0\0";

/// Steps of its keystream: which training images become the validation split, and which files of
/// a folder become its test split.
const VALIDATION: u64 = 0;
const TEST: u64 = 1;
/// And in which order the files of a folder's splits stand.
const FILES: u64 = 2;
/// And in which order values that came class by class.
const MIXED: u64 = 3;
/// And which values stand for a split that is not measured whole.
const DRAWN: u64 = 4;

/// A validation split that is carved out never needs more values than this.
const MAX_VALIDATION: usize = 5000;

/// Values to train on, to choose by, and to be judged by.
#[derive(Clone, Debug)]
pub struct Dataset {
    /// The name it was requested by: `mnist-10k`, `ring-8`, `folder:PATH`, ...
    pub name: String,
    /// What every value of every split is. Mean and standard deviation of real values are those of all
    /// numbers of the training split.
    pub space: Space,
    /// Class names, where the dataset has classes; labels index them.
    pub classes: Option<Vec<String>>,
    /// The values to train on, never empty: 90 % of the source's training images, or 4,096 draws.
    pub train: Values,
    /// 10 % of the source's training images (1 to 5000), chosen by a fixed seed; or 512 draws.
    pub validation: Values,
    /// The source's own test images; for a folder, 20 % chosen by a fixed seed; or 2,048 draws.
    pub test: Values,
    /// SHA-256 of the decoded content (all splits' numbers and labels, and the shape) in lower-case
    /// hex. It does not depend on file names, compression or the class names.
    pub sha256: String,
    /// One line: whose values these are, and under which licence.
    pub licence: String,
    /// The distribution that the values were drawn from, where it is known. In the units of the
    /// values, not in standard units.
    pub truth: Option<Truth>,
}

impl Dataset {
    /// How many numbers came before each value, where they are windows of series.
    pub fn past(&self) -> Option<usize> {
        self.train.pasts.as_ref().map(|pasts| pasts.length)
    }

    /// The words of the captions, where the values are scenes.
    pub fn vocabulary(&self) -> Option<&Vocabulary> {
        self.train.scenes.as_ref().map(Scenes::vocabulary)
    }

    /// What is to be known of the words of captions, where the values are scenes.
    pub fn words(&self) -> Option<Words> {
        self.vocabulary().map(Vocabulary::words)
    }

    /// The most objects that a value shows, where the values are scenes.
    pub fn objects(&self) -> Option<usize> {
        self.train.scenes.as_ref().map(Scenes::most)
    }

    /// Carves the validation split out of `train` (at least two values) and hashes the result.
    pub(crate) fn new(
        name: &str,
        classes: Option<Vec<String>>,
        train: Values,
        test: Values,
        licence: &str,
    ) -> Self {
        let count = (train.len() / 10).clamp(1, MAX_VALIDATION);
        let rows = chosen(VALIDATION, train.len(), count);
        let (train, validation) = train.carve(&rows);
        Self::of_splits(name, classes, [train, validation, test], licence)
    }

    /// From train, validation and test split as they are. Mean and standard deviation of their space
    /// become what the training split measures; real numbers must not be all alike.
    pub(crate) fn of_splits(
        name: &str,
        classes: Option<Vec<String>>,
        splits: [Values; 3],
        licence: &str,
    ) -> Self {
        let splits = splits.map(mixed);
        let space = measured(&splits[0]);
        let [train, validation, test] = splits.map(|values| Values { space, ..values });
        Self {
            name: name.to_owned(),
            space,
            classes,
            sha256: content_hash([&train, &validation, &test]),
            train,
            validation,
            test,
            licence: licence.to_owned(),
            truth: None,
        }
    }
}

/// The space of these values, with the mean and the standard deviation that their numbers have. Images
/// of one level only keep those of [`Space::images`].
fn measured(values: &Values) -> Space {
    let count = values.numbers.len() as f64;
    let mean = values.sum_over(|v| v) / count;
    let variance = values.sum_over(|v| (v - mean).powi(2)) / count;
    if values.space.range == Range::Unit && variance == 0.0 {
        return values.space;
    }
    Space { mean, sd: variance.sqrt(), ..values.space }
}

/// The values in an order of the house's own where they stand class by class: whoever takes the first of them would see a few
/// classes only. Others stay as they are.
fn mixed(values: Values) -> Values {
    let sorted = |labels: &Vec<u32>| labels.is_sorted() && labels.first() != labels.last();
    if !values.labels.as_ref().is_some_and(sorted) {
        return values;
    }
    let rows: Vec<usize> =
        split_order(MIXED, values.len()).into_iter().map(|row| row as usize).collect();
    values.reordered(&rows).cut_first()
}

/// A fixed order of `len` values whose beginning is a part that stands for all.
pub(crate) fn drawn_order(len: usize) -> Vec<usize> {
    split_order(DRAWN, len).into_iter().map(|row| row as usize).collect()
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::values::Numbers;
    use genlab_core::ImageShape;

    fn images(count: usize) -> Values {
        let bytes = (0..count * 2).map(|i| i as u8).collect();
        Values::images(ImageShape::new(1, 1, 2), bytes)
    }

    fn dataset(count: usize) -> Dataset {
        Dataset::new("x", None, images(count), images(3), "")
    }

    #[test]
    fn values_that_come_class_by_class_are_mixed_and_others_are_not() {
        let labelled = |labels: Vec<u32>| images(labels.len()).with_labels(Some(labels));
        let sorted: Vec<u32> = (0..60).map(|i| i / 20).collect();
        let dataset = Dataset::new("x", None, labelled(sorted), labelled(vec![0, 1, 1]), "");
        let first = &dataset.train.labels.as_ref().expect("labels")[..18];
        assert!((0..3).all(|class| first.contains(&class)), "{first:?}");
        for i in 0..dataset.train.len() {
            let label = dataset.train.labels.as_ref().expect("labels")[i];
            let byte = u32::from(dataset.train.image(i)[0]);
            assert_eq!(label, byte / 2 / 20, "labels go with their images");
        }
        let alternating: Vec<u32> = (0..60).map(|i| i % 3).collect();
        let dataset = Dataset::new("x", None, labelled(alternating.clone()), images(3), "");
        let kept = dataset.train.labels.expect("labels");
        let places = dataset.train.numbers;
        let Numbers::Bytes(bytes) = places else { panic!("bytes") };
        assert!(bytes.chunks(2).is_sorted_by_key(|image| image[0]));
        assert!(
            kept.iter().zip(bytes.chunks(2)).all(|(l, image)| *l == u32::from(image[0]) / 2 % 3)
        );
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
        let splits = [&dataset.train, &dataset.validation];
        let firsts = splits.iter().flat_map(|split| (0..split.len()).map(|i| split.image(i)[0]));
        let mut first: Vec<u8> = firsts.collect();
        first.sort_unstable();
        assert_eq!(first, (0..100).map(|i| i * 2).collect::<Vec<u8>>());
        assert_eq!(dataset.test.numbers, images(3).numbers, "the test split is left alone");
    }

    #[test]
    fn the_space_has_the_moments_of_the_training_split() {
        let dataset = dataset(100);
        let levels: Vec<f64> = dataset.train.to_f32().into_iter().map(f64::from).collect();
        let mean = levels.iter().sum::<f64>() / levels.len() as f64;
        let square = levels.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / levels.len() as f64;
        let space = dataset.space;
        assert!((space.mean - mean).abs() < 1e-6 && (space.sd - square.sqrt()).abs() < 1e-6);
        let black = Values::images(ImageShape::new(1, 1, 2), vec![0; 6]);
        assert_eq!(measured(&black), black.space, "nothing to scale by");
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
    fn the_range_of_reals_is_that_of_the_training_split() {
        let space = Space::points(1, 0.0, 1.0);
        let [train, test] =
            [vec![1.0, 3.0, 5.0, 7.0], vec![100.0]].map(|v| Values::floats(space, v));
        let dataset = Dataset::of_splits("x", None, [train, test.clone(), test], "");
        // Mean 4; deviations 3, 1, 1, 3.
        assert_eq!(dataset.space, Space::points(1, 4.0, 5.0_f64.sqrt()));
        for split in [dataset.train, dataset.validation, dataset.test] {
            assert_eq!(split.space, dataset.space);
        }
    }
}
