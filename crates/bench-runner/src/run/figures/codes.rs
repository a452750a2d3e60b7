//! What the numbers of a code do, and whether codes of values lie where the prior draws them: of models whose codes
//! have a Gaussian posterior and a prior to be drawn from.

use super::{across, figure, strip};
use burn::tensor::{Tensor, TensorData};
use genlab_core::{Codes, Decode, Generative};
use genlab_metrics::{context::Context, features::host, picture::rounded, requests};
use genlab_results::{Figure, Plot};

/// Values behind the pictures, and draws from the prior beside them.
const VALUES: usize = 500;
/// Dimensions that are traversed.
const TRAVERSED: usize = 8;
/// How far traversals and the manifold go to both sides of 0, in standard deviations of N(0, I).
const REACH: f64 = 3.0;
/// Images along a side of the manifold.
const SIDE: usize = 15;

const SECTION: &str = "Codes";

/// Posteriors of the first values of the split, on the host.
struct Posteriors {
    dim: usize,
    mean: Vec<f32>,
    log_var: Vec<f32>,
    /// Dimensions, those whose means vary most first.
    order: Vec<usize>,
}

impl Posteriors {
    /// None of models without posteriors, or without a prior to hold beside them.
    fn of(model: &dyn Generative, context: &Context<'_>) -> Option<Self> {
        let (encoder, values) = (model.encoder()?, context.split());
        let rows = 0..VALUES.min(values.len());
        let told = context.told(values, rows.clone(), model.conditions());
        let Codes { mean, log_var } = encoder.encode(values.tensor(rows, &context.device), &told);
        let (dim, log_var) = (mean.dims()[1], host::floats(log_var?));
        let mean = host::floats(mean);
        let mut order: Vec<usize> = (0..dim).collect();
        let spread: Vec<f64> = (0..dim).map(|d| variance(&mean, dim, d)).collect();
        order.sort_by(|a, b| spread[*b].total_cmp(&spread[*a]));
        Some(Self { dim, mean, log_var, order })
    }
}

/// The variance of column `column` of rows of `dim` numbers.
fn variance(rows: &[f32], dim: usize, column: usize) -> f64 {
    let along = || rows.iter().skip(column).step_by(dim).map(|&x| f64::from(x));
    let count = (rows.len() / dim) as f64;
    let mean = along().sum::<f64>() / count;
    along().map(|x| (x - mean).powi(2)).sum::<f64>() / count
}

/// All that there is to show.
pub(super) fn of_codes(model: &dyn Generative, context: &Context<'_>) -> Vec<Figure> {
    let Some(posteriors) = Posteriors::of(model, context) else { return Vec::new() };
    let images = context.dataset.space.kind == genlab_core::Kind::Images;
    let decoder = model.decoder().filter(|_| images);
    let figures = [
        decoder.map(|decoder| traversals(decoder, &posteriors, model, context)),
        decoder.and_then(|decoder| manifold(decoder, &posteriors, model, context)),
        against_the_prior(&posteriors, model, context),
    ];
    figures.into_iter().flatten().collect()
}

/// `steps` even steps from −[`REACH`] to [`REACH`].
fn steps(steps: usize) -> impl Iterator<Item = f32> + Clone {
    (0..steps).map(move |i| (REACH * (2.0 * i as f64 / (steps - 1) as f64 - 1.0)) as f32)
}

/// Codes, decoded as what the first value of the split is told to be.
fn decoded(
    codes: Vec<f32>,
    decoder: &dyn Decode,
    model: &dyn Generative,
    context: &Context<'_>,
) -> Tensor<4> {
    let dim = decoder.latent_dim();
    let count = codes.len() / dim;
    let told = context.told(context.split(), 0..1, model.conditions()).repeated(count);
    decoder.decode(Tensor::from_data(TensorData::new(codes, [count, dim]), &context.device), &told)
}

/// The code of the first value with one number of it moved: one row a dimension.
fn traversals(
    decoder: &dyn Decode,
    posteriors: &Posteriors,
    model: &dyn Generative,
    context: &Context<'_>,
) -> Figure {
    let (first, across) = (&posteriors.mean[..posteriors.dim], across(context));
    let mut codes = Vec::new();
    for &moved in posteriors.order.iter().take(TRAVERSED) {
        for to in steps(across) {
            codes.extend(first.iter().enumerate().map(|(d, &x)| if d == moved { to } else { x }));
        }
    }
    let caption = format!(
        "Each row decodes the code of the first {} image with one of its numbers moved from −{REACH} to {REACH}: the number \
         whose posterior mean varies most on top. A row of equal images is a dimension that the decoder does not hear.",
        context.settings.split.name()
    );
    let plot = strip(decoded(codes, decoder, model, context), across, context);
    figure("traversals", SECTION, caption, plot)
}

/// All codes of two numbers, decoded on a grid: Figure 4 of Kingma & Welling 2014 (arXiv:1312.6114), with even steps.
fn manifold(
    decoder: &dyn Decode,
    posteriors: &Posteriors,
    model: &dyn Generative,
    context: &Context<'_>,
) -> Option<Figure> {
    if posteriors.dim != 2 {
        return None;
    }
    let codes = steps(SIDE).flat_map(|up| steps(SIDE).flat_map(move |right| [right, -up]));
    let caption = format!(
        "The plane of codes, decoded on a grid: the first number from −{REACH} to {REACH} to the right, the second upwards."
    );
    let plot = strip(decoded(codes.collect(), decoder, model, context), SIDE, context);
    Some(figure("manifold", SECTION, caption, plot))
}

/// Draws from the posteriors of values beside draws from the prior, in the two dimensions that vary most.
fn against_the_prior(
    posteriors: &Posteriors,
    model: &dyn Generative,
    context: &Context<'_>,
) -> Option<Figure> {
    let [x, y] = *posteriors.order.get(..2)? else { return None };
    let dim = posteriors.dim;
    let count = posteriors.mean.len() / dim;
    let Context { dataset, seed, device, .. } = context;
    let request = requests::typical(model.conditions(), dataset, *seed, count, device);
    let prior = host::floats(model.sampler()?.codes(&request)?);
    let noise = context.noise().normal(
        "figures/posterior",
        0,
        0..count as u64,
        [count, dim],
        &context.device,
    );
    let drawn: Vec<f32> = posteriors
        .mean
        .iter()
        .zip(&posteriors.log_var)
        .zip(host::floats(noise))
        .map(|((mean, log_var), noise)| mean + (0.5 * log_var).exp() * noise)
        .collect();
    let points = |codes: &[f32]| {
        let number = |code: &[f32], d: usize| rounded(f64::from(code[d]));
        codes.chunks(dim).map(|code| (number(code, x), number(code, y))).collect()
    };
    let series = vec![
        ("prior".to_owned(), points(&prior)),
        (format!("codes of the {} split", context.settings.split.name()), points(&drawn)),
    ];
    let [x_label, y_label] = [x, y].map(|d| format!("number {} of the code", d + 1));
    let plot = Plot::Scatter { series, density: None, x_label, y_label };
    let caption = "One draw from the posterior of each value beside as many draws from the prior, in the two numbers whose \
                   posterior means vary most. Where the prior draws and no value is encoded, the decoder has learned \
                   nothing.";
    Some(figure("codes_and_prior", SECTION, caption.into(), plot))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_spread_of_a_column_is_its_variance() {
        // Columns 1, 3 and 5, 5.
        assert_eq!(variance(&[1.0, 5.0, 3.0, 5.0], 2, 0), 1.0);
        assert_eq!(variance(&[1.0, 5.0, 3.0, 5.0], 2, 1), 0.0);
    }

    #[test]
    fn steps_reach_as_far_to_both_sides() {
        assert_eq!(steps(3).collect::<Vec<_>>(), [-3.0, 0.0, 3.0]);
    }
}
