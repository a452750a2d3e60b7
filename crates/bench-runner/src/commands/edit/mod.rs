//! `edit RUN`

mod input;
mod mask;

use super::made::{in_parts, is_archive, require_format, require_writable};
use crate::{
    cli::{EditArgs, EditTask},
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
use anyhow::{Result, bail};
use burn::tensor::{Device, Tensor};
use clap::ValueEnum;
use genlab_core::{
    Condition, Generative, LowResolution, SampleRequest, Seed, Space, Task,
    low_resolution::upsampled,
};
use genlab_data::npz_bytes;
use genlab_metrics::picture;
use genlab_report::png;
use genlab_results::atomic;
use std::process::ExitCode;

/// Gradients a step of inpainting, where nothing is said: best on digits (validation split, docs/results/diffusion.md).
const ITERATIONS: usize = 2;
/// The grey of what is to be painted, in pictures of the input.
const UNKNOWN: f64 = 0.5;

/// # Errors
/// When the run is not finished, cannot do what is asked, or a file cannot be read or written.
pub(crate) fn execute(args: &EditArgs) -> Result<ExitCode> {
    require_sense(args)?;
    let Stations { identity, data, training, .. } =
        Stations::of(directory::read_config(&args.run)?).with_chosen_average(&args.run)?;
    require_steps(args, training.model.most_steps())?;
    let device = device::parse(&args.device)?;
    let dataset = run::load_again(&args.run, &data)?;
    let model = training::finished(&args.run, &training, &dataset, &device)?.freeze();
    let seed = Seed(args.seed.unwrap_or(identity.seed.0));
    let out = args.out.clone().unwrap_or_else(|| {
        let name = format!("edit-{}-s{}.png", name(args.task), seed.0);
        RunDir::new(args.run.clone()).samples().join(name)
    });
    require_writable(&out)?;
    let space = dataset.space;
    let maker = Maker { model: model.as_ref(), args, seed, device: &device, space };
    let Made { shown, variants } = match args.task {
        EditTask::SuperResolve => {
            let factor = maker.factor()?;
            maker.super_resolved(input::low(&args.input, &dataset, factor, &device)?)?
        }
        _ => maker.edited(input::values(&args.input, &dataset, &device)?)?,
    };
    if is_archive(&out) {
        atomic::write(&out, &npz_bytes(&figures::kept(variants, space))?)?;
    } else {
        let (rows, count) = (shown.dims()[0], args.count as usize);
        let row = |row: usize| {
            [shown.clone().narrow(0, row, 1), variants.clone().narrow(0, row * count, count)]
        };
        let grid = Tensor::cat((0..rows).flat_map(row).collect(), 0);
        png::save_grid(&out, &picture::raster(&figures::kept(grid, space), count + 1))?;
    }
    terminal::line(&out.display().to_string());
    Ok(ExitCode::SUCCESS)
}

/// What is shown of the input, and `count` variants of each, one input after the other.
struct Made {
    shown: Tensor<4>,
    variants: Tensor<4>,
}

struct Maker<'a> {
    model: &'a dyn Generative,
    args: &'a EditArgs,
    seed: Seed,
    device: &'a Device,
    space: Space,
}

impl Maker<'_> {
    /// # Errors
    /// When the model is not told low resolutions.
    fn factor(&self) -> Result<usize> {
        let told = self.model.conditions().low_resolution;
        told.ok_or_else(|| {
            anyhow::anyhow!(
                "{} was not told images at a lower resolution, so it cannot super-resolve; train a ddpm with --set \
                 model.ddpm.condition=low-resolution",
                self.args.run.display()
            )
        })
    }

    fn super_resolved(&self, low: LowResolution) -> Result<Made> {
        let Some(sampler) = self.model.sampler() else {
            bail!("{} has no sampler", self.args.run.display());
        };
        let shape = self.space.shape;
        let shown = upsampled(low.images.clone(), low.factor, [shape.height, shape.width]);
        let low = LowResolution::new(self.each(low.images), low.factor);
        let request = self.request(low.told.dims()[0], Condition::of_low_resolution(low));
        let variants = in_parts(&request, |part, _| sampler.sample(part));
        Ok(Made { shown, variants })
    }

    /// # Errors
    /// When the model cannot edit, or is told more than the input says.
    fn edited(&self, input: input::Values) -> Result<Made> {
        let run = self.args.run.display();
        let Some(editor) = self.model.editor() else {
            bail!(
                "{run} cannot edit values; give a run of ddpm whose solver is neither mean-flow nor ancestral with learned \
                 variances"
            );
        };
        let conditions = self.model.conditions();
        if !conditions.is_empty() && !conditions.optional {
            bail!(
                "{run} was always told more than the input says; give a run that is told nothing, or one with \
                 model.ddpm.condition_dropout above 0"
            );
        }
        let (task, values) = self.task(input)?;
        let shown = match &task {
            Task::Inpaint { known, .. } => {
                values.clone() * known.clone() + (1.0 - known.clone()) * UNKNOWN
            }
            Task::Denoise { .. } | Task::Vary { .. } => values.clone(),
        };
        let values = self.each(values);
        let request = self.request(values.dims()[0], Condition::default());
        let variants = in_parts(&request, |part, rows| {
            editor.edit(values.clone().narrow(0, rows.start, rows.len()), &task, part)
        });
        Ok(Made { shown, variants })
    }

    /// What is asked of the editor, and the values that it is given.
    fn task(&self, input: input::Values) -> Result<(Task, Tensor<4>)> {
        let EditArgs { strength, noise, mask, iterations, .. } = self.args;
        let values = input.numbers;
        Ok(match self.args.task {
            EditTask::Vary | EditTask::SuperResolve => {
                (Task::Vary { strength: strength.unwrap_or(0.5) }, values)
            }
            EditTask::Denoise => {
                let sigma = noise.expect("required of this task");
                let [least, most] = self
                    .model
                    .denoiser()
                    .map_or([0.0, f64::INFINITY], genlab_core::Denoise::levels);
                if !(least..=most).contains(&sigma) {
                    bail!(
                        "--noise {sigma} is not what the model has learned; give {least:.3} to {most:.1}"
                    );
                }
                let noisy = if input.clean {
                    let rows = 0..values.dims()[0] as u64;
                    let drawn = self.seed.during(genlab_core::Phase::Sample).normal(
                        "edit/input",
                        0,
                        rows,
                        values.dims(),
                        self.device,
                    );
                    values + drawn * sigma
                } else {
                    values
                };
                (Task::Denoise { sigma }, noisy)
            }
            EditTask::Inpaint => {
                let mask = mask.as_deref().expect("required of this task");
                let known = mask::known(mask, self.space, self.device)?;
                let iterations = iterations.map_or(ITERATIONS, |n| n as usize);
                (Task::Inpaint { known, iterations }, values)
            }
        })
    }

    /// Every row as often as there are variants.
    fn each(&self, rows: Tensor<4>) -> Tensor<4> {
        let [inputs, channels, height, width] = rows.dims();
        let count = self.args.count as usize;
        rows.reshape([inputs, 1, channels * height * width]).repeat(&[1, count, 1]).reshape([
            inputs * count,
            channels,
            height,
            width,
        ])
    }

    fn request(&self, count: usize, condition: Condition) -> SampleRequest {
        let steps = self.args.steps.map(|steps| steps as usize);
        SampleRequest { condition, steps, ..SampleRequest::new(self.seed, count) }
    }
}

fn name(task: EditTask) -> String {
    let value = task.to_possible_value().expect("every task has a name");
    value.get_name().to_owned()
}

/// # Errors
/// When flags are missing that the task needs, or given that it has no use for.
fn require_sense(args: &EditArgs) -> Result<()> {
    let task = name(args.task);
    let own = |flag: &str, given: bool, of: EditTask, needed: Option<&str>| match needed {
        _ if given && args.task != of => {
            bail!(
                "{flag} has no meaning with --task {task}; leave it out, or take --task {}",
                name(of)
            )
        }
        Some(example) if !given && args.task == of => {
            bail!("--task {task} needs {flag}; give one, such as {flag} {example}")
        }
        _ => Ok(()),
    };
    own("--strength", args.strength.is_some(), EditTask::Vary, None)?;
    own("--noise", args.noise.is_some(), EditTask::Denoise, Some("0.3"))?;
    own("--mask", args.mask.is_some(), EditTask::Inpaint, Some("left"))?;
    own("--iterations", args.iterations.is_some(), EditTask::Inpaint, None)?;
    if let Some(strength) = args.strength
        && !(strength > 0.0 && strength <= 1.0)
    {
        bail!(
            "--strength {strength} is not possible; give a share above 0, at most 1, such as 0.5"
        );
    }
    if let Some(noise) = args.noise
        && !(noise > 0.0 && noise.is_finite())
    {
        bail!("--noise {noise} is not possible; give a number above 0, such as 0.3");
    }
    require_format(args.out.as_deref())
}

/// # Errors
/// When more steps are asked for than the sampler can take, or it takes none.
fn require_steps(args: &EditArgs, most: Option<usize>) -> Result<()> {
    match (args.steps, most) {
        (Some(steps), None) => {
            bail!("--steps {steps} has no meaning here: {} takes no steps", args.run.display())
        }
        (Some(steps), Some(most)) if steps > most as u64 => {
            bail!(
                "--steps {steps} is more than {} can take; give {most} or fewer",
                args.run.display()
            )
        }
        _ => Ok(()),
    }
}
