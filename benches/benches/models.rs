//! Training steps and sampling of every model, and how both grow with batch and image size.
//!
//! `cargo bench --profile dev --workspace --bench models [-- WORD...]`

use burn::tensor::Device;
use genlab_benches::{
    MODELS, Subject,
    harness::{case, wanted},
    subject::{mnist, reads_captions, scenes},
};
use genlab_core::Seed;
use genlab_data::{Dataset, Values};

const BATCHES: [usize; 6] = [1, 8, 32, 64, 128, 256];
const SIDES: [usize; 4] = [8, 16, 28, 56];
/// Images of other sizes.
const COUNT: usize = 2000;

fn step(dataset: &Dataset, model: &str, batch: usize, name: &str) {
    if wanted(name) {
        let mut subject =
            Subject::on(dataset, model, batch, Seed(0), &Device::flex()).expect("a known model");
        case(name, Some((batch as f64, "images")), || subject.train(1));
    }
}

fn sample(dataset: &Dataset, model: &str, count: usize, name: &str) {
    if wanted(name) {
        let subject =
            Subject::on(dataset, model, 1, Seed(0), &Device::flex()).expect("a known model");
        let frozen = subject.frozen();
        if let Some(sampler) = frozen.sampler() {
            let request = subject.request(count);
            case(name, Some((count as f64, "images")), || sampler.sample(&request).into_data());
        }
    }
}

/// The dataset with images of `side` × `side`, each pixel the nearest one's value: what a step
/// costs does not depend on the picture.
fn resized(dataset: &Dataset, side: usize) -> Dataset {
    let images = &dataset.train;
    let from = images.shape();
    let shape = genlab_core::ImageShape { height: side, width: side, ..from };
    let pixels = images
        .bytes()
        .expect("images are kept as levels")
        .chunks(from.pixels())
        .take(COUNT)
        .flat_map(|image| {
            (0..side * side).map(move |i| {
                let (y, x) = (i / side * from.height / side, i % side * from.width / side);
                image[y * from.width + x]
            })
        })
        .collect();
    let labels = images.labels.as_ref().map(|labels| labels.iter().copied().take(COUNT).collect());
    let train = Values::images(shape, pixels).with_labels(labels);
    Dataset { space: train.space, train, ..dataset.clone() }
}

fn main() {
    genlab_kernels::set_up_process();
    let digits = mnist().expect("mnist-10k is compiled in");
    let scenes = scenes().expect("scenes-32 is drawn from mnist-10k");
    for model in MODELS {
        let dataset = if reads_captions(model) { &scenes } else { &digits };
        for batch in BATCHES {
            step(dataset, model, batch, &format!("step {model} batch {batch}"));
        }
        for count in [1, 64, 256] {
            sample(dataset, model, count, &format!("sample {model} count {count}"));
        }
    }
    for side in SIDES {
        let dataset = resized(&digits, side);
        // Scenes, which captions are of, have one size.
        for model in MODELS.into_iter().filter(|model| !reads_captions(model)) {
            step(&dataset, model, 32, &format!("size {model} {side}x{side}"));
        }
    }
}
