//! The figures that no measure makes, each with the words that explain it: what a finished model does
//! with values and codes. A new one is made here and nowhere else.

mod codes;
mod interpolation;
mod paths;

use burn::tensor::Tensor;
use genlab_core::{Generative, Kind, SampleRequest, Space};
use genlab_data::Values;
use genlab_metrics::{context::Context, features::host, picture, requests};
use genlab_results::{Figure, Plot, Scope};

/// Images in a grid of reconstructions.
const PAIRS: usize = 20;
/// Columns of grids, and of pictures whose columns are steps.
const COLUMNS: usize = 10;
/// The least number of such steps: of clips, which are wide.
const FEWEST_STEPS: usize = 4;
/// Rows of originals in a grid of reconstructions at most.
const MOST_ROWS: usize = 6;
/// Samples in a picture of denoising steps.
const DENOISED: usize = 8;
/// Values in a picture of noising steps.
const NOISED: usize = 4;
/// Points in a chart of reconstructions or of denoising steps.
const POINTS: usize = 300;
/// Moments in a chart of denoising steps.
const MOMENTS: usize = 4;

/// A tensor `[N, C, H, W]` of values of `space` in the form in which they are kept.
pub(crate) fn kept(tensor: Tensor<4>, space: Space) -> Values {
    host::kept(&host::floats(tensor), space)
}

/// What the model itself has to show, on values of the split that is evaluated.
pub(super) fn of_model(model: &dyn Generative, context: &Context<'_>) -> Vec<Figure> {
    let figures = match context.dataset.space.kind {
        Kind::Images => [
            reconstructions(model, context),
            interpolation::interpolation(model, context),
            noising(model, context),
            denoising(model, context),
        ],
        Kind::Points if context.dataset.space.shape.pixels() != 2 => [const { None }; 4],
        Kind::Points => [
            reconstructed_points(model, context),
            denoised_points(model, context),
            paths::paths(model, context),
            None,
        ],
        Kind::Series => [const { None }; 4],
    };
    let codes = codes::of_codes(model, context);
    figures.into_iter().flatten().chain(codes).collect()
}

/// A figure of the run's own.
fn figure(name: &str, section: &str, caption: String, plot: Plot) -> Figure {
    Figure {
        name: name.into(),
        section: section.into(),
        title: String::new(),
        caption,
        scope: Scope::Run,
        plot,
    }
}

/// Steps from left to right in a picture of ways from one value to another.
fn across(context: &Context<'_>) -> usize {
    picture::in_a_row(context.dataset.space, COLUMNS).max(FEWEST_STEPS)
}

/// Images in a strip.
fn strip(images: Tensor<4>, columns: usize, context: &Context<'_>) -> Plot {
    picture::plot(&kept(images, context.dataset.space), columns, None)
}

/// The first `count` values of the split and what the model reconstructs of them.
fn reconstructed(
    model: &dyn Generative,
    count: usize,
    context: &Context<'_>,
) -> Option<[Tensor<4>; 2]> {
    let (values, reconstructor) = (context.split(), model.reconstructor()?);
    let rows = 0..count.min(values.len());
    let told = context.told(values, rows.clone(), model.conditions());
    let originals = values.tensor(rows, &context.device);
    let again = reconstructor.reconstruct(originals.clone(), &told);
    Some([originals, again])
}

fn reconstructions(model: &dyn Generative, context: &Context<'_>) -> Option<Figure> {
    let columns = picture::in_a_row(context.dataset.space, COLUMNS);
    let [originals, again] = reconstructed(model, PAIRS.min(MOST_ROWS * columns), context)?;
    let split = context.settings.split.name();
    let caption = format!("Rows come in pairs: {split} images above, their reconstructions below.");
    let plot = strip(in_pairs(originals, again, columns), columns, context);
    Some(figure("reconstructions", "Originals and reconstructions", caption, plot))
}

fn reconstructed_points(model: &dyn Generative, context: &Context<'_>) -> Option<Figure> {
    let [originals, again] = reconstructed(model, POINTS, context)?;
    let split = context.settings.split.name();
    let caption = format!("Points of the {split} split, and what the model makes of them.");
    let series = vec![("originals".into(), originals), ("reconstructions".into(), again)];
    let plot = in_plane(series, context)?;
    Some(figure("reconstructions", "Originals and reconstructions", caption, plot))
}

/// The way of the first `count` samples from noise, at `moments` moments.
fn way(
    model: &dyn Generative,
    count: usize,
    moments: usize,
    context: &Context<'_>,
) -> Option<Vec<Tensor<4>>> {
    let Context { dataset, seed, device, .. } = context;
    let request = requests::typical(model.conditions(), dataset, *seed, count, device);
    model.sampler()?.trajectory(&request, moments)
}

/// The way of a few values of the split to noise, at the moments of [`denoising`].
fn noising(model: &dyn Generative, context: &Context<'_>) -> Option<Figure> {
    let (editor, values) = (model.editor()?, context.split());
    let count = NOISED.min(values.len());
    let values = values.tensor(0..count, &context.device);
    let frames = editor.noised(values, across(context), &SampleRequest::new(context.seed, count));
    let split = context.settings.split.name();
    let caption = format!(
        "Each row is one {split} image; noise is added from left to right, at the moments that samples pass on their way \
         back."
    );
    let columns = frames.len();
    let plot = strip(by_sample(frames), columns, context);
    let noising = figure("noising", "Denoising", caption, plot);
    Some(Figure { title: "To noise".into(), ..noising })
}

fn denoising(model: &dyn Generative, context: &Context<'_>) -> Option<Figure> {
    let frames = way(model, DENOISED, across(context), context)?;
    let caption = "Each row is one sample; time runs from pure noise to the sample on the right.";
    let columns = frames.len();
    let plot = strip(by_sample(frames), columns, context);
    let denoising = figure("denoising", "Denoising", caption.into(), plot);
    Some(Figure { title: "And back".into(), ..denoising })
}

fn denoised_points(model: &dyn Generative, context: &Context<'_>) -> Option<Figure> {
    let frames = way(model, POINTS, MOMENTS, context)?;
    let last = frames.len() - 1;
    let name = |number: usize| match number {
        0 => "noise".to_owned(),
        number if number == last => "samples".to_owned(),
        number => format!("after {:.0} % of the steps", 100.0 * number as f64 / last as f64),
    };
    let series = frames.into_iter().enumerate().map(|(i, frame)| (name(i), frame)).collect();
    let caption = "The same samples at moments on the way from pure noise.";
    Some(figure("denoising", "Denoising", caption.into(), in_plane(series, context)?))
}

/// Points in a plane, a colour for each set; None unless there are two coordinates.
fn in_plane(sets: Vec<(String, Tensor<4>)>, context: &Context<'_>) -> Option<Plot> {
    let space = context.dataset.space;
    if space.shape.pixels() != 2 {
        return None;
    }
    let points = |(name, tensor)| {
        let Plot::Scatter { mut series, .. } = picture::plot(&kept(tensor, space), 1, None) else {
            return None;
        };
        let (_, points) = series.pop()?;
        Some((name, points))
    };
    let series = sets.into_iter().map(points).collect::<Option<Vec<_>>>()?;
    let (x_label, y_label) = ("coordinate 1".into(), "coordinate 2".into());
    Some(Plot::Scatter { series, x_label, y_label, density: None })
}

/// Rows of originals, each above the row of its reconstructions.
fn in_pairs(originals: Tensor<4>, again: Tensor<4>, columns: usize) -> Tensor<4> {
    let count = originals.dims()[0];
    let mut rows = Vec::new();
    for first in (0..count).step_by(columns) {
        let length = columns.min(count - first);
        rows.push(originals.clone().narrow(0, first, length));
        rows.push(again.clone().narrow(0, first, length));
    }
    Tensor::cat(rows, 0)
}

/// From one tensor a moment to one row a sample.
fn by_sample(frames: Vec<Tensor<4>>) -> Tensor<4> {
    let count = frames.first().map_or(0, |frame| frame.dims()[0]);
    let rows = (0..count)
        .flat_map(|sample| frames.iter().map(move |frame| frame.clone().narrow(0, sample, 1)))
        .collect();
    Tensor::cat(rows, 0)
}
