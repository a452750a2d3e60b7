//! Names, options, and the official files where this machine has them.

use super::*;
use crate::testing::{assert_says, shared_dataset};
use genlab_core::{ImageShape, Space};

fn load_plain(name: &str) -> Result<Dataset, DataError> {
    load(name, &LoadOptions::default())
}

#[test]
fn embedded_datasets_load_without_files_or_network() {
    for name in ["mnist-10k", "fashion-3k", "digits8x8"] {
        let dataset = load_plain(name).expect("embedded");
        assert_eq!(dataset.name, name);
        assert_eq!(dataset.classes.expect("classes").len(), 10);
        assert!(!dataset.licence.is_empty());
    }
}

#[test]
fn an_unknown_name_is_answered_with_the_nearest_one() {
    for (wrong, right) in [
        ("mnist10k", "mnist-10k"),
        ("MNIST", "mnist"),
        ("fashion", "fashion-3k"),
        ("fashionmnist", "fashion-mnist"),
        ("cifar-10", "cifar10"),
        ("digits", "digits8x8"),
        ("ring8", "ring-8"),
        ("grid25", "grid-25"),
        ("mixture1d", "mixture-1d"),
    ] {
        let meant = format!("`{wrong}`: did you mean {right}?");
        assert_says(load_plain(wrong), &["there is no dataset called", &meant]);
    }
    assert_says(
        load_plain("imagenet"),
        &["`imagenet`: the known names are mnist-10k, ", "folder:PATH"],
    );
    assert_says(load_plain(""), &["the known names are"]);
    assert_says(load_plain("folder"), &["write folder:PATH for a folder of images"]);
    assert_says(load_plain("folder:"), &["write folder:PATH for a folder of images"]);
}

#[test]
fn named_datasets_refuse_another_shape() {
    let sized = |size| LoadOptions { image_size: Some(size), ..LoadOptions::default() };
    assert!(load("digits8x8", &sized((8, 8))).is_ok());
    let parts = ["--image-size does not fit digits8x8: its images are 8x8, not 16x16"];
    assert_says(load("digits8x8", &sized((16, 16))), &parts);

    let coloured = |colour| LoadOptions { colour, ..LoadOptions::default() };
    assert!(load("digits8x8", &coloured(ColourMode::Grey)).is_ok());
    assert_says(
        load("digits8x8", &coloured(ColourMode::Rgb)),
        &["--colour does not fit digits8x8: its images are grey"],
    );
    for colour in [ColourMode::Grey, ColourMode::Rgb] {
        let parts = ["--colour does not fit moving-digits: its images are clips of 8 grey frames"];
        assert_says(load("moving-digits", &coloured(colour)), &parts);
    }
}

#[test]
fn drawn_datasets_refuse_what_only_images_have() {
    let options = |image_size, colour| LoadOptions { image_size, colour, ..LoadOptions::default() };
    let data_dir = LoadOptions { data_dir: Some("absent".into()), ..LoadOptions::default() };
    assert!(load("ring-8", &data_dir).is_ok(), "ignored, as it is for embedded datasets");
    assert_says(
        load("ring-8", &options(Some((1, 1)), ColourMode::Auto)),
        &[
            "--image-size does not fit ring-8: its values are points, not images; leave the option out",
        ],
    );
    for colour in [ColourMode::Grey, ColourMode::Rgb] {
        let parts = ["--colour does not fit mixture-1d: its values are points, not images"];
        assert_says(load("mixture-1d", &options(None, colour)), &parts);
    }
}

/// Points of known density.
const DRAWN: [&str; 11] = [
    "planted-dictionary",
    "ring-8",
    "grid-25",
    "mixture-1d",
    "mixture-2d",
    "gaussian-diagonal",
    "gaussian-rotated",
    "uniform-1d",
    "two-moons",
    "swiss-roll",
    "checkerboard",
];

#[test]
fn the_kind_of_every_dataset_is_known_before_it_is_loaded() {
    for name in known_names() {
        let expected = if DRAWN.contains(name) {
            Kind::Points
        } else if ["ar1", "sines", "series:FILE.csv:COLUMN"].contains(name) {
            Kind::Series
        } else {
            Kind::Images
        };
        assert_eq!(kind_of(name), expected, "{name}");
    }
    for name in ["digits8x8", "ring-8", "grid-25", "mixture-1d", "ar1", "sines"] {
        assert_eq!(load_plain(name).expect("no file is needed").space.kind, kind_of(name));
    }
}

fn check_official(name: &str, folder: &str, shape: ImageShape, counts: [usize; 3], sha256: &str) {
    let Some(folder) = shared_dataset(folder) else { return };
    let options = LoadOptions { data_dir: Some(folder), ..LoadOptions::default() };
    let dataset = load(name, &options).expect("the official files");
    let Space { mean, sd, .. } = dataset.space;
    assert_eq!(dataset.space, Space { mean, sd, ..Space::images(shape) });
    let splits = [&dataset.train, &dataset.validation, &dataset.test];
    assert_eq!(splits.map(crate::Values::len), counts);
    assert_eq!(dataset.sha256, sha256, "{name} changed, and with it every result");
}

#[test]
fn the_official_mnist_decodes_to_what_results_were_made_with() {
    check_official(
        "mnist",
        "mnist",
        ImageShape::new(1, 28, 28),
        [55_000, 5000, 10_000],
        "43a860fae591fe473c3b4a8b1c47b284d82e8d4ea9ac0bf7ccc08121b250e0ff",
    );
}

#[test]
fn the_official_fashion_mnist_decodes_to_what_results_were_made_with() {
    let shape = ImageShape::new(1, 28, 28);
    check_official(
        "fashion-mnist",
        "fashion-mnist",
        shape,
        [55_000, 5000, 10_000],
        "7b35b2bdb3913ca011883b54bfd5e23cefbf53d158a91361283603eaaf875f1f",
    );
}

#[test]
fn the_cifar10_subset_decodes_to_what_results_were_made_with() {
    let shape = ImageShape::new(3, 32, 32);
    check_official(
        "cifar10",
        "cifar10-4000",
        shape,
        [2880, 320, 800],
        "a44c939cb7b43041a653dc3f72ce5261ff04a1531c021235c17080b1986505c7",
    );
}

#[test]
fn data_dir_may_be_the_folder_that_holds_all_datasets() {
    let Some(folder) = shared_dataset(".") else { return };
    let options = LoadOptions { data_dir: Some(folder), ..LoadOptions::default() };
    assert_eq!(load("mnist", &options).expect("the official files").test.len(), 10_000);
}
