//! The contract that every model crate runs in its tests.

mod data;
mod finished;
mod objects;
mod reader;
mod row_by_row;
mod told;
mod trained;

pub use finished::opened;
pub use reader::{Reader, encoders_begin_with_a_run};

use crate::{
    batch::{Batch, Progress},
    capabilities::SampleRequest,
    checkpoint::{self, CheckpointState},
    condition::{Condition, Words},
    context::{InitContext, Start},
    low_resolution::LowResolution,
    model::{Generative, Train},
    noise::{Noise, Phase, Seed},
    opened::NoRuns,
    settings::Fault,
    shape::ImageShape,
    space::{Kind, Range, Space},
    vocabulary::captions_of_classes,
};
use burn::tensor::{Device, Int, Tensor, TensorData};
use data::{blobs, captions, circle, past, reworded, turned};
use row_by_row::{
    classes_are_told_value_by_value, importance_weights_own_their_noise,
    masks_are_cut_value_by_value, phrases_are_found_value_by_value,
    values_are_described_one_by_one, vectors_are_of_length_one_row_by_row,
};
use std::{fs, sync::Arc};
use told::{request, told};

/// A way to build the model under test.
pub type Build<'a> = &'a dyn Fn(&InitContext) -> Result<Box<dyn Train>, Fault>;

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

/// The images that a model is tried on most.
const IMAGES: Space = Space::images(ImageShape::new(1, 12, 12));
/// And the points.
const POINTS: Space = Space::points(2, 0.5, 2.0);
/// And the series.
const SERIES: Space = Space::series(6, 0.5, 2.0);
/// Numbers that come before each of them.
const PAST: usize = 4;
const CLASSES: usize = 10;
/// Numbers that a word of a caption can have, and words of a caption.
const WORDS: usize = 9;
const LENGTH: usize = 3;
const TOTAL: u64 = 4000;

/// The context of a small run.
pub fn context(space: Space) -> InitContext {
    InitContext {
        space,
        classes: Some(CLASSES),
        past: (space.kind == Kind::Series).then_some(PAST),
        words: (space.kind == Kind::Images).then_some(Words { numbers: WORDS, length: LENGTH }),
        objects: (space.kind == Kind::Images).then_some(objects::MOST),
        total_images: TOTAL,
        device: Device::flex(),
        seed: Seed(5),
        runs: Arc::new(NoRuns),
        start: Start::Fresh,
    }
}

/// `count` values with structure to learn: soft blobs in different places, or points on a circle.
pub fn batch(space: Space, count: usize, first: u64) -> Batch {
    let values = match space.range {
        Range::Unit => blobs(space.shape, count),
        Range::Real => circle(space.shape, count, space.mean as f32, space.sd as f32),
    };
    let device = Device::flex();
    let labels: Vec<i32> = (0..count).map(|i| (i % CLASSES) as i32).collect();
    Batch {
        values: Tensor::from_data(TensorData::new(values, space.shape.batch(count)), &device),
        labels: Some(Tensor::<1, Int>::from_data(TensorData::new(labels, [count]), &device)),
        past: (space.kind == Kind::Series).then(|| past(count)),
        captions: (space.kind == Kind::Images).then(|| captions(count)),
        turned: (space.kind == Kind::Images).then(|| turned(count)),
        reworded: (space.kind == Kind::Images).then(|| reworded(count)),
        objects: (space.kind == Kind::Images).then(|| objects::of(space.shape, count)),
        first,
    }
}

/// Where a small run stands after `step` steps of eight images.
pub fn progress(step: u64) -> Progress {
    Progress { step, images: step * 8, total_images: TOTAL, seed: Seed(5) }
}

/// Runs the whole contract on images. `falls` names the scalar that must fall on a fixed small batch
/// within `within` steps, and `to` the share of its first value that it must reach.
///
/// # Panics
/// When the model breaks any part of it.
pub fn contract(build: Build<'_>, falls: Option<(&str, u64, f64)>) {
    Contract::of(build, IMAGES).keep(falls);
    for shape in SHAPES {
        Contract::of(build, Space::images(shape)).one_step();
    }
}

/// The same on labelled images without captions, for a model that takes their classes for captions.
///
/// # Panics
/// When the model breaks any part of it.
pub fn contract_without_captions(build: Build<'_>, falls: Option<(&str, u64, f64)>) {
    let silent = |space| Contract { captioned: false, ..Contract::of(build, space) };
    silent(IMAGES).keep(falls);
    for shape in SHAPES {
        silent(Space::images(shape)).one_step();
    }
}

/// The same on points, for a model that is built for them.
///
/// # Panics
/// When the model breaks any part of it.
pub fn contract_on_points(build: Build<'_>, falls: Option<(&str, u64, f64)>) {
    Contract::of(build, POINTS).keep(falls);
    for dimensions in [1, 2, 3, 10] {
        Contract::of(build, Space::points(dimensions, -1.0, 0.5)).one_step();
    }
}

/// The same on series with a past, for a model that is built for them.
///
/// # Panics
/// When the model breaks any part of it.
pub fn contract_on_series(build: Build<'_>, falls: Option<(&str, u64, f64)>) {
    Contract::of(build, SERIES).keep(falls);
    for length in [1, 2, 9] {
        Contract::of(build, Space::series(length, -1.0, 0.5)).one_step();
    }
}

struct Contract<'a> {
    build: Build<'a>,
    space: Space,
    /// Whether its images have captions.
    captioned: bool,
}

/// The noise of an evaluation.
fn noise(seed: u64) -> Noise {
    Seed(seed).during(Phase::Evaluate)
}

fn scalar(scalars: &[(&'static str, f64)], name: &str) -> f64 {
    let found = scalars.iter().find(|(n, _)| *n == name);
    found.unwrap_or_else(|| panic!("no scalar {name} among {scalars:?}")).1
}

fn host<const D: usize>(x: Tensor<D>) -> Vec<f32> {
    x.into_data().try_into_vec::<f32>().expect("f32")
}

impl<'a> Contract<'a> {
    fn of(build: Build<'a>, space: Space) -> Self {
        Self { build, space, captioned: true }
    }

    fn batch(&self, count: usize, first: u64) -> Batch {
        let batch = batch(self.space, count, first);
        if self.captioned {
            return batch;
        }
        Batch { captions: None, turned: None, reworded: None, ..batch }
    }

    /// Captions of the first `count` values as the model reads them.
    fn captions(&self, count: usize) -> Tensor<2, Int> {
        if self.captioned {
            return captions(count);
        }
        captions_of_classes(self.batch(count, 0).labels.expect("values of classes"))
    }

    fn keep(&self, falls: Option<(&str, u64, f64)>) {
        if let Some((name, within, to)) = falls {
            self.loss_falls(name, within, to);
        }
        self.every_weight_is_trained();
        self.same_seed_same_scalars();
        self.resumed_equals_uninterrupted();
        self.looking_changes_nothing();
        self.samples_depend_on_seed_number_and_condition_only();
        self.codes_and_reconstructions_have_the_right_shape();
    }

    fn model(&self, seed: u64) -> Box<dyn Train> {
        let context = context(self.space);
        let words = context.words.filter(|_| self.captioned);
        let context = InitContext { seed: Seed(seed), words, ..context };
        (self.build)(&context).expect("the model fits its data")
    }

    fn steps(
        &self,
        model: &mut dyn Train,
        range: std::ops::Range<u64>,
    ) -> Vec<Vec<(&'static str, f64)>> {
        range.map(|step| model.step(&self.batch(8, step * 8), progress(step)).read()).collect()
    }

    fn in_range(&self, values: &[f32]) {
        let inside = |v: &f32| match self.space.range {
            Range::Unit => (0.0..=1.0).contains(v),
            Range::Real => v.is_finite(),
        };
        assert!(values.iter().all(inside), "values leave their space");
    }

    fn loss_falls(&self, name: &str, within: u64, to: f64) {
        let mut model = self.model(5);
        let losses: Vec<f64> =
            self.steps(model.as_mut(), 0..within).iter().map(|s| scalar(s, name)).collect();
        let tail = &losses[losses.len() - 5..];
        let (first, last) = (losses[0], tail.iter().sum::<f64>() / tail.len() as f64);
        assert!(last < first * to, "{name} went from {first} to {last} in {within} steps");
    }

    fn every_weight_is_trained(&self) {
        let mut model = self.model(5);
        let before = trained::weights(model.as_ref());
        // What stands behind a layer of zeros moves once that layer has.
        self.steps(model.as_mut(), 0..4);
        trained::every_weight_has_moved(&before, &trained::weights(model.as_ref()));
    }

    fn same_seed_same_scalars(&self) {
        let run = |seed| self.steps(self.model(seed).as_mut(), 0..4);
        assert_eq!(run(1), run(1), "two runs of one seed differ");
        assert_ne!(run(1), run(2), "two seeds give the same run");
    }

    fn resumed_equals_uninterrupted(&self) {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut whole = self.model(5);
        self.steps(whole.as_mut(), 0..3);
        let state = CheckpointState { step: 3, ..CheckpointState::default() };
        let path = checkpoint::save(folder.path(), whole.as_ref(), state).expect("saved");
        let expected = self.steps(whole.as_mut(), 3..6);

        // Another seed: nothing of the initial weights may survive the restore.
        let mut resumed = self.model(99);
        let state =
            checkpoint::restore(&path, resumed.as_mut(), &Device::flex()).expect("restored");
        assert_eq!(state.step, 3);
        assert_eq!(self.steps(resumed.as_mut(), 3..6), expected, "a resumed run differs");
        // Scalars say nothing of the last step; a checkpoint's sums of weights, averages and memory do.
        let sums = |name: &str, model: &dyn Train| {
            let folder = folder.path().join(name);
            let path = checkpoint::save(&folder, model, CheckpointState::default());
            fs::read_to_string(path.expect("saved").join("MANIFEST")).expect("a manifest")
        };
        let (expected, resumed) =
            (sums("whole", whole.as_ref()), sums("resumed", resumed.as_ref()));
        assert_eq!(expected, resumed, "a resumed run keeps another state");
    }

    fn looking_changes_nothing(&self) {
        let mut plain = self.model(5);
        let mut watched = self.model(5);
        let batch = self.batch(8, 0);
        for step in 0..4 {
            let expected = self.steps(plain.as_mut(), step..step + 1);
            let frozen = watched.freeze();
            let before = frozen.objective(&batch, noise(3)).read();
            if let Some(sampler) = frozen.sampler() {
                drop(sampler.sample(&request(frozen.as_ref(), self.space, 8, 2)));
            }
            self.look(frozen.as_ref());
            let seen = self.steps(watched.as_mut(), step..step + 1);
            assert_eq!(seen, expected, "looking changed training");
            let after = frozen.objective(&batch, noise(3)).read();
            assert_eq!(before, after, "training moved a frozen model");
        }
    }

    /// Everything else that an evaluation draws or computes.
    fn look(&self, frozen: &dyn Generative) {
        let (values, told) = (batch(self.space, 2, 0).values, told(frozen, self.space, 2));
        if let Some(reconstructor) = frozen.reconstructor() {
            drop(reconstructor.reconstruct(values.clone(), &told));
        }
        if let Some(encoder) = frozen.encoder() {
            drop(encoder.encode(values.clone(), &told));
        }
        if let Some(density) = frozen.density() {
            drop(density.negative_elbo(values.clone(), &told, noise(5), 0));
            drop(density.log_weights(values.clone(), &told, noise(5), 0, 0..3));
        }
        if let Some(likelihood) = frozen.likelihood() {
            drop(likelihood.log_likelihood(values.clone(), &told));
        }
        if let Some(estimate) = frozen.likelihood_estimate() {
            drop(estimate.log_likelihood(values.clone(), &told, 1, noise(5), 0));
        }
        if let Some(classifier) = frozen.classifier() {
            drop(classifier.classify(values.clone()));
            drop(classifier.attended(values.clone()));
        }
        if let Some(aligner) = frozen.aligner() {
            drop(aligner.captions(self.captions(2)));
            drop(aligner.values(values.clone()));
        }
        if let Some(describer) = frozen.describer() {
            drop(describer.describe(values.clone()));
            drop(describer.matching(values.clone(), captions(2)));
            drop(describer.attended(values.clone(), captions(2)));
        }
        if let Some(segmenter) = frozen.segmenter() {
            drop(segmenter.segment(values.clone(), &objects::asked(2)));
        }
        if let Some(grounder) = frozen.grounder() {
            drop(grounder.ground(values.clone(), captions(2), objects::words(2)));
        }
        if let Some(inverter) = frozen.inverter() {
            drop(inverter.invert(values, &told));
        }
    }

    fn samples_depend_on_seed_number_and_condition_only(&self) {
        let size = self.space.shape.pixels();
        let mut model = self.model(5);
        self.steps(model.as_mut(), 0..6);
        let frozen = model.freeze();
        let Some(sampler) = frozen.sampler() else { return };
        let asked = request(frozen.as_ref(), self.space, 1, 5);
        let whole = sampler.sample(&asked);
        assert_eq!(whole.dims(), self.space.shape.batch(5));
        let whole = host(whole);
        self.in_range(&whole);
        assert_eq!(whole, host(sampler.sample(&asked)), "the same request gave other samples");
        if let Some(way) = sampler.trajectory(&asked, 4) {
            let last = host(way.last().expect("a way has an end").clone());
            assert_eq!(whole, last, "the way to a sample ends elsewhere");
        }
        if let Some(way) = sampler.flow(&asked) {
            self.in_range(&host(way.last().expect("a way has an end").clone()));
        }
        let other = SampleRequest { seed: Seed(2), ..asked.clone() };
        assert_ne!(whole, host(sampler.sample(&other)), "two seeds give the same samples");
        let part = host(sampler.sample(&asked.part(3..5)));
        for (a, b) in whole[3 * size..].iter().zip(&part) {
            assert!((a - b).abs() < 1e-4, "a sample depends on its batch: {a} and {b}");
        }
        if frozen.conditions().classes.is_some() {
            let other = Condition::of_classes(&[9; 5], &Device::flex());
            let other = SampleRequest { condition: other, ..asked.clone() };
            let other = host(sampler.sample(&other));
            assert_ne!(whole, other, "samples do not depend on what is told about them");
        }
        if frozen.conditions().captions.is_some() {
            let other = Condition::of_captions(captions(9).narrow(0, 4, 5));
            let other = SampleRequest { condition: other, ..asked.clone() };
            let other = host(sampler.sample(&other));
            assert_ne!(whole, other, "samples do not depend on what is told about them");
        }
        if let Some(kind) = frozen.conditions().control {
            let others = batch(self.space, 9, 0).values.narrow(0, 4, 5);
            let other = Condition { control: Some(kind.of(others)), ..asked.condition.clone() };
            let other = SampleRequest { condition: other, ..asked.clone() };
            let other = host(sampler.sample(&other));
            assert_ne!(whole, other, "samples do not depend on what is told about them");
        }
        if let Some(factor) = frozen.conditions().low_resolution {
            let others = batch(self.space, 9, 0).values.narrow(0, 4, 5);
            let other = Condition::of_low_resolution(LowResolution::of(others, factor));
            let other = SampleRequest { condition: other, ..asked.clone() };
            let other = host(sampler.sample(&other));
            assert_ne!(whole, other, "samples do not depend on what is told about them");
        }
        if frozen.conditions().optional {
            let untold = SampleRequest { condition: Condition::default(), ..asked.clone() };
            let untold = host(sampler.sample(&untold));
            self.in_range(&untold);
            assert_ne!(whole, untold, "untold samples are those of some class");
        }
        if sampler.is_guided() {
            let guided =
                |guidance| host(sampler.sample(&SampleRequest { guidance, ..asked.clone() }));
            assert_eq!(whole, guided(None), "the configured strength is another than itself");
            assert_ne!(guided(Some(1.0)), guided(Some(3.0)), "guidance does nothing");
        }
    }

    fn codes_and_reconstructions_have_the_right_shape(&self) {
        let size = self.space.shape.pixels();
        let frozen = self.model(5).freeze();
        let (x, told) = (batch(self.space, 3, 0).values, told(frozen.as_ref(), self.space, 3));
        if let Some(reconstructor) = frozen.reconstructor() {
            let again = reconstructor.reconstruct(x.clone(), &told);
            assert_eq!(again.dims(), x.dims());
            self.in_range(&host(again));
        }
        if let (Some(encoder), Some(decoder)) = (frozen.encoder(), frozen.decoder()) {
            let codes = encoder.encode(x.clone(), &told);
            assert_eq!(codes.mean.dims(), [3, decoder.latent_dim()]);
            assert_eq!(decoder.decode(codes.mean, &told).dims(), x.dims());
        }
        if let Some(density) = frozen.density() {
            for term in density.negative_elbo(x.clone(), &told, noise(0), 0) {
                assert_eq!(term.nats.dims(), [3]);
            }
            importance_weights_own_their_noise(density, &x, &told);
        }
        if let Some(likelihood) = frozen.likelihood() {
            let whole = host(likelihood.log_likelihood(x.clone(), &told));
            assert!(whole.len() == 3 && whole.iter().all(|v| v.is_finite()), "{whole:?}");
            let part = host(likelihood.log_likelihood(x.clone().narrow(0, 1, 1), &told.rows(1..2)));
            assert!((whole[1] - part[0]).abs() < 1e-3, "a likelihood depends on its batch");
        }
        if let Some(estimate) = frozen.likelihood_estimate() {
            let found = |x, told: &Condition, first| {
                host(estimate.log_likelihood(x, told, 1, noise(5), first))
            };
            let whole = found(x.clone(), &told, 4);
            assert!(whole.len() == 3 && whole.iter().all(|v| v.is_finite()), "{whole:?}");
            let part = found(x.clone().narrow(0, 1, 1), &told.rows(1..2), 5);
            let apart = (whole[1] - part[0]).abs() / size as f32;
            assert!(apart < 1e-3, "an estimate depends on its batch: {whole:?} and {part:?}");
        }
        if let Some(classifier) = frozen.classifier() {
            classes_are_told_value_by_value(classifier, &x);
        }
        if let Some(aligner) = frozen.aligner() {
            vectors_are_of_length_one_row_by_row(aligner, &x, &self.captions(3));
        }
        if let Some(describer) = frozen.describer() {
            values_are_described_one_by_one(describer, &x);
        }
        if let Some(segmenter) = frozen.segmenter() {
            masks_are_cut_value_by_value(segmenter, &x);
        }
        if let Some(grounder) = frozen.grounder() {
            phrases_are_found_value_by_value(grounder, &x);
        }
        if let Some(inverter) = frozen.inverter() {
            let whole = host(inverter.invert(x.clone(), &told));
            assert_eq!(whole.len(), 3 * size);
            self.in_range(&whole);
            let last = host(inverter.invert(x.narrow(0, 2, 1), &told.rows(2..3)));
            for (a, b) in whole[2 * size..].iter().zip(&last) {
                // Hundreds of steps amplify what a product rounds differently for another batch size.
                assert!((a - b).abs() < 1e-2, "an inversion depends on its batch: {a} and {b}");
            }
        }
        assert!(frozen.num_params() > 0);
    }

    fn one_step(&self) {
        let space = self.space;
        let mut model = self.model(5);
        let scalars = model.step(&self.batch(2, 0), progress(0)).read();
        assert!(scalars.iter().all(|(_, v)| v.is_finite()), "{space:?}: {scalars:?}");
        let frozen = model.freeze();
        let values = match (frozen.sampler(), frozen.decoder()) {
            (Some(sampler), _) => sampler.sample(&request(frozen.as_ref(), self.space, 0, 2)),
            (None, Some(decoder)) => {
                let codes = Tensor::zeros([2, decoder.latent_dim()], &Device::flex());
                decoder.decode(codes, &told(frozen.as_ref(), self.space, 2))
            }
            (None, None) => {
                if let Some(classifier) = frozen.classifier() {
                    classes_are_told_value_by_value(classifier, &batch(space, 2, 0).values);
                }
                if let Some(segmenter) = frozen.segmenter() {
                    masks_are_cut_value_by_value(segmenter, &batch(space, 2, 0).values);
                }
                if let Some(grounder) = frozen.grounder() {
                    phrases_are_found_value_by_value(grounder, &batch(space, 2, 0).values);
                }
                return;
            }
        };
        assert_eq!(values.dims(), space.shape.batch(2));
    }
}
