//! `sample RUN`

use super::made::{in_parts, is_archive, require_format, require_size, require_writable};
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
use burn::tensor::{Device, Int, Tensor};
use genlab_core::{Condition, Conditions, Generative, Sample, SampleRequest, Seed, Space};
use genlab_data::{Dataset, npz_with_captions};
use genlab_metrics::{
    generators::latent::{CodeSampler, Prior},
    picture, requests,
};
use genlab_report::png;
use genlab_results::{FileError, atomic, file};
use std::{path::Path, process::ExitCode};

/// Guidance at most: beyond it is a slip of the finger.
pub(super) const MOST_GUIDANCE: f64 = 1000.0;

/// # Errors
/// When the run is not finished, cannot sample as asked, or the file cannot be written.
pub(crate) fn execute(args: &SampleArgs) -> Result<ExitCode> {
    let Stations { identity, data, training, .. } =
        Stations::of(directory::read_config(&args.run)?).with_chosen_average(&args.run)?;
    require_sense(args, &training.model)?;
    let device = device::parse(&args.device)?;
    let (dataset, unread) = run::load_or_remember(&args.run, &data)?;
    let model = training::finished(&args.run, &training, &dataset, &device)?.freeze();
    if let Some(error) = unread
        && needs_data(args, model.conditions())
    {
        return Err(error.context("what samples are told comes from the data of the run"));
    }
    let seed = args.seed.unwrap_or(identity.seed.0);
    let told = Told::of(args, &training.model, model.as_ref(), &dataset)?;
    let mut request = SampleRequest {
        steps: args.steps.map(|steps| steps as usize),
        guidance: args.guidance,
        ..told.request(Seed(seed), &device)
    };
    let (conditions, count) = (model.conditions(), request.count);
    let told_classes = std::mem::take(&mut request.condition);
    request.condition = if dataset.test.is_empty() {
        told_classes
    } else {
        requests::beside(told_classes, conditions, &dataset.test, count, &device)
    };
    let led = args.guidance.map_or_else(String::new, |guidance| format!("-guidance{guidance}"));
    let taken = args.steps.map_or_else(String::new, |steps| format!("-steps{steps}"));
    let mut suffix = told.suffix();
    let mut texts = requests::told_captions(conditions, &dataset.test, count);
    if let Some(text) = &args.caption {
        texts = Some(vec![text.clone(); count]);
        request.condition.captions = Some(captions(args, text, conditions, &dataset, &device)?);
        suffix =
            format!("-{}", text.split_whitespace().collect::<Vec<_>>().join("-").to_lowercase());
    }
    let out = args.out.clone().unwrap_or_else(|| {
        RunDir::new(args.run.clone())
            .samples()
            .join(format!("samples-s{seed}{suffix}{led}{taken}.png"))
    });
    require_size(&out, told.count(), dataset.space)?;
    require_writable(&out)?;
    let prior = stored_prior(&args.run)?;
    let drawn = draw(model.as_ref(), prior.as_ref(), &device, &request)
        .with_context(|| format!("{} cannot sample", args.run.display()))?;
    let samples = figures::kept(drawn, dataset.space).with_labels(told.classes());
    if is_archive(&out) {
        atomic::write(&out, &npz_with_captions(&samples, texts.as_deref())?)?;
    } else {
        png::save_grid(&out, &picture::raster(&samples, told.columns(dataset.space)))?;
    }
    terminal::line(&out.display().to_string());
    Ok(ExitCode::SUCCESS)
}

/// # Errors
/// When what is asked for has no meaning for a run of this model, whatever it has learned.
fn require_sense(args: &SampleArgs, model: &ModelConfig) -> Result<()> {
    let (run, name) = (args.run.display(), model.name());
    model.require_samples(&run)?;
    if let Some(steps) = args.steps {
        match model.most_steps() {
            None => bail!(
                "--steps {steps} has no meaning here: {run} is a run of {name}, whose samples take no \
                 steps; leave it out"
            ),
            Some(most) if steps > most as u64 => bail!(
                "--steps {steps} is more than {run} can take from noise to sample; give {most} or fewer"
            ),
            Some(_) => {}
        }
    }
    let guided = args.guidance.zip(args.class.as_deref());
    if let Some((guidance, "none")) = guided {
        bail!(
            "--guidance {guidance} has no meaning with --class none: there is no class to follow; leave \
             one of them out"
        );
    }
    if args.class.as_ref().is_some_and(|class| class.trim().is_empty()) {
        bail!("--class is empty; give the number or name of a class, each or none");
    }
    require_format(args.out.as_deref())
}

/// The numbers of the words of this caption, once for each sample.
///
/// # Errors
/// When the model is told none, or the text is no caption.
fn captions(
    args: &SampleArgs,
    text: &str,
    conditions: Conditions,
    dataset: &Dataset,
    device: &Device,
) -> Result<Tensor<2, Int>> {
    let run = args.run.display();
    let (Some(_), Some(scenes)) = (conditions.captions, &dataset.train.scenes) else {
        bail!(
            "--caption has no meaning here: {run} was trained without captions; train ddpm on scenes-32 with --set \
             model.ddpm.condition=caption"
        );
    };
    if let Some(fault) = scenes.fault(text) {
        bail!(
            "--caption is not what {run} has learned to read: {fault}; give one such as {:?} (docs/scenes.md)",
            scenes.rows()[0].caption.text()
        );
    }
    let one = scenes.vocabulary().tensor(&[text.to_owned()], device);
    Ok(one.repeat(&[args.count as usize, 1]))
}

/// Whether what samples are told is taken from the data.
fn needs_data(args: &SampleArgs, conditions: Conditions) -> bool {
    let by_proportion = conditions.classes.is_some() && args.class.is_none();
    let beside = conditions.past.is_some() || conditions.low_resolution.is_some();
    by_proportion || beside || conditions.captions.is_some() || conditions.control.is_some()
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
        config: &ModelConfig,
        model: &dyn Generative,
        dataset: &Dataset,
    ) -> Result<Self> {
        let name = config.name();
        let (conditions, count) = (model.conditions(), args.count as usize);
        let run = args.run.display();
        let untold = || {
            if conditions.captions.is_some() {
                format!("{run} was trained with captions, not with classes; give it a --caption")
            } else if config.takes_conditions() {
                format!(
                    "{run} was trained without classes, for which there is --set model.{name}.condition=class"
                )
            } else {
                format!("{run} is a run of {name}, a model that is never told a class")
            }
        };
        if let Some(guidance) = args.guidance {
            if !model.sampler().is_some_and(Sample::is_guided) {
                let what = match conditions.classes {
                    None if conditions.captions.is_some() => format!(
                        "{run} was told the caption of every value, and guidance needs a model that has \
                         learned to go without"
                    ),
                    None => untold(),
                    Some(_) if conditions.optional => {
                        format!(
                            "the samples of {run}, a {name}, cannot be guided with these settings"
                        )
                    }
                    Some(_) => format!(
                        "{run} was told the class of every value, and guidance needs a model that has \
                         learned to go without"
                    ),
                };
                bail!("--guidance {guidance} has no meaning here: {what}; leave it out");
            }
            if !(0.0..=MOST_GUIDANCE).contains(&guidance) {
                bail!(
                    "--guidance {} is not possible; give a number from 0 to {MOST_GUIDANCE}, such as 2",
                    terminal::number(guidance)
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

    /// The class of each sample, where it is told one.
    fn classes(&self) -> Option<Vec<u32>> {
        match self {
            Self::Typical(classes, _) => classes.clone(),
            Self::One(class, count) => class.map(|class| vec![class; *count]),
            Self::Each { classes, count } => {
                let of = |class| std::iter::repeat_n(class, *count);
                Some((0..*classes).flat_map(of).collect())
            }
        }
    }

    /// How many samples there are.
    fn count(&self) -> usize {
        match self {
            Self::Typical(_, count) | Self::One(_, count) => *count,
            Self::Each { classes, count } => *classes as usize * count,
        }
    }

    fn request(&self, seed: Seed, device: &Device) -> SampleRequest {
        let classes = self.classes();
        let condition = classes.map_or_else(Condition::default, |c| requests::told(&c, device));
        SampleRequest { condition, ..SampleRequest::new(seed, self.count()) }
    }

    /// Nearly square, or a row a class.
    fn columns(&self, space: Space) -> usize {
        match self {
            Self::Typical(_, count) | Self::One(_, count) => {
                picture::in_a_row(space, (*count as f64).sqrt().ceil() as usize)
            }
            Self::Each { count, .. } => *count,
        }
    }

    /// What tells the file from that of samples of other classes.
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
    let prior = Prior::from_json(&bytes)
        .map_err(|fault| FileError::damaged(&path, fault, file::EVALUATED_AGAIN))?;
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
            let (drawn, needed) = (prior.latent_dim(), decoder.latent_dim());
            if drawn != needed {
                bail!(
                    "its prior.json draws codes of {drawn} numbers, and its decoder reads {needed}; {}",
                    file::EVALUATED_AGAIN
                );
            }
            fitted = CodeSampler { decoder, prior, device: device.clone() };
            &fitted
        }
        _ => bail!("the model has no sampler, and the run has no fitted prior (prior.json)"),
    };
    Ok(in_parts(request, |part, _| sampler.sample(part)))
}
