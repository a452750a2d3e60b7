//! The archive of CIFAR-10, before it is compressed.
#![no_main]

use genlab::data::{LoadOptions, load};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    genlab_fuzz::file("cifar-10-binary.tar.gz", bytes);
    let folder = genlab_fuzz::folder().to_owned();
    drop(load("cifar10", &LoadOptions { data_dir: Some(folder), ..LoadOptions::default() }));
});
