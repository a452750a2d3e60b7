//! The short way: a dataset, and models that are trained and scored on it.

use burn::tensor::Device;
use genlab_core::{
    Fault, Generative, InitContext, NoRuns, SampleRequest, Seed, Start, Train,
    checkpoint::CheckpointState,
    trainer::{self, Flow, Line, Observer, Outcome, Plan, Precision},
};
use genlab_data::{BatchStream, DataError, Dataset, LoadOptions, Values};
use genlab_metrics::{
    Judge,
    features::host,
    findings::Findings,
    measures::sets::{
        self,
        measure::SetMeasure,
        pair::{ImageSet, Pair, ScoreSettings},
    },
    picture,
};
use genlab_report::{ReportError, png};
use std::{path::Path, sync::Arc};

/// Lines that training is told of, about.
const LINES: u64 = 20;
/// Samples per call of a network.
const CHUNK: usize = 100;

/// A dataset on the CPU, with the seed of everything that is drawn.
pub struct Lab {
    /// What models are trained on and samples are held against.
    pub dataset: Dataset,
    /// Of initial weights, the order of values, all noise.
    pub seed: Seed,
    /// Values per step.
    pub batch_size: usize,
    device: Device,
}

/// What can go wrong: one sentence.
#[derive(Debug, thiserror::Error)]
pub enum LabError {
    /// The dataset cannot be read.
    #[error(transparent)]
    Data(#[from] DataError),
    /// The model's settings do not fit the data.
    #[error(transparent)]
    Init(#[from] Fault),
    /// Training left the numbers.
    #[error("{scalar} was not a number in step {step}; try a smaller learning rate")]
    Diverged {
        /// In which step.
        step: u64,
        /// Which scalar.
        scalar: String,
    },
    /// An autoencoder by itself makes no samples.
    #[error(
        "this model has no sampler; `metrics::Evaluator` fits a density on the codes of one that decodes them"
    )]
    NoSampler,
    /// A picture cannot be written.
    #[error(transparent)]
    Picture(#[from] ReportError),
}

impl Lab {
    /// The dataset of that name, as after `bench-runner --dataset`, with seed 0 and batches of 32.
    ///
    /// # Errors
    /// When it cannot be found or read.
    pub fn open(dataset: &str) -> Result<Self, LabError> {
        let dataset = genlab_data::load(dataset, &LoadOptions::default())?;
        Ok(Self { dataset, seed: Seed(0), batch_size: 32, device: Device::flex() })
    }

    /// Trains what `build` makes for `budget` values, and freezes it. `watch` is told now and then where training
    /// stands: the means of its scalars since the line before, and the model.
    ///
    /// # Errors
    /// When the model does not fit the data, or diverges.
    pub fn train(
        &self,
        budget: u64,
        build: impl FnOnce(&InitContext) -> Result<Box<dyn Train>, Fault>,
        watch: impl FnMut(&Line<'_>, &dyn Train),
    ) -> Result<Box<dyn Generative>, LabError> {
        let mut model = build(&self.context(budget))?;
        let mut plan = Plan {
            seed: self.seed,
            batch_size: self.batch_size,
            total_images: budget,
            log_every: 1,
            precision: Precision::F32,
        };
        plan.log_every = (plan.total_steps() / LINES).max(1);
        let stream =
            BatchStream::new(&self.dataset.train, self.seed, self.batch_size, &self.device);
        let stream =
            if model.needs_objects() { stream.with_objects(&self.dataset.train) } else { stream };
        let batches = |step| stream.batch(step);
        let start = CheckpointState::default();
        let Ok(outcome) =
            trainer::train(model.as_mut(), &batches, &plan, start, &mut Watching(watch));
        match outcome {
            Outcome::Diverged { step, scalar } => Err(LabError::Diverged { step, scalar }),
            Outcome::Finished { .. } | Outcome::Stopped { .. } => Ok(model.freeze()),
        }
    }

    /// What a model of this data is built from.
    pub fn context(&self, budget: u64) -> InitContext {
        InitContext {
            space: self.dataset.space,
            classes: self.dataset.classes.as_ref().map(Vec::len),
            past: self.dataset.past(),
            words: self.dataset.words(),
            objects: self.dataset.objects(),
            total_images: budget,
            device: self.device.clone(),
            seed: self.seed,
            runs: Arc::new(NoRuns),
            start: Start::Fresh,
        }
    }

    /// The first `count` samples of the lab's seed, about which the model is told nothing.
    ///
    /// # Errors
    /// When the model cannot draw any.
    pub fn samples(&self, model: &dyn Generative, count: usize) -> Result<Values, LabError> {
        let sampler = model.sampler().ok_or(LabError::NoSampler)?;
        let request = SampleRequest::new(self.seed, count);
        let mut numbers = Vec::new();
        for first in (0..count).step_by(CHUNK) {
            let part = request.part(first..(first + CHUNK).min(count));
            numbers.extend(host::floats(sampler.sample(&part)));
        }
        Ok(host::kept(&numbers, self.dataset.space))
    }

    /// What these measures say of samples beside as many values of the test split, or all that it has.
    pub fn score(&self, samples: &Values, measures: &[&dyn SetMeasure]) -> Findings {
        let judge = Judge::for_dataset(&self.dataset.name, self.dataset.space.shape, &self.device);
        let read = |values: Values| ImageSet::new(values, judge.as_ref(), &self.device);
        let (samples, real) = (read(samples.clone()), read(self.dataset.test.take(samples.len())));
        let settings = ScoreSettings { seed: self.seed, split: "test", frechet_infinity: false };
        let pair = Pair::new(&samples, &real, settings).with_truth(self.dataset.truth.as_ref());
        sets::score_by(measures, &pair)
    }

    /// Writes values as a picture, nearly square.
    ///
    /// # Errors
    /// When there are none, or the file cannot be written.
    pub fn save_png(&self, values: &Values, path: impl AsRef<Path>) -> Result<(), LabError> {
        let columns = (values.len() as f64).sqrt().ceil() as usize;
        Ok(png::save_grid(path, &picture::raster(values, columns))?)
    }
}

/// Tells a function of every line, and keeps nothing.
struct Watching<F>(F);

impl<F: FnMut(&Line<'_>, &dyn Train)> Observer for Watching<F> {
    type Error = std::convert::Infallible;

    fn stepped(&mut self, _at: genlab_core::Progress, _seconds: f64) -> Flow {
        Flow::Continue
    }

    fn logged(&mut self, line: &Line<'_>, model: &dyn Train) -> Result<(), Self::Error> {
        (self.0)(line, model);
        Ok(())
    }

    fn save(&mut self, _state: CheckpointState, _model: &dyn Train) -> Result<(), Self::Error> {
        Ok(())
    }
}
