//! PNG and JPEG files.
#![no_main]

use genlab::{
    core::{ImageShape, Space},
    data::read_picture,
};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let path = genlab_fuzz::file("picture.png", bytes);
    let space = Space::images(ImageShape::new(3, 8, 8));
    if let Ok(picture) = read_picture(&path, space) {
        assert_eq!(picture.len(), 1);
    }
});
