//! How to get from one time to the next: from x_t to x_s with s < t, by asking a denoiser.

mod ancestral;
mod ddim;
mod euler;
mod heun;

use crate::schedule::Moment;
use burn::tensor::Tensor;
use genlab_core::{
    Check, Fault,
    settings::{at_most, non_negative},
};
use serde::{Deserialize, Serialize};

/// The rule of a step, one file each.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Solver {
    /// Song et al. 2021 (arXiv:2010.02502): deterministic given the starting noise where eta is 0.
    Ddim {
        /// η: how much of a step's noise is fresh; 1 is as much as the ancestral sampler's.
        #[serde(default)]
        eta: f64,
    },
    /// Fresh noise at each step with the posterior's variance, as in DDPM.
    Ancestral,
    /// Euler's method for the probability-flow ODE.
    Euler,
    /// Heun's method for it: two calls a step, and an error of second order.
    Heun,
}

impl Default for Solver {
    fn default() -> Self {
        Self::Ddim { eta: 0.0 }
    }
}

impl Check for Solver {
    fn check(&self) -> Result<(), Fault> {
        let Self::Ddim { eta } = self else { return Ok(()) };
        non_negative("eta", *eta)?;
        at_most("eta", *eta, 1.0)
    }
}

/// What a solver may ask for: the denoiser's x̂_0, and fresh noise.
pub struct Oracle<'a> {
    start: &'a dyn Fn(Tensor<4>, Moment) -> Tensor<4>,
    fresh: &'a dyn Fn(u64) -> Tensor<4>,
    step: u64,
    calls: usize,
}

impl<'a> Oracle<'a> {
    /// `start` gives x̂_0 of x_t; `fresh` standard normal noise of x_t's shape for the step of a number.
    pub fn new(
        start: &'a dyn Fn(Tensor<4>, Moment) -> Tensor<4>,
        fresh: &'a dyn Fn(u64) -> Tensor<4>,
    ) -> Self {
        Self { start, fresh, step: 0, calls: 0 }
    }

    /// x̂_0 of `x_t` at that moment.
    pub fn start(&mut self, x_t: Tensor<4>, at: Moment) -> Tensor<4> {
        self.calls += 1;
        (self.start)(x_t, at)
    }

    /// Noise that belongs to this step.
    pub fn fresh(&self) -> Tensor<4> {
        (self.fresh)(self.step)
    }

    /// How often x̂_0 was asked for.
    pub fn calls(&self) -> usize {
        self.calls
    }
}

impl Solver {
    /// One step, from `x_t` `[B, C, H, W]` at `from` to `to`, which is nearer to the data.
    pub fn step(
        self,
        x_t: Tensor<4>,
        from: Moment,
        to: Moment,
        oracle: &mut Oracle<'_>,
    ) -> Tensor<4> {
        match self {
            Self::Ddim { eta } => ddim::step(eta, x_t, from, to, oracle),
            Self::Ancestral => ancestral::step(x_t, from, to, oracle),
            Self::Euler => euler::step(x_t, from, to, oracle),
            Self::Heun => heun::step(x_t, from, to, oracle),
        }
    }

    /// Steps through all `moments`, from noise to sample, and shows every x to `see`.
    pub fn solve(
        self,
        noise: Tensor<4>,
        moments: &[Moment],
        oracle: &mut Oracle<'_>,
        mut see: impl FnMut(usize, &Tensor<4>),
    ) -> Tensor<4> {
        let mut x = noise;
        see(0, &x);
        for (index, pair) in moments.windows(2).enumerate() {
            oracle.step = index as u64;
            x = self.step(x, pair[0], pair[1], oracle);
            see(index + 1, &x);
        }
        x
    }
}

/// ε̂ that belongs to x_t and x̂_0: (x_t − α x̂_0) / σ.
fn noise_of(x_t: Tensor<4>, start: Tensor<4>, at: Moment) -> Tensor<4> {
    (x_t - start * at.alpha) / at.sigma
}
