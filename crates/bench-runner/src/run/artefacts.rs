//! What a finished model leaves behind beside its numbers: pictures, archives, its prior.

use super::directory::RunDir;
use anyhow::Result;
use genlab_core::Generative;
use genlab_data::npz_with_captions;
use genlab_metrics::{Evaluation, context::Context, features::host, picture, requests};
use genlab_report::{
    png,
    tensorboard::{Codes, EventWriter},
};
use genlab_results::{Artefact, Figure, Plot, atomic};

/// Values whose codes are shown.
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
    if let Some(codes) = codes(model, context) {
        let numbers: Vec<f64> = codes.rows.iter().flatten().copied().map(f64::from).collect();
        board.histogram("codes/mean", step, &numbers)?;
        codes.write(dir.path())?;
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
        let told = requests::told_captions(model.conditions(), &context.measured(), samples.len());
        let archive = npz_with_captions(samples, told.as_deref())?;
        atomic::write(&dir.samples().join("samples.npz"), &archive)?;
    }
    if let Some(prior) = &evaluation.prior {
        atomic::write(&dir.prior(), &serde_json::to_vec(prior)?)?;
    }
    Ok(manifest)
}

/// The codes of the first values of the split that is evaluated, of a model that has an encoder.
fn codes(model: &dyn Generative, context: &Context<'_>) -> Option<Codes> {
    let encoder = model.encoder()?;
    let split = context.split();
    let rows = 0..split.len().min(CODES);
    let told = context.told(split, rows.clone(), model.conditions());
    let codes = encoder.encode(split.tensor(rows.clone(), &context.device), &told).mean;
    let [_, length] = codes.dims();
    let numbers = host::floats(codes);
    let shown = split.take(rows.len());
    let names = context.dataset.classes.as_ref();
    let class = |label: &u32| match names.and_then(|names| names.get(*label as usize)) {
        Some(name) => name.clone(),
        None => label.to_string(),
    };
    let classes = shown.labels.as_ref().map(|labels| labels.iter().map(class).collect());
    let numbered = rows.map(|row| row.to_string()).collect();
    let columns = classes.map(|classes| ("class".to_owned(), classes));
    Some(Codes {
        name: format!("codes of the {} split", context.settings.split.name()),
        rows: numbers.chunks(length.max(1)).map(<[f32]>::to_vec).collect(),
        labels: columns.into_iter().chain([("number".to_owned(), numbered)]).collect(),
        images: shown.bytes().is_some().then(|| picture::strip(&shown, 1)),
    })
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
