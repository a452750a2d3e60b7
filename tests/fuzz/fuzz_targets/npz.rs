//! Archives of images, points and samples.
#![no_main]

use genlab::{core::Space, data};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let path = genlab_fuzz::file("changed.npz", bytes);
    if let Ok(images) = data::read_npz(&path) {
        assert_eq!(images.numbers.len(), images.len() * images.shape().pixels());
    }
    drop(data::read_npz_values(&path, Space::points(3, 0.0, 1.0)));
});
