//! How to get from one time to the next: from x_t to x_s with s < t, by asking a denoiser.

mod ancestral;
mod ddim;
mod dpmpp_2m;
mod euler;
mod euler_ancestral;
mod heun;
mod mean_flow;

pub use ancestral::Variance;
pub(crate) use ddim::posterior;

use crate::schedule::Moment;
use burn::tensor::Tensor;
use genlab_core::{
    Check, Fault,
    settings::{at_most, non_negative},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The rule of a step, one file each.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Solver {
    /// Song et al. 2021 (arXiv:2010.02502): deterministic given the starting noise where eta is 0.
    Ddim {
        /// η: how much of a step's noise is fresh; 1 is as much as the ancestral sampler's.
        #[serde(default)]
        eta: f64,
    },
    /// Fresh noise at each step, as in DDPM.
    Ancestral {
        /// How much.
        #[serde(default)]
        variance: Variance,
    },
    /// Euler's method for the probability-flow ODE.
    Euler,
    /// Euler's method down to less noise, and fresh noise: that of k-diffusion.
    EulerAncestral {
        /// η, from 0 for none to 1.
        #[serde(default = "all")]
        eta: f64,
    },
    /// Heun's method for it: two calls a step, and an error of second order.
    Heun,
    /// DPM-Solver++ of second order that remembers one step; with fresh noise SDE-DPM-Solver++(2M) (Lu et
    /// al. 2022, arXiv:2211.01095). One call a step.
    #[serde(rename = "dpmpp-2m")]
    Dpmpp2m {
        /// η: 0 solves the probability-flow ODE, 1 the SDE.
        #[serde(default)]
        eta: f64,
    },
    /// One step along the average velocity, of a network that knows it (objective "mean-flow").
    MeanFlow,
}

/// The η of solvers whose name says that noise is fresh.
fn all() -> f64 {
    1.0
}

impl Default for Solver {
    fn default() -> Self {
        Self::Dpmpp2m { eta: 1.0 }
    }
}

impl Check for Solver {
    fn check(&self) -> Result<(), Fault> {
        match self {
            Self::Ddim { eta } | Self::EulerAncestral { eta } | Self::Dpmpp2m { eta } => {
                non_negative("eta", *eta)?;
                at_most("eta", *eta, 1.0)
            }
            Self::Ancestral { .. } | Self::Euler | Self::Heun | Self::MeanFlow => Ok(()),
        }
    }
}

/// Of x_t, from one moment to another, nearer to the data.
type AskMeanVelocity<'a> = &'a dyn Fn(Tensor<4>, Moment, Moment) -> Tensor<4>;

/// v of the x_t whose x̂_0 was asked for last.
type AskVariance<'a> = &'a dyn Fn() -> Tensor<4>;

/// What a solver may ask for: the denoiser's x̂_0, now and as it was a step ago, and fresh noise.
pub struct Oracle<'a> {
    start: &'a dyn Fn(Tensor<4>, Moment) -> Tensor<4>,
    fresh: &'a dyn Fn(u64) -> Tensor<4>,
    mean_velocity: Option<AskMeanVelocity<'a>>,
    variance: Option<AskVariance<'a>>,
    step: u64,
    calls: usize,
    // The first x̂_0 of this step and of the one before.
    first: Option<(Moment, Tensor<4>)>,
    before: Option<(Moment, Tensor<4>)>,
}

impl<'a> Oracle<'a> {
    /// `start` gives x̂_0 of x_t; `fresh` standard normal noise of x_t's shape for the step of a number.
    pub fn new(
        start: &'a dyn Fn(Tensor<4>, Moment) -> Tensor<4>,
        fresh: &'a dyn Fn(u64) -> Tensor<4>,
    ) -> Self {
        Self {
            start,
            fresh,
            mean_velocity: None,
            variance: None,
            step: 0,
            calls: 0,
            first: None,
            before: None,
        }
    }

    /// The same for a network that says which variance a step has: v, from 0 for the smaller fixed one to 1 for the
    /// larger, of the x_t that x̂_0 was last asked of.
    #[must_use]
    pub fn with_variance(self, variance: AskVariance<'a>) -> Self {
        Self { variance: Some(variance), ..self }
    }

    /// The same for a network that knows average velocities.
    #[must_use]
    pub fn with_mean_velocity(self, mean_velocity: AskMeanVelocity<'a>) -> Self {
        Self { mean_velocity: Some(mean_velocity), ..self }
    }

    fn begin(&mut self, step: u64) {
        self.step = step;
        self.before = self.first.take();
    }

    /// x̂_0 of `x_t` at that moment.
    fn start(&mut self, x_t: Tensor<4>, at: Moment) -> Tensor<4> {
        self.calls += 1;
        let start = (self.start)(x_t, at);
        self.first.get_or_insert_with(|| (at, start.clone()));
        start
    }

    /// The average velocity from `x_t` at `from` to `to`.
    fn mean_velocity(&mut self, x_t: Tensor<4>, from: Moment, to: Moment) -> Tensor<4> {
        self.calls += 1;
        let mean_velocity = self.mean_velocity.expect("given to the one solver that asks for it");
        mean_velocity(x_t, from, to)
    }

    /// v of the x_t of this step.
    fn variance(&self) -> Tensor<4> {
        self.variance.expect("given to the one solver that asks for it")()
    }

    /// The x̂_0 that the step before began with, and when that was; None in the first step.
    fn before(&self) -> Option<(Moment, Tensor<4>)> {
        self.before.clone()
    }

    /// Noise that belongs to this step.
    fn fresh(&self) -> Tensor<4> {
        (self.fresh)(self.step)
    }

    /// How often x̂_0 or an average velocity was asked for.
    pub fn calls(&self) -> usize {
        self.calls
    }
}

impl Solver {
    /// One step, from `x_t` `[B, C, H, W]` at `from` to `to`, which is nearer to the data.
    fn step(self, x_t: Tensor<4>, from: Moment, to: Moment, oracle: &mut Oracle<'_>) -> Tensor<4> {
        match self {
            Self::Ddim { eta } => ddim::step(eta, x_t, from, to, oracle),
            Self::Ancestral { variance } => ancestral::step(variance, x_t, from, to, oracle),
            Self::Euler => euler::step(x_t, from, to, oracle),
            Self::EulerAncestral { eta } => euler_ancestral::step(eta, x_t, from, to, oracle),
            Self::Heun => heun::step(x_t, from, to, oracle),
            Self::MeanFlow => mean_flow::step(x_t, from, to, oracle),
            Self::Dpmpp2m { eta } => dpmpp_2m::step(eta, x_t, from, to, oracle),
        }
    }

    /// The same without fresh noise.
    pub(crate) fn without_noise(self) -> Self {
        match self {
            Self::Ddim { .. } | Self::Ancestral { .. } => Self::Ddim { eta: 0.0 },
            Self::EulerAncestral { .. } => Self::Euler,
            Self::Dpmpp2m { .. } => Self::Dpmpp2m { eta: 0.0 },
            Self::Euler | Self::Heun | Self::MeanFlow => self,
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
            oracle.begin(index as u64);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        schedule::{Schedule, ScheduleConfig},
        spacing::Spacing,
    };
    use burn::tensor::Device;

    #[test]
    fn without_noise_every_solver_draws_none_and_a_deterministic_one_is_itself() {
        let moments = Spacing::Trailing.moments(&Schedule::new(ScheduleConfig::FLOW), 6);
        let x = || Tensor::<4>::full([1, 1, 1, 1], 0.7, &Device::flex());
        let start = |x: Tensor<4>, _| x.sin();
        let fresh = |_| panic!("it draws");
        let solved = |solver: Solver| {
            let mut oracle = Oracle::new(&start, &fresh);
            let x = solver.solve(x(), &moments, &mut oracle, |_, _| ());
            x.into_data().try_into_vec::<f32>().expect("f32")[0]
        };
        let noisy = [
            (Solver::Ddim { eta: 1.0 }, Solver::Ddim { eta: 0.0 }),
            (Solver::Ancestral { variance: Variance::FixedLarge }, Solver::Ddim { eta: 0.0 }),
            (Solver::EulerAncestral { eta: 1.0 }, Solver::Euler),
            (Solver::Dpmpp2m { eta: 1.0 }, Solver::Dpmpp2m { eta: 0.0 }),
        ];
        for (solver, twin) in noisy {
            assert!((solved(solver.without_noise()) - solved(twin)).abs() < 1e-6, "{solver:?}");
            assert_eq!(twin.without_noise(), twin);
        }
        assert_eq!(Solver::Heun.without_noise(), Solver::Heun);
    }
}
