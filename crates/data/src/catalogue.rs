//! The official datasets: their files, hashes, mirrors, classes and licences.

use crate::{cifar, error::DataError, idx, values::Values};
use std::path::Path;

/// One file as its authors publish it.
#[derive(Clone, Debug)]
pub(crate) struct RemoteFile {
    pub(crate) name: &'static str,
    /// Lower-case hex.
    pub(crate) sha256: &'static str,
    /// Exact size; a mirror that sends more is cut off.
    pub(crate) bytes: u64,
}

/// Reads train and test images of a folder in one layout.
pub(crate) type ReadFolder = fn(&Path, usize) -> Result<(Values, Values), DataError>;

/// A dataset that is found on disk or downloaded.
#[derive(Clone, Debug)]
pub(crate) struct Official {
    pub(crate) name: &'static str,
    pub(crate) classes: [&'static str; 10],
    pub(crate) licence: &'static str,
    /// What other files in its format are called by.
    pub(crate) format: &'static str,
    /// What [`crate::Dataset::sha256`] is of the official files, where that is known: whoever gives files by a folder may give
    /// others. None where the pinned archive alone can be told from others.
    pub(crate) content: Option<&'static str>,
    pub(crate) files: Vec<RemoteFile>,
    /// Folders on the web that hold all the files, in the order they are tried; each ends in `/`.
    pub(crate) mirrors: Vec<String>,
    /// The files that a folder lacks to be read.
    pub(crate) missing: fn(&Path) -> Vec<String>,
    /// Train and test images of a folder, given the number of classes.
    pub(crate) read: ReadFolder,
}

/// Class names of MNIST and digits8x8.
pub(crate) const DIGITS: [&str; 10] = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"];

/// Class names of Fashion-MNIST.
pub(crate) const FASHION: [&str; 10] = [
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
];

const CIFAR10: [&str; 10] =
    ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"];

pub(crate) const MNIST_LICENCE: &str =
    "Yann LeCun, Corinna Cortes, Christopher J.C. Burges; CC BY-SA 3.0";
pub(crate) const FASHION_LICENCE: &str = "Zalando SE; MIT";
const CIFAR10_LICENCE: &str =
    "Alex Krizhevsky, Vinod Nair, Geoffrey Hinton; no licence stated, cite Krizhevsky 2009";

/// The official dataset of this name, if there is one.
pub(crate) fn official(name: &str) -> Option<Official> {
    match name {
        "mnist" => Some(mnist()),
        "fashion-mnist" => Some(fashion_mnist()),
        "cifar10" => Some(cifar10()),
        _ => None,
    }
}

fn mnist() -> Official {
    Official {
        name: "mnist",
        classes: DIGITS,
        licence: MNIST_LICENCE,
        format: "idx",
        content: Some("43a860fae591fe473c3b4a8b1c47b284d82e8d4ea9ac0bf7ccc08121b250e0ff"),
        files: idx_files([
            ("440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609", 9_912_422),
            ("3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c", 28_881),
            ("8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6", 1_648_877),
            ("f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6", 4_542),
        ]),
        mirrors: mirrors(&[
            "https://ossci-datasets.s3.amazonaws.com/mnist/",
            "https://storage.googleapis.com/cvdf-datasets/mnist/",
        ]),
        missing: idx::missing,
        read: idx::read_folder,
    }
}

fn fashion_mnist() -> Official {
    Official {
        name: "fashion-mnist",
        classes: FASHION,
        licence: FASHION_LICENCE,
        format: "idx",
        content: Some("7b35b2bdb3913ca011883b54bfd5e23cefbf53d158a91361283603eaaf875f1f"),
        files: idx_files([
            ("3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84", 26_421_880),
            ("a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845", 29_515),
            ("346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073", 4_422_102),
            ("67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5", 5_148),
        ]),
        // The first speaks plain HTTP; the pinned hashes make that safe.
        mirrors: mirrors(&[
            "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
            "https://github.com/zalandoresearch/fashion-mnist/raw/master/data/fashion/",
        ]),
        missing: idx::missing,
        read: idx::read_folder,
    }
}

fn cifar10() -> Official {
    Official {
        name: "cifar10",
        classes: CIFAR10,
        licence: CIFAR10_LICENCE,
        format: "cifar",
        content: None,
        files: vec![RemoteFile {
            name: cifar::ARCHIVE,
            sha256: "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
            bytes: 170_052_171,
        }],
        mirrors: mirrors(&["https://www.cs.toronto.edu/~kriz/"]),
        missing: cifar::missing,
        read: cifar::read_folder,
    }
}

fn mirrors(urls: &[&str]) -> Vec<String> {
    urls.iter().map(|&url| url.to_owned()).collect()
}

/// Hashes and sizes of the gzipped files, in the order of [`idx::NAMES`].
fn idx_files(facts: [(&'static str, u64); 4]) -> Vec<RemoteFile> {
    const GZIPPED: [&str; 4] = [
        "train-images-idx3-ubyte.gz",
        "train-labels-idx1-ubyte.gz",
        "t10k-images-idx3-ubyte.gz",
        "t10k-labels-idx1-ubyte.gz",
    ];
    GZIPPED
        .into_iter()
        .zip(facts)
        .map(|(name, (sha256, bytes))| RemoteFile { name, sha256, bytes })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::shared_dataset;
    use genlab_core::digest::sha256;
    use std::fs;

    #[test]
    fn pinned_sizes_and_hashes_are_those_of_the_official_files() {
        for name in ["mnist", "fashion-mnist"] {
            let Some(folder) = shared_dataset(name) else { return };
            for file in official(name).expect("known").files {
                let bytes = fs::read(folder.join(file.name)).expect("an official file");
                assert_eq!(bytes.len() as u64, file.bytes, "{}", file.name);
                assert_eq!(sha256(&bytes), file.sha256, "{}", file.name);
            }
        }
    }

    #[test]
    fn every_mirror_is_a_folder_and_every_hash_is_complete() {
        for name in ["mnist", "fashion-mnist", "cifar10"] {
            let official = official(name).expect("known");
            assert_eq!(official.name, name);
            assert!(official.mirrors.iter().all(|url| url.ends_with('/')));
            assert!(official.files.iter().all(|file| file.sha256.len() == 64));
        }
    }
}
