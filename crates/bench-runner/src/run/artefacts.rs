//! What a finished model leaves behind beside its numbers: pictures, archives, its prior.

use super::directory::RunDir;
use anyhow::Result;
use genlab_core::Generative;
use genlab_data::npz_bytes;
use genlab_metrics::{Evaluation, context::Context, features::host, picture};
use genlab_report::{png, tensorboard::EventWriter};
use genlab_results::{Artefact, Figure, Plot, atomic};

/// Images behind the histogram of codes.
const CODES: usize = 500;
/// Samples behind the histogram of pixels.
const SAMPLES: usize = 100;

/// Writes everything under `samples/` and `figures/`, the prior, and the same pictures and histograms to
/// TensorBoard. Returns the manifest of the pictures.
///
/// # Errors
/// When a file cannot be written.
pub(super) fn write(
    dir: &RunDir,
    model: &dyn Generative,
    context: &Context<'_>,
    evaluation: &Evaluation,
    board: &mut EventWriter,
    step: u64,
) -> Result<Vec<Artefact>> {
    let manifest = publish(&evaluation.figures, dir, board, step)?;
    if let Some(encoder) = model.encoder() {
        let images = context.split();
        let rows = 0..images.len().min(CODES);
        let told = context.told(images, rows.clone(), model.conditions());
        let codes = encoder.encode(images.tensor(rows, &context.device), &told).mean;
        let codes: Vec<f64> = host::floats(codes).into_iter().map(f64::from).collect();
        board.histogram("codes/mean", step, &codes)?;
    }
    if let Some(samples) = &evaluation.samples {
        let shown = samples.take(SAMPLES);
        board.histogram("samples/pixels", step, &shown.to_f64())?;
        if shown.bytes().is_none() {
            // The report draws a chart of them; this is for who wants a picture.
            let picture = png::encode_grid(&picture::raster(samples, 1))?;
            atomic::write(&dir.figures().join("grid.png"), &picture)?;
            board.image("final/grid", step, &picture)?;
        }
        atomic::write(&dir.samples().join("samples.npz"), &npz_bytes(samples)?)?;
    }
    if let Some(prior) = &evaluation.prior {
        atomic::write(&dir.prior(), &serde_json::to_vec(prior)?)?;
    }
    board.flush()?;
    Ok(manifest)
}

/// Writes the pictures among `figures` to `samples/` and to TensorBoard, and lists them.
fn publish(
    figures: &[Figure],
    dir: &RunDir,
    board: &mut EventWriter,
    step: u64,
) -> Result<Vec<Artefact>> {
    let mut manifest = Vec::new();
    for figure in figures {
        let Plot::Strip(strip) = &figure.plot else { continue };
        let bytes = png::encode_grid(strip)?;
        let file = format!("samples/{}.png", figure.name);
        atomic::write(&dir.path().join(&file), &bytes)?;
        board.image(&format!("final/{}", figure.name), step, &bytes)?;
        manifest.push(figure.artefact(file));
    }
    Ok(manifest)
}
