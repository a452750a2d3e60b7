//! The way of samples through the plane, over the score that the model has learned.

use super::{figure, kept};
use burn::tensor::{Tensor, TensorData};
use genlab_core::{Condition, Denoise, Generative};
use genlab_metrics::{
    context::Context,
    features::host::floats,
    picture::{self, rounded},
    requests,
};
use genlab_results::{Arrow, Field, Figure, Plot};

/// Samples whose way is shown.
const PATHS: usize = 40;
/// Arrows along a side of the picture.
const ARROWS: usize = 19;
/// The level of noise of the score, in standard deviations of the data: as wide as to see modes and their surroundings.
const LEVEL: f64 = 0.25;

/// The flow of some samples over the score at [`LEVEL`], over the true density. None of models that take no noise
/// away, and of points whose density is not known. A model that is told something is asked without, or not at all.
pub(super) fn paths(model: &dyn Generative, context: &Context<'_>) -> Option<Figure> {
    let (denoiser, conditions) = (model.denoiser()?, model.conditions());
    if !(conditions.is_empty() || conditions.optional) {
        return None;
    }
    let space = context.dataset.space;
    let shown = picture::plot(context.split(), 1, context.dataset.truth.as_ref());
    let Plot::Scatter { density: Some(density), x_label, y_label, .. } = shown else { return None };
    let Context { dataset, seed, device, .. } = context;
    let request = requests::typical(conditions, dataset, *seed, PATHS, device);
    let frames = model.sampler()?.flow(&request)?;
    let frames: Vec<Vec<f64>> =
        frames.into_iter().map(|frame| kept(frame, space).to_f64()).collect();
    let path = |sample: usize| {
        let point = |frame: &Vec<f64>| (rounded(frame[2 * sample]), rounded(frame[2 * sample + 1]));
        frames.iter().map(point).collect()
    };
    let plot = Plot::Paths {
        paths: (0..PATHS).map(path).collect(),
        name: "steps of the sampler".into(),
        arrows: score(denoiser, &density, context),
        arrows_name: format!("score, noise of {LEVEL}"),
        density,
        x_label,
        y_label,
    };
    let caption = format!(
        "Every step of the sampler from {PATHS} starts in noise far outside, without the fresh noise that it may add at each. \
         Arrows: the learned score, which points to where density grows, of the data with noise of {LEVEL} of their standard \
         deviation; an arrow is as long as the root of the score. Grey: the true density."
    );
    Some(Figure { title: "Step by step".into(), ..figure("paths", "Denoising", caption, plot) })
}

/// ∇ ln p(x + σ ε) = (x̂_0 − x) / σ² (Tweedie's formula) on a grid that fills the field.
fn score(denoiser: &dyn Denoise, shown: &Field, context: &Context<'_>) -> Vec<Arrow> {
    let sigma = LEVEL * context.dataset.space.sd;
    let along = |[low, high]: [f64; 2], index: usize| {
        low + (high - low) * (index as f64 + 0.5) / ARROWS as f64
    };
    let at = |index| (along(shown.x, index % ARROWS), along(shown.y, index / ARROWS));
    let grid: Vec<(f64, f64)> = (0..ARROWS * ARROWS).map(at).collect();
    let numbers: Vec<f32> = grid.iter().flat_map(|(x, y)| [*x as f32, *y as f32]).collect();
    let shape = context.dataset.space.shape.batch(grid.len());
    let points = Tensor::from_data(TensorData::new(numbers, shape), &context.device);
    let cleaned = denoiser.denoise(points.clone(), sigma, &Condition::default());
    let score = floats((cleaned - points) / sigma.powi(2));
    let number = |value: f32| rounded(f64::from(value));
    grid.into_iter()
        .zip(score.chunks(2))
        .map(|((x, y), score)| Arrow {
            from: (rounded(x), rounded(y)),
            along: (number(score[0]), number(score[1])),
        })
        .collect()
}
