//! Loads what a run is measured with.

use crate::{
    config::{EvaluationConfig, JudgeName},
    terminal,
};
use anyhow::{Context, Result};
use burn::tensor::Device;
use genlab_data::Dataset;
use genlab_metrics::{Judge, Lpips};

/// The judge that the settings ask for; None where the dataset has none of its own.
///
/// # Errors
/// When Inception's weights cannot be used.
pub(crate) fn judge(
    config: &EvaluationConfig,
    dataset: &Dataset,
    device: &Device,
) -> Result<Option<Judge>> {
    match config.judge.name {
        JudgeName::Dataset => Ok(Judge::for_dataset(&dataset.name, dataset.shape, device)),
        JudgeName::Inception => {
            let judge = Judge::inception(&config.judge.file(), device)
                .context("cannot load the judge (--judge inception=FILE, --judge-sha256 HEX)")?;
            let least = 2 * judge.features();
            if config.samples < least {
                terminal::note(&format!(
                    "evaluation.samples is {}: FID will be absent, it needs {least}",
                    config.samples
                ));
            }
            Ok(Some(judge))
        }
    }
}

/// LPIPS, where the settings ask for it.
///
/// # Errors
/// When its weights cannot be used, or the images are too small for it.
pub(crate) fn lpips(
    config: &EvaluationConfig,
    dataset: &Dataset,
    device: &Device,
) -> Result<Option<Lpips>> {
    let load = |file| Lpips::open(&file, dataset.shape, device);
    let lpips = config.lpips.file().map(load).transpose();
    lpips.context("cannot load LPIPS (evaluation.lpips.path and evaluation.lpips.sha256)")
}
