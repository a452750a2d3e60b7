//! The squared error at each level of noise.

use crate::{
    context::Context,
    features::host::{self, floats},
};
use burn::tensor::Tensor;
use genlab_core::{Conditions, Denoise, Kind};
use genlab_data::Truth;

/// Levels of noise, evenly spaced in their logarithm.
const LEVELS: usize = 24;

/// Images at each level. Points are cheap: all of them.
const IMAGES: usize = 256;

/// Noise beyond this many standard deviations of the data hides all of it.
const MOST: f64 = 100.0;

/// One level of noise.
#[derive(Clone, Debug, PartialEq)]
pub struct Level {
    /// Its standard deviation in those of the data.
    pub ratio: f64,
    /// Mean over values of the mean squared error of a number, in variances of the data.
    pub error: f64,
    /// The same of the best possible denoiser on the same noisy values, where the truth is known.
    pub least: Option<f64>,
    /// The same between the model and the best possible denoiser.
    pub apart: Option<f64>,
}

impl Level {
    /// What turns an error of x_0 into one of v: (1 + r²) / r² with r the level.
    pub fn error_of_v(&self) -> f64 {
        1.0 + self.ratio.powi(-2)
    }
}

/// The levels that a model was trained on, and its errors there.
#[derive(Clone, Debug, PartialEq)]
pub struct Curve {
    /// At the middle of each of as many equal parts of ln(level).
    pub levels: Vec<Level>,
    /// ln(level) from one to the next.
    pub apart: f64,
    /// The least and the greatest level.
    pub ends: [f64; 2],
    /// Values at each level.
    pub count: usize,
}

impl Curve {
    /// Level k disturbs another part of the split than its neighbours by noise of its own.
    pub fn new(denoiser: &dyn Denoise, conditions: Conditions, context: &Context<'_>) -> Self {
        let (space, split) = (context.dataset.space, context.split());
        let [least, most] = denoiser.levels().map(|level| level / space.sd);
        let ends = [least, most.min(MOST)];
        let apart = (ends[1] / ends[0]).ln() / LEVELS as f64;
        let count = match space.kind {
            Kind::Images => IMAGES.min(split.len()),
            Kind::Points | Kind::Series => split.len(),
        };
        // What a truth knows is told nothing.
        let truth = context.dataset.truth.as_ref().filter(|_| conditions.is_empty());
        let level = |k: usize| {
            let ratio = ends[0] * (apart * (k as f64 + 0.5)).exp();
            let first = k * count % (split.len() - count + 1);
            let rows = first..first + count;
            let values = split.tensor(rows.clone(), &context.device);
            let told = context.told(split, rows, conditions);
            let (sigma, shape) = (ratio * space.sd, values.dims());
            let noise = context.noise().normal(
                "evaluate/denoise",
                k as u64,
                0..count as u64,
                shape,
                &context.device,
            );
            let noisy = values.clone() + noise * sigma;
            let cleaned = denoiser.denoise(noisy.clone(), sigma, &told);
            let best = truth.and_then(|truth| best(truth, noisy, sigma));
            let error = |a: &Tensor<4>, b: &Tensor<4>| mean_square(a, b) / space.sd.powi(2);
            Level {
                ratio,
                error: error(&cleaned, &values),
                least: best.as_ref().map(|best| error(best, &values)),
                apart: best.as_ref().map(|best| error(best, &cleaned)),
            }
        };
        Self { levels: (0..LEVELS).map(level).collect(), apart, ends, count }
    }
}

/// What the true distribution makes of noisy values.
fn best(truth: &Truth, noisy: Tensor<4>, sigma: f64) -> Option<Tensor<4>> {
    let (shape, device) = (noisy.dims(), noisy.device());
    let numbers = host::floats(noisy);
    let mut cleaned = Vec::with_capacity(numbers.len());
    for point in numbers.chunks(truth.dimensions()) {
        let point: Vec<f64> = point.iter().copied().map(f64::from).collect();
        cleaned.extend(truth.denoise(&point, 1.0, sigma)?.into_iter().map(|v| v as f32));
    }
    Some(Tensor::from_data(burn::tensor::TensorData::new(cleaned, shape), &device))
}

fn mean_square(a: &Tensor<4>, b: &Tensor<4>) -> f64 {
    let squares = floats((a.clone() - b.clone()).square().flatten::<1>(0, 3));
    squares.iter().copied().map(f64::from).sum::<f64>() / squares.len() as f64
}
