//! `sample RUN`

use crate::{
    cli::SampleArgs,
    device,
    registry::ModelConfig,
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
use burn::tensor::{Device, Tensor};
use genlab_core::{Condition, Generative, Sample, SampleRequest, Seed};
use genlab_data::{Dataset, npz_bytes};
use genlab_metrics::{
    generators::latent::{MixtureSampler, Prior},
    picture, requests,
};
use genlab_report::png;
use genlab_results::{FileError, atomic, file};
use std::{path::Path, process::ExitCode};

/// Values per network call.
const CHUNK: usize = 100;

/// # Errors
/// When the run is not finished, cannot sample as asked, or the file cannot be written.
pub(crate) fn execute(args: &SampleArgs) -> Result<ExitCode> {
    let Stations { identity, data, training, .. } =
        Stations::of(directory::read_config(&args.run)?);
    let device = device::parse(&args.device)?;
    let dataset = run::load(&data)?;
    let model = training::finished(&args.run, &training, &dataset, &device)?.freeze();
    let seed = args.seed.unwrap_or(identity.seed.0);
    let told = Told::of(args, identity.model, model.as_ref(), &dataset)?;
    let mut request = SampleRequest {
        steps: args.steps.map(|steps| steps as usize),
        guidance: args.guidance,
        ..told.request(Seed(seed), &device)
    };
    let (conditions, count) = (model.conditions(), request.count);
    request.condition.past = requests::told_pasts(conditions, &dataset.test, count, &device);
    let prior = stored_prior(&args.run)?;
    let drawn = draw(model.as_ref(), prior.as_ref(), &device, &request)
        .with_context(|| format!("{} cannot sample", args.run.display()))?;
    let out = args.out.clone().unwrap_or_else(|| {
        RunDir::new(args.run.clone())
            .samples()
            .join(format!("samples-s{seed}{}.png", told.suffix()))
    });
    let samples = figures::kept(drawn, dataset.space);
    match out.extension().and_then(|e| e.to_str()) {
        Some("png") => png::save_grid(&out, &picture::raster(&samples, told.columns()))?,
        Some("npz") => atomic::write(&out, &npz_bytes(&samples)?)?,
        _ => bail!("{} ends in neither .png nor .npz", out.display()),
    }
    terminal::line(&out.display().to_string());
    Ok(ExitCode::SUCCESS)
}

/// Which classes are asked for.
enum Told {
    /// Those of a run's report, if any: as many of each as the data has.
    Typical(Option<Vec<u32>>, usize),
    /// One class, or no class at all.
    One(Option<u32>, usize),
    /// So many of each class.
    Each { classes: u32, count: usize },
}

impl Told {
    /// # Errors
    /// When the model cannot be told classes or guided, or there is no such class.
    fn of(
        args: &SampleArgs,
        name: &str,
        model: &dyn Generative,
        dataset: &Dataset,
    ) -> Result<Self> {
        let (conditions, count) = (model.conditions(), args.count as usize);
        let run = args.run.display();
        let untold = || match ModelConfig::by_name(name, dataset.space.kind) {
            Some(model) if model.takes_conditions() => format!(
                "{run} was trained without classes; train one with --set \
                 model.{name}.condition=class"
            ),
            _ => format!("{run} is a run of {name}, a model that is never told a class"),
        };
        if let Some(guidance) = args.guidance {
            if !model.sampler().is_some_and(Sample::is_guided) {
                let what = match conditions.classes {
                    None => untold(),
                    Some(_) if conditions.optional => {
                        format!("{run} is a {name}, whose samples cannot be guided")
                    }
                    Some(_) => format!(
                        "{run} was told the class of every value, and guidance needs a model that has \
                         learned to go without"
                    ),
                };
                bail!("--guidance {guidance} has no meaning here: {what}");
            }
            if !(guidance.is_finite() && guidance >= 0.0) {
                bail!(
                    "--guidance {guidance} is not possible; give 0 or a greater number, such as 2"
                );
            }
        }
        let Some(class) = &args.class else {
            return Ok(Self::Typical(requests::told_classes(conditions, dataset, count), count));
        };
        let Some(classes) = conditions.classes else {
            bail!("--class {class} has no meaning here: {}", untold());
        };
        let classes = classes as u32;
        if class == "each" {
            return Ok(Self::Each { classes, count });
        }
        if class == "none" {
            if conditions.optional {
                return Ok(Self::One(None, count));
            }
            bail!("--class none has no meaning here: {run} was told the class of every value");
        }
        let by_name = dataset.classes.iter().flatten().position(|name| name == class);
        let number = by_name.map(|place| place as u32).or(class.parse().ok());
        match number.filter(|number| *number < classes) {
            Some(number) => Ok(Self::One(Some(number), count)),
            None => bail!(
                "there is no class {class} in {}; give its name or a number from 0 to {}, or each",
                dataset.name,
                classes - 1
            ),
        }
    }

    fn request(&self, seed: Seed, device: &Device) -> SampleRequest {
        let (classes, count) = match self {
            Self::Typical(classes, count) => (classes.clone(), *count),
            Self::One(class, count) => (class.map(|class| vec![class; *count]), *count),
            Self::Each { classes, count } => {
                let of = |class| std::iter::repeat_n(class, *count);
                let all: Vec<u32> = (0..*classes).flat_map(of).collect();
                let count = all.len();
                (Some(all), count)
            }
        };
        let condition = classes.map_or_else(Condition::default, |c| requests::told(&c, device));
        SampleRequest { condition, ..SampleRequest::new(seed, count) }
    }

    /// Nearly square, or a row a class.
    fn columns(&self) -> usize {
        match self {
            Self::Typical(_, count) | Self::One(_, count) => (*count as f64).sqrt().ceil() as usize,
            Self::Each { count, .. } => *count,
        }
    }

    /// What tells the file from that of other classes.
    fn suffix(&self) -> String {
        match self {
            Self::Typical(..) => String::new(),
            Self::One(Some(class), _) => format!("-class{class}"),
            Self::One(None, _) => "-no-class".to_owned(),
            Self::Each { .. } => "-each-class".to_owned(),
        }
    }
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
    device: &Device,
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
    let chunks = (0..request.count)
        .step_by(CHUNK)
        .map(|first| sampler.sample(&request.part(first..(first + CHUNK).min(request.count))));
    Ok(Tensor::cat(chunks.collect(), 0))
}
