//! The images of a dataset in the format of MNIST; the first byte says which of the four files is changed.
#![no_main]

use genlab::data::{LoadOptions, load};

fn array(dims: &[u32], values: impl Iterator<Item = u32>) -> Vec<u8> {
    let mut file = vec![0, 0, 8, dims.len() as u8];
    file.extend(dims.iter().flat_map(|dim| dim.to_be_bytes()));
    file.extend(values.map(|value| value as u8));
    file
}

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Some((&which, bytes)) = bytes.split_first() else { return };
    let images = |n: u32| array(&[n, 3, 4], (0..n * 12).map(|i| i % 251));
    let labels = |n: u32| array(&[n], (0..n).map(|i| i % 10));
    let files = [
        ("train-images-idx3-ubyte", images(30)),
        ("train-labels-idx1-ubyte", labels(30)),
        ("t10k-images-idx3-ubyte", images(10)),
        ("t10k-labels-idx1-ubyte", labels(10)),
    ];
    for (number, (name, sound)) in files.iter().enumerate() {
        let is_changed = number == usize::from(which % 4);
        genlab_fuzz::file(name, if is_changed { bytes } else { sound });
    }
    let folder = genlab_fuzz::folder().to_owned();
    let options = LoadOptions { data_dir: Some(folder), ..LoadOptions::default() };
    if let Ok(dataset) = load("mnist", &options) {
        assert!(!dataset.train.is_empty());
    }
});
