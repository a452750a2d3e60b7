//! The chain of steps back from noise to data as a distribution, and what it costs to tell a value by it: each step is
//! p(x_s | x_t) = N(μ̃(x_t, x̂_0), Σ), with μ̃ of q(x_s | x_t, x_0) and Σ between its two fixed variances (Nichol &
//! Dhariwal 2021, arXiv:2102.09672).

use crate::{
    process::vector,
    schedule::{Moment, Schedule},
    solver::posterior,
};
use burn::tensor::Tensor;
use genlab_core::Space;
use std::f64::consts::{FRAC_1_SQRT_2, TAU};

/// One step, from x_t to x_s.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    /// t.
    pub from: Moment,
    /// s, nearer to the data.
    pub to: Moment,
    /// ln β̃_t, where β̃_t is the variance of q(x_s | x_t, x_0). That is 0 in a step to the data themselves: there it is
    /// the one of the step before.
    pub ln_small: f64,
    /// ln β_t, where β_t is the variance of q(x_t | x_s).
    pub ln_large: f64,
    /// What μ̃ has of x_0.
    on_start: f64,
}

impl Step {
    /// ln Σ = v ln β_t + (1 − v) ln β̃_t (Eq. 15).
    pub fn ln_variance(&self, v: f64) -> f64 {
        v * self.ln_large + (1.0 - v) * self.ln_small
    }

    fn is_last(&self) -> bool {
        self.to.sigma == 0.0
    }
}

/// All steps between moments from noise to data.
pub fn chain(moments: &[Moment]) -> Vec<Step> {
    let mut before = None;
    let step = |pair: &[Moment]| {
        let (from, to) = (pair[0], pair[1]);
        let posterior = posterior(from, to);
        let ln_large = posterior.large.ln();
        let ln_small =
            if to.sigma > 0.0 { posterior.small.ln() } else { before.unwrap_or(ln_large) };
        before = Some(ln_small);
        Step { from, to, ln_small, ln_large, on_start: posterior.on_start }
    };
    moments.windows(2).map(step).collect()
}

/// The chain of every step of a schedule of discrete steps, that of step 1 first: L_vlb is about it. Empty in continuous
/// time.
pub(crate) fn whole(schedule: &Schedule) -> Vec<Step> {
    let total = schedule.steps().unwrap_or(0);
    let moments: Vec<Moment> =
        (0..=total).rev().map(|n| schedule.at(n as f64 / total.max(1) as f64)).collect();
    let mut steps = chain(&moments);
    steps.reverse();
    steps
}

/// v of what a network says of its variance: 0 is half way between the two in their logarithms, as in the paper's code.
pub(crate) fn learned(said: Tensor<4>) -> Tensor<4> {
    said * 0.5 + 0.5
}

/// ln Σ of every row at its step, for v `[B, C, H, W]`.
pub fn ln_variances(steps: &[Step], v: Tensor<4>) -> Tensor<4> {
    let small = per_row(&v, steps, |step| step.ln_small);
    let range = per_row(&v, steps, |step| step.ln_large - step.ln_small);
    v * range + small
}

/// What x_0 costs at every row's step, in nats, `[B]`: L_(t−1) = KL(q(x_s | x_t, x_0) ‖ p(x_s | x_t)), and in a step to
/// the data L_0 = −ln p(x_0 | x_t) (Eq. 4 to 7). `start` is x̂_0. Values of 256 levels lie `between` from each other, and
/// p is the share of their level (Eq. 13 of Ho et al. 2020, arXiv:2006.11239); others have a density.
pub fn costs(
    steps: &[Step],
    x_0: &Tensor<4>,
    start: Tensor<4>,
    ln_variance: Tensor<4>,
    levels: Option<Levels>,
) -> Tensor<1> {
    let sum = |nats: Tensor<4>| nats.flatten::<2>(1, 3).sum_dim(1).squeeze_dim::<1>(1);
    let divergence = |start: Tensor<4>, ln_variance: Tensor<4>| {
        let ln_small = per_row(&start, steps, |step| step.ln_small);
        let small = per_row(&start, steps, |step| step.ln_small.exp());
        let on_start = per_row(&start, steps, |step| step.on_start);
        let apart = ((start - x_0.clone()) * on_start).square();
        let ratio = (small + apart) * (-ln_variance.clone()).exp();
        sum((ln_variance - ln_small + ratio - 1.0) * 0.5)
    };
    if !steps.iter().any(Step::is_last) {
        return divergence(start, ln_variance);
    }
    let is_last = |last: f64, other: f64| {
        let rows = steps.iter().map(|step| if step.is_last() { last } else { other });
        vector(rows.collect(), &x_0.device())
    };
    let surprise = sum(surprise(x_0, start.clone(), ln_variance.clone(), levels));
    surprise * is_last(1.0, 0.0) + divergence(start, ln_variance) * is_last(0.0, 1.0)
}

/// 256 levels as a model reads them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Levels {
    /// The least and the greatest.
    pub ends: [f64; 2],
}

impl Levels {
    /// Those of images; other values have none.
    pub(crate) fn of(space: Space) -> Option<Self> {
        space.standard_limits().map(|ends| Self { ends })
    }

    /// From one to the next.
    fn apart(self) -> f64 {
        (self.ends[1] - self.ends[0]) / 255.0
    }
}

/// The least probability of a level: f32 knows none that are much smaller, and a logarithm needs one.
const LEAST: f64 = 1e-12;

/// −ln p of every number under N(mean, e^ln_variance).
fn surprise(
    x_0: &Tensor<4>,
    mean: Tensor<4>,
    ln_variance: Tensor<4>,
    levels: Option<Levels>,
) -> Tensor<4> {
    let Some(levels) = levels else {
        let square = (mean - x_0.clone()).square() * (-ln_variance.clone()).exp();
        return (square + ln_variance + TAU.ln()) * 0.5;
    };
    let (half, [least, most]) = (0.5 * levels.apart(), levels.ends);
    let precision = (ln_variance * -0.5).exp();
    let below = |edge: Tensor<4>| {
        ((edge - mean.clone()) * precision.clone() * FRAC_1_SQRT_2).erf() * 0.5 + 0.5
    };
    let upper = below(x_0.clone() + half).mask_fill(x_0.clone().greater_elem(most - half), 1.0);
    let lower = below(x_0.clone() - half).mask_fill(x_0.clone().lower_elem(least + half), 0.0);
    -(upper - lower).clamp_min(LEAST).log()
}

/// One number per row, `[B, 1, 1, 1]`.
fn per_row(like: &Tensor<4>, steps: &[Step], f: impl Fn(&Step) -> f64) -> Tensor<4> {
    vector(steps.iter().map(f).collect(), &like.device()).reshape([-1, 1, 1, 1])
}
