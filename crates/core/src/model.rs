//! The two traits everything hangs on: a model in training, and a frozen model.

use crate::{
    batch::{Batch, Progress},
    noise::{Noise, Phase, STARTING_NOISE, Seed},
    scalars::Scalars,
    shape::ImageShape,
    state::{CheckpointError, StateReader, StateWriter},
};
use burn::tensor::{Device, Tensor};
use std::ops::Range;

/// What a model's config needs to know to build it.
#[derive(Clone, Debug)]
pub struct InitContext {
    /// Size of every image of the run.
    pub shape: ImageShape,
    /// Number of classes, where the dataset has labels.
    pub classes: Option<usize>,
    /// The plain device (no autodiff) that holds data and parameters.
    pub device: Device,
    /// The run's seed.
    pub seed: Seed,
}

/// A model in training: everything one optimisation step mutates.
pub trait Train: Send {
    /// One optimisation step on one batch. The scalars it returns stay on the device, off the
    /// graph: a step never reads the device.
    fn step(&mut self, batch: &Batch, at: Progress) -> Scalars;

    /// A snapshot for evaluation, with averaged weights where the model keeps them. It shares no
    /// state with the model in training.
    fn freeze(&self) -> Box<dyn Generative>;

    /// Writes everything that a later step depends on.
    fn state(&self, out: &mut StateWriter);

    /// Puts back what [`Train::state`] wrote.
    ///
    /// # Errors
    /// Names the entry that is missing or has another shape.
    fn restore(&mut self, from: &mut StateReader) -> Result<(), CheckpointError>;
}

/// A frozen model. Capabilities are discovered, not assumed.
pub trait Generative: Send + Sync {
    /// Trained parameters, all networks together.
    fn num_params(&self) -> usize;

    /// The training objective on a batch, for validation curves. Draws nothing but `noise` at the
    /// batch's rows.
    fn objective(&self, batch: &Batch, noise: Noise) -> Scalars;

    /// Draws images from noise.
    fn sampler(&self) -> Option<&dyn Sample> {
        None
    }
    /// Maps images to themselves through a bottleneck.
    fn reconstructor(&self) -> Option<&dyn Reconstruct> {
        None
    }
    /// Maps images to codes.
    fn encoder(&self) -> Option<&dyn Encode> {
        None
    }
    /// Maps codes to images.
    fn decoder(&self) -> Option<&dyn Decode> {
        None
    }
    /// A bound on log p(x).
    fn density(&self) -> Option<&dyn Density> {
        None
    }
    /// Gives images back by searching the noise they come from.
    fn inverter(&self) -> Option<&dyn Invert> {
        None
    }
}

/// Which samples to draw, and how.
#[derive(Clone, Copy, Debug)]
pub struct SampleRequest {
    /// Seed of the noise. Samples depend on it and on their number alone.
    pub seed: Seed,
    /// Number of the first sample.
    pub first: u64,
    /// How many samples.
    pub count: usize,
    /// Network evaluations to spend, for samplers that can choose; None: the configured number.
    pub steps: Option<usize>,
}

impl SampleRequest {
    /// The first `count` samples of `seed`.
    pub fn new(seed: Seed, count: usize) -> Self {
        Self { seed, first: 0, count, steps: None }
    }

    /// The noise that these samples are made of.
    pub fn noise(&self) -> Noise {
        self.seed.during(Phase::Sample)
    }

    /// The rows of noise that these samples own.
    pub fn rows(&self) -> Range<u64> {
        self.first..self.first + self.count as u64
    }

    /// The noise that these samples grow from, standard normal, of `shape` `[count, ..]`: the same for
    /// every model whose samples grow from rows of that shape.
    #[track_caller]
    pub fn starting_noise<const D: usize>(&self, shape: [usize; D], device: &Device) -> Tensor<D> {
        self.noise().normal(STARTING_NOISE, 0, self.rows(), shape, device)
    }
}

/// Draws images from noise.
pub trait Sample {
    /// `[count, C, H, W]` in [0, 1]; image i depends on the seed and `first + i` alone.
    fn sample(&self, request: &SampleRequest) -> Tensor<4>;

    /// Network evaluations per sample.
    fn network_calls(&self, request: &SampleRequest) -> usize;

    /// At most `frames` images along the way from noise to sample, each `[count, C, H, W]` in
    /// [0, 1], where there is such a way.
    fn trajectory(&self, _request: &SampleRequest, _frames: usize) -> Option<Vec<Tensor<4>>> {
        None
    }
}

/// Maps images to themselves through a bottleneck.
pub trait Reconstruct {
    /// Images `[B, C, H, W]` in [0, 1] to their mean reconstructions, same shape and range, no noise.
    fn reconstruct(&self, images: Tensor<4>) -> Tensor<4>;
}

/// Gives images back by searching the noise that a sampler turns into them: what a model without an
/// encoder can do instead of encoding, at the cost of many network calls.
pub trait Invert {
    /// How, for labels: "DDIM inversion in 50 steps".
    fn method(&self) -> String;

    /// Images `[B, C, H, W]` in [0, 1] to the nearest that the search finds, same shape and range.
    /// Each image is searched for by itself: the batch matters to rounding alone, though many steps
    /// amplify that.
    fn invert(&self, images: Tensor<4>) -> Tensor<4>;
}

/// A batch of codes.
#[derive(Clone, Debug)]
pub struct Codes {
    /// `[B, L]`: the code, or the posterior's mean.
    pub mean: Tensor<2>,
    /// `[B, L]`: the log-variance of a Gaussian posterior, where there is one.
    pub log_var: Option<Tensor<2>>,
}

/// Maps images to codes.
pub trait Encode {
    /// Images `[B, C, H, W]` in [0, 1] to codes.
    fn encode(&self, images: Tensor<4>) -> Codes;

    /// Whether units are meant to be off for most images, so that sparsity is worth reporting.
    fn is_sparse(&self) -> bool {
        false
    }
}

/// Maps codes to images.
pub trait Decode {
    /// Size of a code.
    fn latent_dim(&self) -> usize;

    /// Codes `[B, L]` to images `[B, C, H, W]` in [0, 1].
    fn decode(&self, codes: Tensor<2>) -> Tensor<4>;
}

/// How a likelihood reads pixels, which decides what a bound is comparable with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Observation {
    /// Bernoulli pixels: a likelihood on binarised images; on grey images a cross-entropy.
    Bernoulli,
    /// A density of real-valued pixels in [0, 1].
    Gaussian,
}

/// One named, non-negative-by-convention term of −log p's bound: `[B]`, nats per image.
#[derive(Clone, Debug)]
pub struct Term {
    /// `reconstruction`, `kl`, ...
    pub name: &'static str,
    /// `[B]` nats per image.
    pub nats: Tensor<1>,
}

/// A bound on log p(x).
pub trait Density {
    /// How pixels are read.
    fn observation(&self) -> Observation;

    /// The terms whose sum is −ELBO for each image `[B, C, H, W]`. Image i uses row
    /// `first + i` of `noise`.
    fn negative_elbo(&self, images: Tensor<4>, noise: Noise, first: u64) -> Vec<Term>;

    /// ln p(x | z) + ln p(z) − ln q(z | x) for the draws of the given numbers, `[B, draws]` nats, where
    /// the bound comes from a posterior that can be drawn from. Draw k of image i uses noise row
    /// `first + i` at step k. Draws are decoded one after the other, so memory grows with their
    /// number by B floats each.
    fn log_weights(
        &self,
        _images: Tensor<4>,
        _noise: Noise,
        _first: u64,
        _draws: Range<u64>,
    ) -> Option<Tensor<2>> {
        None
    }
}
