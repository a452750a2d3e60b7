//! The figures that no measure makes, each with the words that explain it: what a finished model does
//! with images and codes. A new one is made here and nowhere else.

use burn::tensor::{Device, Tensor};
use genlab_core::{Decode, Encode, Generative, ImageShape, SampleRequest};
use genlab_data::Images;
use genlab_metrics::{context::Context, features::host, findings::strip};
use genlab_results::{Figure, Plot, Scope};

/// Images in a grid of reconstructions.
const PAIRS: usize = 20;
/// Columns of grids.
const COLUMNS: usize = 10;
/// Samples in a picture of denoising steps.
const DENOISED: usize = 8;

/// A tensor `[N, C, H, W]` in [0, 1] as 8-bit images.
pub(crate) fn images(tensor: Tensor<4>) -> Images {
    let [_, channels, height, width] = tensor.dims();
    host::quantised(&host::floats(tensor), ImageShape::new(channels, height, width))
}

/// What the model itself has to show, on images of the split that is evaluated.
pub(super) fn of_model(model: &dyn Generative, context: &Context<'_>) -> Vec<Figure> {
    let (images, split, device) = (context.split(), context.settings.split.name(), &context.device);
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
    // A line has two ends.
    let codes = model.encoder().zip(model.decoder()).filter(|_| images.len() > 1);
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
    let request = SampleRequest::new(context.seed, DENOISED);
    let frames = model.sampler().and_then(|sampler| sampler.trajectory(&request, COLUMNS));
    let denoising = frames.map(|frames| Figure {
        name: "denoising".into(),
        section: "Denoising".into(),
        title: String::new(),
        caption: "Each row is one sample; time runs from pure noise to the sample on the right."
            .into(),
        scope: Scope::Run,
        plot: {
            let columns = frames.len();
            Plot::Strip(strip(self::images(by_sample(frames)), columns))
        },
    });
    [reconstructions, interpolation, denoising].into_iter().flatten().collect()
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
