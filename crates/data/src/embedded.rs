//! The datasets that are compiled in: class-balanced subsets that need no file and no network.

use crate::{
    catalogue::{self, DIGITS, FASHION},
    dataset::Dataset,
    error::DataError,
    idx,
    values::{Cut, Values},
};
use flate2::read::MultiGzDecoder;

/// One embedded dataset: the bytes of its four gzipped IDX files, in the order of [`idx::NAMES`].
struct Embedded {
    name: &'static str,
    classes: [&'static str; 10],
    licence: &'static str,
    cut: Cut,
    files: [&'static [u8]; 4],
}

/// The four files of one folder under `embedded/`.
macro_rules! files {
    ($folder:literal) => {
        [
            include_bytes!(concat!("../embedded/", $folder, "/train-images-idx3-ubyte.gz")),
            include_bytes!(concat!("../embedded/", $folder, "/train-labels-idx1-ubyte.gz")),
            include_bytes!(concat!("../embedded/", $folder, "/t10k-images-idx3-ubyte.gz")),
            include_bytes!(concat!("../embedded/", $folder, "/t10k-labels-idx1-ubyte.gz")),
        ]
    };
}

static DATASETS: [Embedded; 3] = [
    Embedded {
        name: "mnist-10k",
        classes: DIGITS,
        licence: catalogue::MNIST_LICENCE,
        // Its test images stand in MNIST's order, of which the first half is the easier one; but numbers that are published
        // of a thousand of them are those of the first.
        cut: Cut::First,
        files: files!("mnist-10k"),
    },
    Embedded {
        name: "fashion-3k",
        classes: FASHION,
        licence: catalogue::FASHION_LICENCE,
        cut: Cut::First,
        files: files!("fashion-3k"),
    },
    Embedded {
        name: "digits8x8",
        classes: DIGITS,
        licence: "E. Alpaydin, C. Kaynak (UCI optical digits); CC BY 4.0",
        // They stand writer by writer.
        cut: Cut::Drawn,
        files: files!("digits8x8"),
    },
];

/// The embedded dataset of this name, if there is one.
pub(crate) fn load(name: &str) -> Option<Result<Dataset, DataError>> {
    DATASETS.iter().find(|dataset| dataset.name == name).map(Embedded::decode)
}

/// `mnist-10k, fashion-3k, digits8x8`.
pub(crate) fn names() -> String {
    DATASETS.each_ref().map(|dataset| dataset.name).join(", ")
}

impl Embedded {
    fn decode(&self) -> Result<Dataset, DataError> {
        let [train_images, train_labels, test_images, test_labels] = self.files;
        let train = self.split([(train_images, 0), (train_labels, 1)])?;
        let test = self.split([(test_images, 2), (test_labels, 3)])?;
        let classes = self.classes.map(str::to_owned).to_vec();
        Ok(Dataset::new(self.name, Some(classes), train, test, self.licence))
    }

    fn split(&self, files: [(&[u8], usize); 2]) -> Result<Values, DataError> {
        let [images, labels] = files.map(|(bytes, file)| {
            let name = format!("embedded file {}/{}.gz", self.name, idx::NAMES[file]);
            (MultiGzDecoder::new(bytes), name)
        });
        idx::split((images.0, &images.1), (labels.0, &labels.1), self.classes.len())
            .map(|values| Values { cut: self.cut, ..values })
            .map_err(|error| error.with_cure("rebuild the program from an undamaged source"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use genlab_core::{ImageShape, Space};

    fn check(name: &str, shape: ImageShape, counts: [usize; 3], sha256: &str) {
        let dataset = load(name).expect("known").expect("sound");
        let splits = [&dataset.train, &dataset.validation, &dataset.test];
        assert_eq!(splits.map(Values::len), counts);
        let Space { mean, sd, .. } = dataset.space;
        assert_eq!(dataset.space, Space { mean, sd, ..Space::images(shape) });
        assert_eq!(dataset.sha256, sha256, "{name} changed, and with it every result");
        for images in splits {
            let labels = images.labels.as_ref().expect("labels");
            assert_eq!(labels.len(), images.len());
            for class in 0..10 {
                assert!(labels.contains(&class), "{name}: a split lacks class {class}");
            }
        }
    }

    #[test]
    fn mnist_10k_decodes_to_what_results_were_made_with() {
        check(
            "mnist-10k",
            ImageShape::new(1, 28, 28),
            [9000, 1000, 2000],
            "dbab0970faf9fd5c2a81a7725562f55531c9fe7f1425a7bb7937dee7d79f3086",
        );
    }

    #[test]
    fn fashion_3k_decodes_to_what_results_were_made_with() {
        check(
            "fashion-3k",
            ImageShape::new(1, 28, 28),
            [2700, 300, 500],
            "88f3911eeee419e82ad2e5365505d1027bb63728477ca894b2c2ea6e886140e4",
        );
    }

    #[test]
    fn digits8x8_decodes_to_what_results_were_made_with() {
        check(
            "digits8x8",
            ImageShape::new(1, 8, 8),
            [1294, 143, 360],
            "f954a38d0ce2277d8cbb23deac04b7010d64a111a2ec0f113dce2c2f5eb53b24",
        );
    }

    #[test]
    fn other_names_are_not_embedded() {
        assert!(load("mnist").is_none());
        assert_eq!(names(), "mnist-10k, fashion-3k, digits8x8");
    }
}
