//! Drawing values from noise.

use crate::{
    condition::Condition,
    noise::{Noise, Phase, STARTING_NOISE, Seed},
};
use burn::tensor::{Device, Tensor};
use std::ops::Range;

/// Which samples to draw, and how.
#[derive(Clone, Debug)]
pub struct SampleRequest {
    /// Seed of the noise. Samples depend on it, on their number and on what is told about them.
    pub seed: Seed,
    /// Number of the first sample.
    pub first: u64,
    /// How many samples.
    pub count: usize,
    /// Steps to spend, for samplers that can choose; None: the configured number.
    pub steps: Option<usize>,
    /// What is told about each of them.
    pub condition: Condition,
    /// How strongly samples are pushed towards their condition, for samplers that can: 1 draws from the
    /// conditional model as it is; None: the configured strength.
    pub guidance: Option<f64>,
}

impl SampleRequest {
    /// The first `count` samples of `seed`, about which nothing is told.
    pub fn new(seed: Seed, count: usize) -> Self {
        let condition = Condition::default();
        Self { seed, first: 0, count, steps: None, condition, guidance: None }
    }

    /// The samples from number `rows.start` on, of as many as this request has.
    #[must_use]
    pub fn part(&self, rows: Range<usize>) -> Self {
        Self {
            first: self.first + rows.start as u64,
            count: rows.len(),
            condition: self.condition.rows(rows),
            ..self.clone()
        }
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

/// Draws values from noise.
pub trait Sample {
    /// `[count, C, H, W]` values of the dataset's space; value i depends on the seed, on `first + i` and
    /// on what is told about it alone.
    fn sample(&self, request: &SampleRequest) -> Tensor<4>;

    /// Network evaluations per sample.
    fn network_calls(&self, request: &SampleRequest) -> usize;

    /// Whether samples can be pushed towards their condition.
    fn is_guided(&self) -> bool {
        false
    }

    /// The codes `[count, L]` that these samples are decoded from, where the model has a prior of its own to draw
    /// them from.
    fn codes(&self, _request: &SampleRequest) -> Option<Tensor<2>> {
        None
    }

    /// The standard normal noise of these samples, `[count, C, H, W]` each, where no code stands for it: what they grow
    /// from, and after it that of every step, of a sampler whose steps may add some.
    fn standard_noise(&self, _request: &SampleRequest) -> Option<Vec<Tensor<4>>> {
        None
    }

    /// At most `frames` moments on the way from noise to sample, each `[count, C, H, W]` in the
    /// dataset's space, where there is such a way.
    fn trajectory(&self, _request: &SampleRequest, _frames: usize) -> Option<Vec<Tensor<4>>> {
        None
    }

    /// The same without fresh noise on the way, all along which samples follow from where they begin: every moment.
    fn flow(&self, _request: &SampleRequest) -> Option<Vec<Tensor<4>>> {
        None
    }
}
