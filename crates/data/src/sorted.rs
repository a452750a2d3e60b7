//! A prefix is not a sample: whatever order files come in, a part of a split stands for all of it.

use crate::{
    Dataset, LoadOptions, Values, load, npz_bytes, read_npz, read_npz_values, read_pictures,
    testing::{gzip, idx_bytes},
};
use genlab_core::{ImageShape, Space};
use image::{GrayImage, Luma};
use std::{fs, path::Path};

/// Classes, and values of each.
const CLASSES: usize = 5;
const EACH: usize = 60;

/// A quarter of the values has some of every class: of 300 in five classes a draw of 75 has 15 of each, with a standard
/// deviation of 3, and a prefix of sorted ones has none of three.
fn stands_for_all(values: &Values, class: impl Fn(&Values, usize) -> usize) {
    let part = values.sample(values.len() / 4);
    let mut counts = [0; CLASSES];
    (0..part.len()).for_each(|row| counts[class(&part, row)] += 1);
    let expected = part.len() / CLASSES;
    for count in counts {
        assert!((expected / 3..=2 * expected).contains(&count), "{counts:?} of {}", part.len());
    }
}

fn by_label(values: &Values, row: usize) -> usize {
    values.labels.as_ref().expect("labels")[row] as usize
}

/// By the first level, which is forty times the class.
fn by_level(values: &Values, row: usize) -> usize {
    usize::from(values.image(row)[0]) / 40
}

fn dataset(name: &str, folder: &Path) -> Dataset {
    let options = LoadOptions { data_dir: Some(folder.to_owned()), ..LoadOptions::default() };
    load(name, &options).expect("sound")
}

/// Class of value i: in one block each, or in two.
const ORDERS: [fn(usize) -> usize; 2] = [|i| i / EACH, |i| (i / (EACH / 2)) % CLASSES];

#[test]
fn pictures_in_class_folders() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for i in 0..CLASSES * EACH {
        let path = folder.path().join(format!("{}/{i:03}.png", i / EACH));
        fs::create_dir_all(path.parent().expect("a folder")).expect("a fresh folder");
        let level = 40 * (i / EACH) + i % 40;
        GrayImage::from_pixel(2, 2, Luma([level as u8])).save(path).expect("a fresh file");
    }
    let name = format!("folder:{}", folder.path().display());
    let found = load(&name, &LoadOptions::default()).expect("sound");
    for split in [&found.train, &found.test] {
        stands_for_all(split, by_label);
        // What is taken by whoever shows the first.
        assert!((0..CLASSES as u32).all(|class| {
            split.labels.as_ref().expect("labels")[..split.len() / 2].contains(&class)
        }));
    }
    // As samples of somebody, they are in path order.
    stands_for_all(&read_pictures(folder.path(), &|_| ()).expect("sound"), by_level);
}

#[test]
fn idx_files_of_any_order() {
    for class in ORDERS {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let count = CLASSES * EACH;
        let pixels: Vec<u8> = (0..count * 4).map(|i| (40 * class(i / 4) + i % 40) as u8).collect();
        let labels: Vec<u8> = (0..count).map(|i| class(i) as u8).collect();
        for split in ["train", "t10k"] {
            let images = idx_bytes(&[count as u32, 2, 2], &pixels);
            let at = |part: &str| folder.path().join(format!("{split}-{part}-ubyte.gz"));
            fs::write(at("images-idx3"), gzip(&images)).expect("a fresh file");
            fs::write(at("labels-idx1"), gzip(&idx_bytes(&[count as u32], &labels)))
                .expect("a fresh file");
        }
        let found = dataset("mnist", folder.path());
        assert!(found.name.starts_with("idx:"), "{}", found.name);
        for split in [&found.train, &found.test] {
            stands_for_all(split, by_label);
            stands_for_all(split, by_level);
        }
    }
}

#[test]
fn cifar_files_of_any_order() {
    for class in ORDERS {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let record = |i: usize| {
            let level = (40 * class(i)) as u8;
            std::iter::once(class(i) as u8).chain(std::iter::repeat_n(level, 3072))
        };
        let records: Vec<u8> = (0..CLASSES * EACH).flat_map(record).collect();
        for name in ["data_batch_1.bin", "test_batch.bin"] {
            fs::write(folder.path().join(name), &records).expect("a fresh file");
        }
        let found = dataset("cifar10", folder.path());
        assert!(found.name.starts_with("cifar:"), "not the pinned archive: {}", found.name);
        for split in [&found.train, &found.test] {
            stands_for_all(split, by_label);
            stands_for_all(split, by_level);
        }
    }
}

#[test]
fn archives_of_images_and_of_points() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("sorted.npz");
    for class in ORDERS {
        let count = CLASSES * EACH;
        let pixels = (0..count * 4).map(|i| (40 * class(i / 4) + i % 4) as u8).collect();
        let images = Values::images(ImageShape::new(1, 2, 2), pixels);
        fs::write(&path, npz_bytes(&images).expect("sound")).expect("a file");
        stands_for_all(&read_npz(&path).expect("sound"), by_level);
        let space = Space::points(2, 0.0, 1.0);
        let points = (0..count * 2).map(|i| class(i / 2) as f32).collect();
        let points = Values::floats(space, points);
        fs::write(&path, npz_bytes(&points).expect("sound")).expect("a file");
        let read = read_npz_values(&path, space).expect("sound");
        stands_for_all(&read, |values, row| values.row_f64(row)[0] as usize);
    }
}

#[test]
fn a_series_that_rises() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("rises.csv");
    let rows: Vec<String> = (0..30_000).map(|i| i.to_string()).collect();
    fs::write(&path, format!("x\n{}\n", rows.join("\n"))).expect("a fresh file");
    let name = format!("series:{}:x", path.display());
    let found = load(&name, &LoadOptions::default()).expect("sound");
    for (split, begin, length) in [(&found.train, 0.0, 21_000.0), (&found.test, 24_000.0, 6_000.0)]
    {
        let fifth = |values: &Values, row: usize| {
            let at = (values.row_f64(row)[0] - begin) / length;
            ((at * CLASSES as f64) as usize).min(CLASSES - 1)
        };
        stands_for_all(split, fifth);
    }
}

#[test]
fn what_is_in_random_order_already_keeps_its_first() {
    for name in ["mnist-10k", "fashion-3k", "ring-8", "ar1"] {
        let found = load(name, &LoadOptions::default()).expect("no file is needed");
        for split in [&found.train, &found.validation, &found.test] {
            assert_eq!(*split.sample(100), split.take(100), "published numbers are of these");
        }
    }
    // Digits of 8x8 pixels stand writer by writer.
    let digits = load("digits8x8", &LoadOptions::default()).expect("embedded");
    assert_ne!(*digits.test.sample(100), digits.test.take(100));
}
