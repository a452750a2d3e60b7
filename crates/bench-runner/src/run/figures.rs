//! The figures of a finished model, each with the words that explain it: a new one is made here and
//! nowhere else.

use burn::tensor::{Device, Tensor};
use genlab_core::{Decode, Encode, Generative, ImageShape, SampleRequest, Seed};
use genlab_data::Images;
use genlab_metrics::{Evaluation, Evaluator, features::host};
use genlab_results::{Figure, ImageStrip, Plot, Scope};

/// Images in a sample grid.
pub(super) const GRID: usize = 100;
/// Images in a grid of reconstructions.
const PAIRS: usize = 20;
/// Columns of grids.
const COLUMNS: usize = 10;
/// Columns of the baseline's grid, which is smaller.
const BASELINE_COLUMNS: usize = 8;
/// Samples in a picture of denoising steps.
const DENOISED: usize = 8;

/// A tensor `[N, C, H, W]` in [0, 1] as 8-bit images.
pub(crate) fn images(tensor: Tensor<4>) -> Images {
    let [_, channels, height, width] = tensor.dims();
    host::quantised(&host::floats(tensor), ImageShape::new(channels, height, width))
}

/// Images laid out in rows of `columns`.
pub(crate) fn strip(images: Images, columns: usize) -> ImageStrip {
    let ImageShape { channels, height, width } = images.shape;
    ImageStrip { channels, height, width, pixels: images.pixels, columns }
}

/// What an evaluation has to show.
pub(super) fn of_evaluation(evaluation: &Evaluation) -> Vec<Figure> {
    let grid = evaluation.samples.as_ref().map(|samples| Figure {
        name: "grid".into(),
        section: "Samples".into(),
        title: String::new(),
        caption:
            "Not picked: the first samples of the run's seed. Runs of one seed share their noise, \
                  so models whose noise has one shape start from the same draws."
                .into(),
        scope: Scope::Run,
        plot: Plot::Strip(strip(samples.take(GRID), COLUMNS)),
    });
    let baseline = evaluation.baseline_samples.clone().map(|samples| Figure {
        name: "baseline".into(),
        section: "Samples".into(),
        title: "PCA + Gaussian mixture".into(),
        caption: "a baseline without any network".into(),
        scope: Scope::Shared,
        plot: Plot::Strip(strip(samples, BASELINE_COLUMNS)),
    });
    let neighbours = evaluation.neighbours.clone().map(|pairs| Figure {
        name: "neighbours".into(),
        section: "Nearest training images".into(),
        title: String::new(),
        caption: "Rows come in pairs: samples above, the training image nearest to each (in its \
                  pixels) below. First pair: the first samples. Second pair: of all samples scored, \
                  those that are nearest to one training image and to no other; copies would be \
                  among them."
            .into(),
        scope: Scope::Run,
        plot: Plot::Strip(strip(pairs, COLUMNS)),
    });
    let classes = evaluation.class_histogram.as_ref().map(|shares| Figure {
        name: "class_histogram".into(),
        section: "Classes of the samples".into(),
        title: String::new(),
        caption:
            "Share of samples that the judge puts into each class. A missing bar is a missing \
                  mode."
                .into(),
        scope: Scope::Run,
        plot: Plot::Bars {
            values: shares.clone(),
            x_label: "class, as the judge reads it".into(),
            guide: Some((even(shares), "an even spread".into())),
        },
    });
    let kl = evaluation.kl_per_dimension.as_ref().map(|kl| Figure {
        name: "kl_per_dimension".into(),
        section: "KL per latent dimension".into(),
        title: String::new(),
        caption: "In nats per image. A dimension near 0 carries nothing about the image.".into(),
        scope: Scope::Run,
        plot: Plot::Bars {
            values: largest_first(kl),
            x_label: "latent dimension, largest first".into(),
            guide: None,
        },
    });
    [grid, baseline, neighbours, classes, kl].into_iter().flatten().collect()
}

/// What the model itself has to show, on images of the split that is evaluated.
pub(super) fn of_model(
    model: &dyn Generative,
    evaluator: &Evaluator<'_>,
    device: &Device,
    seed: Seed,
) -> Vec<Figure> {
    let (images, split) = (evaluator.split(), evaluator.settings().split.name());
    let reconstructions = model.reconstructor().map(|reconstructor| {
        let originals = images.tensor(0..PAIRS.min(images.len()), device);
        let again = reconstructor.reconstruct(originals.clone());
        Figure {
            name: "reconstructions".into(),
            section: "Originals and reconstructions".into(),
            title: String::new(),
            caption: format!(
                "Rows come in pairs: {split} images above, their reconstructions below."
            ),
            scope: Scope::Run,
            plot: Plot::Strip(strip(self::images(in_pairs(originals, again)), COLUMNS)),
        }
    });
    let codes = model.encoder().zip(model.decoder());
    let interpolation = codes.map(|(encoder, decoder)| Figure {
        name: "interpolation".into(),
        section: "Interpolation".into(),
        title: String::new(),
        caption: format!(
            "Each row walks from the code of one {split} image to that of another and is decoded on \
             the way."
        ),
        scope: Scope::Run,
        plot: {
            let lines = interpolation(encoder, decoder, images, device);
            Plot::Strip(strip(self::images(lines), COLUMNS))
        },
    });
    let request = SampleRequest::new(seed, DENOISED);
    let frames = model.sampler().and_then(|sampler| sampler.trajectory(&request, COLUMNS));
    let denoising = frames.map(|frames| Figure {
        name: "denoising".into(),
        section: "Denoising".into(),
        title: String::new(),
        caption:
            "Each row is one sample; time runs from pure noise on the left to the sample on the \
                  right."
                .into(),
        scope: Scope::Run,
        plot: {
            let columns = frames.len();
            Plot::Strip(strip(self::images(by_sample(frames)), columns))
        },
    });
    [reconstructions, interpolation, denoising].into_iter().flatten().collect()
}

/// What every class would have of `shares`.
fn even(shares: &[f64]) -> f64 {
    shares.iter().sum::<f64>() / shares.len().max(1) as f64
}

fn largest_first(values: &[f64]) -> Vec<f64> {
    let mut values = values.to_vec();
    values.sort_by(|a, b| b.total_cmp(a));
    values
}

/// Rows of originals, each above the row of its reconstructions.
fn in_pairs(originals: Tensor<4>, again: Tensor<4>) -> Tensor<4> {
    let count = originals.dims()[0];
    let mut rows = Vec::new();
    for first in (0..count).step_by(COLUMNS) {
        let length = COLUMNS.min(count - first);
        rows.push(originals.clone().narrow(0, first, length));
        rows.push(again.clone().narrow(0, first, length));
    }
    Tensor::cat(rows, 0)
}

/// Straight lines between the codes of pairs of images, decoded: one row a pair.
fn interpolation(
    encoder: &dyn Encode,
    decoder: &dyn Decode,
    images: &Images,
    device: &Device,
) -> Tensor<4> {
    let pairs = (images.len() / 2).min(COLUMNS);
    let codes = encoder.encode(images.tensor(0..2 * pairs, device)).mean;
    let mut points = Vec::new();
    for pair in 0..pairs {
        let from = codes.clone().narrow(0, 2 * pair, 1);
        let to = codes.clone().narrow(0, 2 * pair + 1, 1);
        for column in 0..COLUMNS {
            let along = column as f64 / (COLUMNS - 1) as f64;
            points.push(from.clone() * (1.0 - along) + to.clone() * along);
        }
    }
    decoder.decode(Tensor::cat(points, 0))
}

/// From one tensor a moment to one row a sample.
fn by_sample(frames: Vec<Tensor<4>>) -> Tensor<4> {
    let count = frames.first().map_or(0, |frame| frame.dims()[0]);
    let rows = (0..count)
        .flat_map(|sample| frames.iter().map(move |frame| frame.clone().narrow(0, sample, 1)))
        .collect();
    Tensor::cat(rows, 0)
}
