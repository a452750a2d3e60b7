//! `sample RUN`

use crate::{
    cli::SampleArgs,
    device,
    run::{
        self,
        directory::{self, RunDir},
        figures,
        stations::Stations,
        training,
    },
    terminal,
};
use anyhow::{Context, Result, bail};
use burn::tensor::Tensor;
use genlab_core::{Generative, Sample, SampleRequest, Seed};
use genlab_data::npz_bytes;
use genlab_metrics::{
    findings::strip,
    generators::latent::{MixtureSampler, Prior},
};
use genlab_report::png;
use genlab_results::{FileError, atomic, file};
use std::{path::Path, process::ExitCode};

/// Images per network call.
const CHUNK: usize = 100;

/// # Errors
/// When the run is not finished, cannot sample, or the file cannot be written.
pub(crate) fn execute(args: &SampleArgs) -> Result<ExitCode> {
    let Stations { identity, data, training, .. } =
        Stations::of(directory::read_config(&args.run)?);
    let device = device::parse(&args.device)?;
    let dataset = run::load(&data)?;
    let model = training::finished(&args.run, &training, &dataset, &device)?.freeze();
    let seed = args.seed.unwrap_or(identity.seed.0);
    let request = SampleRequest {
        steps: args.steps.map(|steps| steps as usize),
        ..SampleRequest::new(Seed(seed), args.count as usize)
    };
    let prior = stored_prior(&args.run)?;
    let images = draw(model.as_ref(), prior.as_ref(), &device, &request)
        .with_context(|| format!("{} cannot sample", args.run.display()))?;
    let out = args.out.clone().unwrap_or_else(|| {
        RunDir::new(args.run.clone()).samples().join(format!("samples-s{seed}.png"))
    });
    let images = figures::images(images);
    match out.extension().and_then(|e| e.to_str()) {
        Some("png") => {
            let columns = grid_columns(images.len());
            png::save_grid(&out, &strip(images, columns))?;
        }
        Some("npz") => atomic::write(&out, &npz_bytes(&images)?)?,
        _ => bail!("{} ends in neither .png nor .npz", out.display()),
    }
    terminal::line(&out.display().to_string());
    Ok(ExitCode::SUCCESS)
}

fn stored_prior(run: &Path) -> Result<Option<Prior>> {
    let path = RunDir::new(run).prior();
    let Some(bytes) = file::read(&path)? else { return Ok(None) };
    let prior = serde_json::from_slice(&bytes)
        .map_err(|error| FileError::damaged(&path, error.to_string(), file::EVALUATED_AGAIN))?;
    Ok(Some(prior))
}

fn draw(
    model: &dyn Generative,
    prior: Option<&Prior>,
    device: &burn::tensor::Device,
    request: &SampleRequest,
) -> Result<Tensor<4>> {
    let fitted;
    let sampler: &dyn Sample = match (model.sampler(), model.decoder(), prior) {
        (Some(sampler), ..) => sampler,
        (None, Some(decoder), Some(prior)) => {
            fitted = MixtureSampler { decoder, prior, device: device.clone() };
            &fitted
        }
        _ => bail!("the model has no sampler, and the run has no fitted prior (prior.json)"),
    };
    let chunks = (0..request.count).step_by(CHUNK).map(|first| {
        let count = CHUNK.min(request.count - first);
        sampler.sample(&SampleRequest { first: request.first + first as u64, count, ..*request })
    });
    Ok(Tensor::cat(chunks.collect(), 0))
}

/// Nearly square.
fn grid_columns(count: usize) -> usize {
    (count as f64).sqrt().ceil() as usize
}
