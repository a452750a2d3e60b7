//! The critic beside the best there is. Needs data whose density is known.
//!
//! ```text
//! D*(x) = p_d(x) / (p_d(x) + p_g(x))
//! ```
//!
//! (Proposition 1 of Goodfellow et al. 2014, arXiv:1406.2661) with p_g from many samples.

use crate::{context::Context, features::host, findings::Findings, numerics::kde::KernelDensity};
use burn::tensor::{Tensor, TensorData};
use genlab_core::{Condition, Criticise, Generative, Kind, Sample, SampleRequest};
use genlab_data::Truth;
use genlab_results::{Axes, Direction::Lower, Entry, Figure, Plot, Scope, Section};

/// The mean distance.
pub(super) const ERROR: Entry = Entry {
    name: "game/critic_error",
    title: "Critic's distance from its optimum",
    unit: "probability",
    better: Some(Lower),
    range: [0.0, 1.0],
    section: Section::Game,
    meaning: "Mean |D - p_d / (p_d + p_g)| over as many real as generated values, with p_g from samples.",
    ..Entry::BASE
};

/// Samples behind p_g.
const SAMPLES: usize = 20_000;
/// Values of either side at which the critic is asked.
const ASKED: usize = 1000;
/// Points of the curve in one dimension; cells along a side in two.
const POINTS: usize = 200;
const CELLS: usize = 48;
/// How far beyond the values a picture reaches, in shares of their extent.
const AIR: f64 = 0.1;

pub(super) fn measure(
    model: &dyn Generative,
    critic: &dyn Criticise,
    context: &Context<'_>,
    out: &mut Findings,
) {
    let (dataset, dimensions) = (context.dataset, context.dataset.space.shape.pixels());
    let points = dataset.space.kind == Kind::Points && dimensions <= 2;
    let Some((truth, sampler)) = dataset.truth.as_ref().zip(model.sampler()) else { return };
    if !points || !model.conditions().is_empty() {
        return;
    }
    let samples = drawn(sampler, context);
    let some = context.split().sample(ASKED);
    let real: Vec<Vec<f64>> = (0..some.len()).map(|row| some.row_f64(row)).collect();
    let asked: Vec<Vec<f64>> =
        real.iter().chain(samples.iter().take(real.len())).cloned().collect();
    let ask = |at: &[Vec<f64>]| {
        let numbers: Vec<f32> = at.iter().flatten().map(|x| *x as f32).collect();
        let data = TensorData::new(numbers, dataset.space.shape.batch(at.len()));
        let values = Tensor::from_data(data, &context.device);
        let said = critic.real_probability(values, &Condition::default())?;
        Some(host::floats(said).into_iter().map(f64::from).collect::<Vec<f64>>())
    };
    // Before the density is fitted: some critics do not say.
    let Some(said) = ask(&asked) else { return };
    let Some(generated) = KernelDensity::fit(samples) else {
        out.absent(ERROR.name, "the generator's samples have no spread");
        return;
    };
    let Some(best) = optimum(truth, &generated, &asked) else { return };
    let error = said.iter().zip(&best).map(|(d, best)| (d - best).abs()).sum::<f64>();
    out.push(context.metric(&ERROR, error / said.len() as f64, said.len()));
    let extents: Vec<[f64; 2]> = (0..dimensions).map(|axis| extent(&asked, axis)).collect();
    let picture = match extents[..] {
        [x] => curves(x, &ask, truth, &generated),
        [x, y] => maps([x, y], &ask, truth, &generated),
        _ => None,
    };
    out.figures.extend(picture.into_iter().flatten());
}

/// D* at each point; None where the truth does not know its density.
fn optimum(truth: &Truth, generated: &KernelDensity, at: &[Vec<f64>]) -> Option<Vec<f64>> {
    let one = |x: &Vec<f64>| {
        let ratio = generated.log_density(x) - truth.log_density(x)?;
        Some(1.0 / (1.0 + ratio.exp()))
    };
    at.iter().map(one).collect()
}

fn drawn(sampler: &dyn Sample, context: &Context<'_>) -> Vec<Vec<f64>> {
    let dimensions = context.dataset.space.shape.pixels();
    let request = SampleRequest::new(context.seed, SAMPLES);
    let batch = context.settings.batch.max(1);
    let mut samples = Vec::with_capacity(SAMPLES);
    for first in (0..SAMPLES).step_by(batch) {
        let part = request.part(first..(first + batch).min(SAMPLES));
        let numbers = host::floats(sampler.sample(&part));
        let point = |point: &[f32]| point.iter().copied().map(f64::from).collect::<Vec<f64>>();
        samples.extend(numbers.chunks(dimensions).map(point));
    }
    samples.retain(|point| point.iter().all(|x| x.is_finite()));
    samples
}

/// From the least to the greatest coordinate, with some air.
fn extent(points: &[Vec<f64>], axis: usize) -> [f64; 2] {
    let of = |fold: fn(f64, f64) -> f64, from| points.iter().map(|p| p[axis]).fold(from, fold);
    let (low, high) = (of(f64::min, f64::INFINITY), of(f64::max, f64::NEG_INFINITY));
    let air = AIR * (high - low);
    [low - air, high + air]
}

type Ask<'a> = &'a dyn Fn(&[Vec<f64>]) -> Option<Vec<f64>>;

const CAPTION: &str = "What the critic takes for the probability that a value is real, beside \
                       p_d / (p_d + p_g), the best there is against these samples. One half everywhere would be the end \
                       of the game.";

fn figure(name: &str, title: &str, plot: Plot) -> Figure {
    Figure {
        name: name.into(),
        section: "The critic and its optimum".into(),
        title: title.into(),
        caption: CAPTION.into(),
        scope: Scope::Run,
        plot,
    }
}

fn curves(
    [low, high]: [f64; 2],
    ask: Ask<'_>,
    truth: &Truth,
    generated: &KernelDensity,
) -> Option<Vec<Figure>> {
    let x = |i: usize| low + (high - low) * i as f64 / (POINTS - 1) as f64;
    let at: Vec<Vec<f64>> = (0..POINTS).map(|i| vec![x(i)]).collect();
    let curve = |values: Vec<f64>| (0..POINTS).map(x).zip(values).collect::<Vec<_>>();
    let series = vec![
        ("the critic".to_owned(), curve(ask(&at)?)),
        ("the best critic".to_owned(), curve(optimum(truth, generated, &at)?)),
        ("equilibrium".to_owned(), curve(vec![0.5; POINTS])),
    ];
    let (x_label, y_label) = ("value".into(), "probability of being real".into());
    let plot = Plot::Lines { series, bands: Vec::new(), x_label, y_label, axes: Axes::Linear };
    Some(vec![figure("critic", "", plot)])
}

fn maps(
    [x, y]: [[f64; 2]; 2],
    ask: Ask<'_>,
    truth: &Truth,
    generated: &KernelDensity,
) -> Option<Vec<Figure>> {
    let along = |[low, high]: [f64; 2], cell: usize| {
        low + (high - low) * (cell as f64 + 0.5) / CELLS as f64
    };
    let cell = |index: usize| vec![along(x, index % CELLS), along(y, CELLS - 1 - index / CELLS)];
    let at: Vec<Vec<f64>> = (0..CELLS * CELLS).map(cell).collect();
    let map = |name: &str, title: &str, values: Vec<f64>| {
        let label = "probability of being real".into();
        figure(name, title, Plot::HeatMap { columns: CELLS, values, label })
    };
    Some(vec![
        map("critic", "The critic", ask(&at)?),
        map("best_critic", "The best critic", optimum(truth, generated, &at)?),
    ])
}
