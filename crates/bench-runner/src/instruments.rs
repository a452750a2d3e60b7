//! Which judge looks at which images, and what else a run is measured with.

use crate::{
    config::{JudgeConfig, inception_file},
    run::{
        opened::{self, Runs},
        stations::Scoring,
    },
    terminal,
};
use anyhow::{Context, Result, anyhow, bail};
use burn::tensor::Device;
use genlab_core::{ImageShape, Kind};
use genlab_data::{Dataset, cache_folder};
use genlab_metrics::{
    Judge, Lpips, PinnedFile,
    features::judge::{JUDGES, JudgeError, JudgeSpec, trained},
    measures::units,
};
use std::path::Path;

/// The judge that a run's settings ask for; None where the dataset can have none of its own, or nothing is to be judged.
///
/// # Errors
/// When Inception's weights or the run that judges cannot be used, or training fails.
pub(crate) fn judge(scoring: &Scoring, dataset: &Dataset, runs: &Runs) -> Result<Option<Judge>> {
    let device = runs.device();
    let Some(judge) = &scoring.judge else { return Ok(None) };
    match judge {
        JudgeConfig::Dataset => Ok(judge_of(dataset, device)?.map(|judge| weighed(judge, dataset))),
        JudgeConfig::Run(run) => {
            require_images(dataset, "run=DIR")?;
            Ok(Some(weighed(of_run(&run.path, dataset, runs)?, dataset)))
        }
        JudgeConfig::Inception(file) => {
            require_images(dataset, "inception=FILE")?;
            require_colours(dataset, "--judge inception=FILE")?;
            let judge = inception(file, device)?;
            let (samples, least) = (scoring.settings.samples, 2 * judge.features());
            if samples < least {
                terminal::note(&format!(
                    "evaluation.samples is {samples}: FID will be absent, it needs {least}"
                ));
            }
            Ok(Some(judge))
        }
    }
}

/// # Errors
/// When values are asked to be judged that are their own features.
pub(crate) fn require_images(dataset: &Dataset, judge: &str) -> Result<()> {
    let kind = dataset.space.kind;
    if kind == Kind::Images {
        return Ok(());
    }
    let (name, what) = (&dataset.name, units::noun(kind));
    bail!(
        "--judge {judge} has no meaning here: {name} holds {what}, which are scored in their own \
         coordinates without a judge; leave --judge out"
    )
}

/// # Errors
/// When a network that looks at grey and RGB images is asked to look at others.
fn require_colours(dataset: &Dataset, asked: &str) -> Result<()> {
    let (name, shape) = (&dataset.name, dataset.space.shape);
    if [1, 3].contains(&shape.channels) {
        return Ok(());
    }
    bail!(
        "{asked} has no meaning here: it looks at grey and RGB images, and those of {name} are {shape}; leave it out"
    )
}

/// The judge of a dataset: the shipped one, else one that is trained on first use. None where neither
/// can be.
///
/// # Errors
/// When training fails.
pub(crate) fn judge_of(dataset: &Dataset, device: &Device) -> Result<Option<Judge>> {
    // Points are their own features.
    if dataset.space.kind != Kind::Images {
        return Ok(None);
    }
    if let Some(judge) = Judge::for_dataset(&dataset.name, dataset.space.shape, device) {
        return Ok(Some(judge));
    }
    let cache = cache_folder();
    match Judge::trained_on(dataset, cache.as_deref(), device, &terminal::note) {
        Err(JudgeError::Untrainable { .. }) => Ok(None),
        judge => Ok(Some(judge?)),
    }
}

/// The same judge, with a warning if it has learned nothing.
fn weighed(judge: Judge, dataset: &Dataset) -> Judge {
    if let Some(sentence) = trained::weakness(&judge, dataset) {
        terminal::warn(&format!("warning: {sentence}"));
    }
    judge
}

/// The judge of that name, of that file, or `inception=FILE` with the SHA-256 of its weights.
///
/// # Errors
/// When there is none of them, or its weights cannot be used.
pub(crate) fn judge_named(name: &str, sha256: Option<&str>, device: &Device) -> Result<Judge> {
    if let Some(file) = inception_file(name, sha256) {
        return inception(&file, device);
    }
    if sha256.is_some() {
        bail!("--judge-sha256 pins the weights of inception=FILE; --judge {name} needs no pin");
    }
    if let Some(spec) = JUDGES.iter().find(|spec| spec.name == name) {
        return Ok(Judge::shipped(spec, device)?);
    }
    let path = Path::new(name);
    if !path.exists() {
        bail!(
            "there is no judge {name:?}; use {}, run=DIR, inception=FILE, or the path of a judge's file",
            names(&JUDGES)
        );
    }
    Ok(Judge::from_file(path, device)?)
}

/// The only shipped judge for images of this shape; None where there is none.
///
/// # Errors
/// When there is more than one.
pub(crate) fn judge_for(shape: ImageShape, device: &Device) -> Result<Option<Judge>> {
    let fits = |spec: &&JudgeSpec| spec.architecture.shape == shape && spec.knows_classes();
    let fitting: Vec<_> = JUDGES.iter().filter(fits).collect();
    match fitting[..] {
        [] => Ok(None),
        [spec] => Ok(Some(Judge::shipped(spec, device)?)),
        _ => bail!(
            "images of {shape} have several judges; choose one with --judge: {}",
            names(fitting)
        ),
    }
}

/// LPIPS, where a run's settings ask for it.
///
/// # Errors
/// When its weights cannot be used, or the images are too small for it or neither grey nor in colour.
pub(crate) fn lpips(
    weights: Option<&PinnedFile>,
    dataset: &Dataset,
    device: &Device,
) -> Result<Option<Lpips>> {
    if weights.is_some() {
        require_colours(dataset, "evaluation.lpips")?;
    }
    let lpips = weights.map(|file| Lpips::open(file, dataset.space.shape, device)).transpose();
    lpips.context("cannot load LPIPS (evaluation.lpips.path and evaluation.lpips.sha256)")
}

/// The classifier of the finished run in `path`.
///
/// # Errors
/// When there is none, or it cannot judge `dataset`.
pub(crate) fn of_run(path: &Path, dataset: &Dataset, runs: &Runs) -> Result<Judge> {
    let run = runs.open_judge(path);
    let run = run.map_err(|error| anyhow!("judge run={} {error}", path.display()))?;
    let place = runs.place(path);
    let folder = place.file_name().map(|name| name.to_string_lossy());
    let (name, sha256) = (folder.as_deref().unwrap_or("run"), opened::weights(&place)?);
    Judge::opened(name, &sha256, run, dataset, runs.device())
        .context("cannot load the judge (--judge run=DIR)")
}

fn inception(file: &PinnedFile, device: &Device) -> Result<Judge> {
    Judge::inception(file, device)
        .context("cannot load the judge (--judge inception=FILE, --judge-sha256 HEX)")
}

fn names<'a>(specs: impl IntoIterator<Item = &'a JudgeSpec>) -> String {
    specs.into_iter().map(|spec| spec.name).collect::<Vec<_>>().join(", ")
}
