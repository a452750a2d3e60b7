//! Pictures and archives of a finished model.

use super::directory::RunDir;
use anyhow::Result;
use burn::tensor::{Device, Tensor};
use genlab_core::{Decode, Encode, Generative, ImageShape, SampleRequest, Seed};
use genlab_data::{Dataset, Images};
use genlab_metrics::Evaluation;
use genlab_report::{Picture, npz, png, tensorboard::EventWriter};
use genlab_results::{ImageStrip, Plot};
use std::fs;

/// Samples in the histogram of pixels.
const GRID: usize = 100;
/// Images in a grid of reconstructions.
const PAIRS: usize = 20;
/// Columns of grids.
const COLUMNS: usize = 10;
/// Samples in a picture of denoising steps.
const DENOISED: usize = 8;

/// A tensor `[N, C, H, W]` in [0, 1] as bytes.
///
/// # Errors
/// When it has neither one nor three channels.
pub(crate) fn picture(images: Tensor<4>) -> Result<Picture> {
    let [count, channels, height, width] = images.dims();
    let data = images.into_data().convert::<f32>();
    let values = data.as_slice::<f32>().expect("converted to f32");
    Ok(Picture::from_unit_floats(count, channels, height, width, values)?)
}

/// Host images as a picture.
///
/// # Errors
/// As [`picture`].
pub(crate) fn host_picture(images: &Images) -> Result<Picture> {
    let ImageShape { channels, height, width } = images.shape;
    Ok(Picture::new(images.len(), channels, height, width, images.pixels.clone())?)
}

/// Writes a grid into TensorBoard's log.
///
/// # Errors
/// When it cannot be written.
pub(crate) fn log_grid(
    board: &mut EventWriter,
    tag: &str,
    step: u64,
    images: Tensor<4>,
) -> Result<()> {
    log_picture(board, tag, step, &picture(images)?, 4)
}

fn log_picture(
    board: &mut EventWriter,
    tag: &str,
    step: u64,
    picture: &Picture,
    columns: usize,
) -> Result<()> {
    let image = png::grid(picture, columns);
    let bytes = png::encode_grid(picture, columns)?;
    Ok(board.image(tag, step, &bytes, image.width(), image.height())?)
}

/// Writes everything under `samples/`, and the same pictures and code histograms to TensorBoard.
///
/// # Errors
/// When a file cannot be written.
pub(crate) fn write(
    dir: &RunDir,
    model: &dyn Generative,
    dataset: &Dataset,
    device: &Device,
    evaluation: &Evaluation,
    board: &mut EventWriter,
    at: (Seed, u64),
) -> Result<()> {
    let (seed, step) = at;
    let folder = dir.samples();
    fs::create_dir_all(&folder)?;
    let mut save = |name: &str, picture: &Picture, columns: usize| -> Result<()> {
        png::save_grid(folder.join(format!("{name}.png")), picture, columns)?;
        log_picture(board, &format!("final/{name}"), step, picture, columns)
    };
    for figure in &evaluation.figures {
        if let Plot::Strip(strip) = &figure.plot {
            let ImageStrip { channels, height, width, columns, .. } = *strip;
            let pixels = strip.pixels.clone();
            let picture = Picture::new(strip.count(), channels, height, width, pixels)?;
            save(&figure.name, &picture, columns)?;
        }
    }
    if let Some(reconstructor) = model.reconstructor() {
        let originals = dataset.test.tensor(0..PAIRS.min(dataset.test.len()), device);
        let again = reconstructor.reconstruct(originals.clone());
        save("reconstructions", &picture(in_pairs(originals, again))?, COLUMNS)?;
    }
    if let (Some(encoder), Some(decoder)) = (model.encoder(), model.decoder()) {
        let lines = interpolation(encoder, decoder, dataset, device);
        save("interpolation", &picture(lines)?, COLUMNS)?;
    }
    if let Some(sampler) = model.sampler() {
        let request = SampleRequest::new(seed, DENOISED);
        if let Some(frames) = sampler.trajectory(&request, COLUMNS) {
            let columns = frames.len();
            save("denoising", &picture(by_sample(frames))?, columns)?;
        }
    }
    if let Some(encoder) = model.encoder() {
        let images = dataset.test.tensor(0..dataset.test.len().min(500), device);
        let codes = encoder.encode(images).mean.into_data().convert::<f32>();
        let codes: Vec<f64> =
            codes.as_slice::<f32>().expect("converted to f32").iter().map(|&v| v.into()).collect();
        board.histogram("codes/mean", step, &codes)?;
    }
    if let Some(samples) = &evaluation.samples {
        let values: Vec<f64> =
            samples.take(GRID).pixels.iter().map(|&v| f64::from(v) / 255.0).collect();
        board.histogram("samples/pixels", step, &values)?;
        npz::save_images(folder.join("samples.npz"), &host_picture(samples)?)?;
    }
    if let Some(prior) = &evaluation.prior {
        let json = serde_json::to_vec(prior)?;
        super::directory::write_atomically(&dir.path().join("prior.json"), &json)?;
    }
    board.flush()?;
    Ok(())
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

/// Straight lines between the codes of pairs of test images, decoded: one row a pair.
fn interpolation(
    encoder: &dyn Encode,
    decoder: &dyn Decode,
    dataset: &Dataset,
    device: &Device,
) -> Tensor<4> {
    let pairs = (dataset.test.len() / 2).min(COLUMNS);
    let codes = encoder.encode(dataset.test.tensor(0..2 * pairs, device)).mean;
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
