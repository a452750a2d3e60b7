//! Files of judges.
#![no_main]

use genlab::{burn::tensor::Device, data::Values, metrics::Judge};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let path = genlab_fuzz::file("judge.safetensors", bytes);
    let Ok(judge) = Judge::from_file(&path, &Device::flex()) else { return };
    let Some(shape) = judge.shape().filter(|shape| shape.pixels() <= 4096) else { return };
    let images = Values::images(shape, vec![90; 2 * shape.pixels()]);
    let reading = judge.read(&images.tensor(0..2, &Device::flex()));
    assert_eq!((reading.features.len(), reading.features.dim), (2, judge.features()));
});
