//! What a finished model leaves behind beside its numbers: pictures, archives, its prior.

use super::{directory::RunDir, figures};
use anyhow::Result;
use burn::tensor::Device;
use genlab_core::{Generative, Seed};
use genlab_data::npz_bytes;
use genlab_metrics::{Evaluation, Evaluator, features::host};
use genlab_report::{png, tensorboard::EventWriter};
use genlab_results::{Artefact, Figure, Plot, atomic};

/// Images behind the histogram of codes.
const CODES: usize = 500;

/// Writes everything under `samples/`, the prior, and the same pictures and histograms to
/// TensorBoard. Returns the manifest of the pictures.
///
/// # Errors
/// When a file cannot be written.
pub(super) fn write(
    dir: &RunDir,
    model: &dyn Generative,
    evaluator: &Evaluator<'_>,
    evaluation: &Evaluation,
    device: &Device,
    board: &mut EventWriter,
    at: (Seed, u64),
) -> Result<Vec<Artefact>> {
    let (seed, step) = at;
    let mut shown = figures::of_evaluation(evaluation);
    shown.extend(figures::of_model(model, evaluator, device, seed));
    let manifest = publish(&shown, dir, board, step)?;
    if let Some(encoder) = model.encoder() {
        let images = evaluator.split();
        let codes = encoder.encode(images.tensor(0..images.len().min(CODES), device)).mean;
        let codes: Vec<f64> = host::floats(codes).into_iter().map(f64::from).collect();
        board.histogram("codes/mean", step, &codes)?;
    }
    if let Some(samples) = &evaluation.samples {
        let shown = samples.take(figures::GRID);
        let values: Vec<f64> = shown.pixels.iter().map(|&v| f64::from(v) / 255.0).collect();
        board.histogram("samples/pixels", step, &values)?;
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
