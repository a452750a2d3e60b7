//! The contract that every model crate runs in its tests.

use crate::{
    batch::{Batch, Progress},
    checkpoint::{self, CheckpointState},
    model::{Density, Generative, InitContext, SampleRequest, Train},
    noise::{Noise, Phase, Seed},
    scalars::Scalars,
    shape::ImageShape,
};
use burn::tensor::{Device, Int, Tensor, TensorData};
use std::fs;

/// A way to build the model under test.
pub type Build<'a> = &'a dyn Fn(&InitContext) -> Box<dyn Train>;

/// Sizes that every model must train on: even, odd, coloured, tall, and barely an image.
pub const SHAPES: [ImageShape; 7] = [
    ImageShape::new(1, 8, 8),
    ImageShape::new(1, 16, 16),
    ImageShape::new(1, 25, 25),
    ImageShape::new(1, 23, 17),
    ImageShape::new(1, 28, 28),
    ImageShape::new(3, 32, 32),
    ImageShape::new(1, 112, 92),
];

const SHAPE: ImageShape = ImageShape::new(1, 12, 12);
const TOTAL: u64 = 4000;

/// The context of a small run.
pub fn context(shape: ImageShape) -> InitContext {
    InitContext { shape, classes: Some(10), device: Device::flex(), seed: Seed(5) }
}

/// `count` images of soft blobs in different places: something with structure to learn.
pub fn batch(shape: ImageShape, count: usize, first: u64) -> Batch {
    let mut pixels = Vec::with_capacity(count * shape.pixels());
    for i in 0..count {
        let phase = i as f32 / count as f32;
        for c in 0..shape.channels {
            for y in 0..shape.height {
                for x in 0..shape.width {
                    let dy = y as f32 / shape.height as f32 - phase;
                    let dx = x as f32 / shape.width as f32 - (1.0 - phase) * 0.5 - 0.1 * c as f32;
                    pixels.push((-(dx * dx + dy * dy) * 20.0).exp());
                }
            }
        }
    }
    let device = Device::flex();
    let labels: Vec<i32> = (0..count as i32).map(|i| i % 10).collect();
    Batch {
        images: Tensor::from_data(TensorData::new(pixels, shape.batch(count)), &device),
        labels: Some(Tensor::<1, Int>::from_data(TensorData::new(labels, [count]), &device)),
        first,
    }
}

/// Where a small run stands after `step` steps of eight images.
pub fn progress(step: u64) -> Progress {
    Progress { step, images: step * 8, total_images: TOTAL, seed: Seed(5) }
}

fn steps(model: &mut dyn Train, range: std::ops::Range<u64>) -> Vec<Vec<(&'static str, f64)>> {
    range
        .map(|step| {
            let scalars: Scalars = model.step(&batch(SHAPE, 8, step * 8), progress(step));
            scalars.read()
        })
        .collect()
}

/// Runs the whole contract. `falls` names the scalar that must fall on a fixed small batch within
/// `within` steps, and `to` the share of its first value that it must reach.
///
/// # Panics
/// When the model breaks any part of it.
pub fn contract(build: Build<'_>, falls: Option<(&str, u64, f64)>) {
    if let Some((name, within, to)) = falls {
        loss_falls(build, name, within, to);
    }
    same_seed_same_scalars(build);
    resumed_equals_uninterrupted(build);
    looking_changes_nothing(build);
    samples_depend_on_seed_and_number_only(build);
    codes_and_reconstructions_have_the_right_shape(build);
    every_shape_trains(build);
}

/// The noise of an evaluation.
fn noise(seed: u64) -> Noise {
    Seed(seed).during(Phase::Evaluate)
}

fn scalar(scalars: &[(&'static str, f64)], name: &str) -> f64 {
    let found = scalars.iter().find(|(n, _)| *n == name);
    found.unwrap_or_else(|| panic!("no scalar {name} among {scalars:?}")).1
}

fn loss_falls(build: Build<'_>, name: &str, within: u64, to: f64) {
    let mut model = build(&context(SHAPE));
    let losses: Vec<f64> =
        steps(model.as_mut(), 0..within).iter().map(|s| scalar(s, name)).collect();
    let tail = &losses[losses.len() - 5..];
    let (first, last) = (losses[0], tail.iter().sum::<f64>() / tail.len() as f64);
    assert!(last < first * to, "{name} went from {first} to {last} in {within} steps");
}

fn same_seed_same_scalars(build: Build<'_>) {
    let run = |seed| {
        let mut model = build(&InitContext { seed: Seed(seed), ..context(SHAPE) });
        steps(model.as_mut(), 0..4)
    };
    assert_eq!(run(1), run(1), "two runs of one seed differ");
    assert_ne!(run(1), run(2), "two seeds give the same run");
}

fn resumed_equals_uninterrupted(build: Build<'_>) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut whole = build(&context(SHAPE));
    steps(whole.as_mut(), 0..3);
    let state = CheckpointState { step: 3, ..CheckpointState::default() };
    let path = checkpoint::save(folder.path(), whole.as_ref(), state).expect("saved");
    let expected = steps(whole.as_mut(), 3..6);

    // Another seed: nothing of the initial weights may survive the restore.
    let mut resumed = build(&InitContext { seed: Seed(99), ..context(SHAPE) });
    let state = checkpoint::restore(&path, resumed.as_mut(), &Device::flex()).expect("restored");
    assert_eq!(state.step, 3);
    assert_eq!(steps(resumed.as_mut(), 3..6), expected, "a resumed run differs");
    // Scalars say nothing of the last step; a checkpoint's sums of weights, averages and memory do.
    let sums = |name: &str, model: &dyn Train| {
        let path = checkpoint::save(&folder.path().join(name), model, CheckpointState::default());
        fs::read_to_string(path.expect("saved").join("MANIFEST")).expect("a manifest")
    };
    let (expected, resumed) = (sums("whole", whole.as_ref()), sums("resumed", resumed.as_ref()));
    assert_eq!(expected, resumed, "a resumed run keeps another state");
}

fn looking_changes_nothing(build: Build<'_>) {
    let mut plain = build(&context(SHAPE));
    let mut watched = build(&context(SHAPE));
    for step in 0..4 {
        let expected = steps(plain.as_mut(), step..step + 1);
        let frozen = watched.freeze();
        let before = frozen.objective(&batch(SHAPE, 8, 0), noise(3)).read();
        if let Some(sampler) = frozen.sampler() {
            drop(
                sampler.sample(&SampleRequest { steps: Some(2), ..SampleRequest::new(Seed(8), 2) }),
            );
        }
        look(frozen.as_ref());
        assert_eq!(steps(watched.as_mut(), step..step + 1), expected, "looking changed training");
        let after = frozen.objective(&batch(SHAPE, 8, 0), noise(3)).read();
        assert_eq!(before, after, "training moved a frozen model");
    }
}

/// Everything else that an evaluation draws or computes.
fn look(frozen: &dyn Generative) {
    let images = batch(SHAPE, 2, 0).images;
    if let Some(reconstructor) = frozen.reconstructor() {
        drop(reconstructor.reconstruct(images.clone()));
    }
    if let Some(encoder) = frozen.encoder() {
        drop(encoder.encode(images.clone()));
    }
    if let Some(density) = frozen.density() {
        drop(density.negative_elbo(images.clone(), noise(5), 0));
        drop(density.log_weights(images.clone(), noise(5), 0, 0..3));
    }
    if let Some(inverter) = frozen.inverter() {
        drop(inverter.invert(images));
    }
}

fn values(x: Tensor<4>) -> Vec<f32> {
    x.into_data().try_into_vec::<f32>().expect("f32")
}

fn samples_depend_on_seed_and_number_only(build: Build<'_>) {
    let mut model = build(&context(SHAPE));
    steps(model.as_mut(), 0..2);
    let frozen = model.freeze();
    let Some(sampler) = frozen.sampler() else { return };
    let request = SampleRequest { steps: Some(3), ..SampleRequest::new(Seed(1), 5) };
    let whole = sampler.sample(&request);
    assert_eq!(whole.dims(), SHAPE.batch(5));
    let whole = values(whole);
    assert!(whole.iter().all(|v| (0.0..=1.0).contains(v)), "samples leave [0, 1]");
    assert_eq!(whole, values(sampler.sample(&request)), "the same request gave other samples");
    assert_ne!(whole, values(sampler.sample(&SampleRequest { seed: Seed(2), ..request })));
    let part = values(sampler.sample(&SampleRequest { first: 3, count: 2, ..request }));
    for (a, b) in whole[3 * SHAPE.pixels()..].iter().zip(&part) {
        assert!((a - b).abs() < 1e-4, "a sample depends on its batch: {a} and {b}");
    }
}

fn codes_and_reconstructions_have_the_right_shape(build: Build<'_>) {
    let frozen = build(&context(SHAPE)).freeze();
    let images = batch(SHAPE, 3, 0).images;
    if let Some(reconstructor) = frozen.reconstructor() {
        let again = reconstructor.reconstruct(images.clone());
        assert_eq!(again.dims(), images.dims());
        assert!(values(again).iter().all(|v| (0.0..=1.0).contains(v)));
    }
    if let (Some(encoder), Some(decoder)) = (frozen.encoder(), frozen.decoder()) {
        let codes = encoder.encode(images.clone());
        assert_eq!(codes.mean.dims(), [3, decoder.latent_dim()]);
        assert_eq!(decoder.decode(codes.mean).dims(), images.dims());
    }
    if let Some(density) = frozen.density() {
        for term in density.negative_elbo(images.clone(), noise(0), 0) {
            assert_eq!(term.nats.dims(), [3]);
        }
        importance_weights_own_their_noise(density, &images);
    }
    if let Some(inverter) = frozen.inverter() {
        let whole = values(inverter.invert(images.clone()));
        assert_eq!(whole.len(), 3 * SHAPE.pixels());
        assert!(whole.iter().all(|v| (0.0..=1.0).contains(v)));
        let last = values(inverter.invert(images.narrow(0, 2, 1)));
        for (a, b) in whole[2 * SHAPE.pixels()..].iter().zip(&last) {
            // Hundreds of steps amplify what a product rounds differently for another batch size.
            assert!((a - b).abs() < 1e-2, "an inversion depends on its batch: {a} and {b}");
        }
    }
    assert!(frozen.num_params() > 0);
}

/// A weight depends on its image's row and its draw alone, and its first draw is the bound's.
fn importance_weights_own_their_noise(density: &dyn Density, images: &Tensor<4>) {
    let weights = |images: Tensor<4>, first, draws| -> Option<Vec<f32>> {
        let weights = density.log_weights(images, noise(4), first, draws)?;
        Some(weights.into_data().try_into_vec::<f32>().expect("f32"))
    };
    let Some(whole) = weights(images.clone(), 10, 0..4) else { return };
    assert_eq!(whole.len(), 3 * 4, "one weight for each image and draw");
    let part = weights(images.clone().narrow(0, 1, 2), 11, 2..4).expect("as before");
    for (a, b) in [&whole[6..8], &whole[10..12]].concat().iter().zip(&part) {
        assert!((a - b).abs() < 1e-3, "a weight depends on its batch: {a} and {b}");
    }
    assert_ne!(whole[0], whole[1], "two draws share their noise");
}

fn every_shape_trains(build: Build<'_>) {
    for shape in SHAPES {
        let mut model = build(&context(shape));
        let scalars = model.step(&batch(shape, 2, 0), progress(0)).read();
        assert!(scalars.iter().all(|(_, v)| v.is_finite()), "{shape}: {scalars:?}");
        let frozen = model.freeze();
        let images = match (frozen.sampler(), frozen.decoder()) {
            (Some(sampler), _) => {
                sampler.sample(&SampleRequest { steps: Some(2), ..SampleRequest::new(Seed(0), 2) })
            }
            (None, Some(decoder)) => {
                decoder.decode(Tensor::zeros([2, decoder.latent_dim()], &Device::flex()))
            }
            (None, None) => continue,
        };
        assert_eq!(images.dims(), shape.batch(2));
    }
}
