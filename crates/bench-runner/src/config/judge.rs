//! Which network judges samples.

use crate::{cli::JudgeArgs, registry::ModelConfig};
use anyhow::{Result, bail};
use genlab_core::{
    Check, Fault,
    opened::{deserialize_path, plain_path},
};
use genlab_metrics::PinnedFile;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// The network in whose features sample metrics are computed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub(crate) enum JudgeConfig {
    /// The dataset's own.
    #[default]
    Dataset,
    /// pytorch-fid's Inception network, with the user's file of its weights.
    Inception(PinnedFile),
    /// The classifier of a finished run.
    Run(JudgingRun),
}

/// A finished run of a classifier.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub(crate) struct JudgingRun {
    /// Its run directory.
    #[serde(deserialize_with = "deserialize_path")]
    pub path: PathBuf,
}

impl Check for JudgeConfig {
    fn check(&self) -> Result<(), Fault> {
        match self {
            Self::Dataset => Ok(()),
            Self::Inception(file) => named(file, "--judge inception=inception.safetensors"),
            Self::Run(run) => run.check(),
        }
    }
}

impl Check for JudgingRun {
    fn check(&self) -> Result<(), Fault> {
        if self.path.as_os_str().is_empty() {
            let problem = "is empty; name the run directory of a classifier, for example --judge \
                           run=runs/classifier";
            return Err(Fault::new("path", problem));
        }
        Ok(())
    }
}

/// Whether the file of weights has a path, which is given as in `example`.
pub(super) fn named(file: &PinnedFile, example: &str) -> Result<(), Fault> {
    if file.path.as_os_str().is_empty() {
        let problem = format!("is empty; name the file of weights, for example {example}");
        return Err(Fault::new("path", problem));
    }
    Ok(())
}

impl JudgeConfig {
    /// The directory of the run that judges, where one does.
    pub(crate) fn run(&self) -> Option<&Path> {
        match self {
            Self::Run(run) => Some(&run.path),
            Self::Dataset | Self::Inception(_) => None,
        }
    }

    /// That there is something to judge.
    ///
    /// # Errors
    /// When none of the models makes anything to judge.
    pub(crate) fn require_sense(models: &[ModelConfig]) -> Result<()> {
        match models {
            [model, ..] if models.iter().all(|model| !model.makes_values()) => bail!(
                "--judge has no meaning here: a {} makes no values that a judge could look at; leave it \
                 out",
                model.name()
            ),
            _ => Ok(()),
        }
    }

    /// What the flags ask for; None where they are silent.
    ///
    /// # Errors
    /// When `--judge` names no judge.
    pub(crate) fn from_flags(args: &JudgeArgs) -> Result<Option<Self>> {
        let Some(judge) = &args.judge else { return Ok(None) };
        if judge == "dataset" {
            return Ok(Some(Self::Dataset));
        }
        if let Some(path) = judge.strip_prefix("run=").filter(|path| !path.is_empty()) {
            if args.judge_sha256.is_some() {
                bail!(
                    "--judge-sha256 pins the weights of inception=FILE; the hash of a run is that of \
                     the weights that it has"
                );
            }
            return Ok(Some(Self::Run(JudgingRun { path: plain_path(Path::new(path)) })));
        }
        match inception_file(judge, args.judge_sha256.as_deref()) {
            Some(file) => Ok(Some(Self::Inception(file))),
            None => {
                bail!("--judge {judge} is not a judge; give dataset, run=DIR or inception=FILE")
            }
        }
    }
}

/// The weights of Inception, where `judge` is `inception=FILE`.
pub(crate) fn inception_file(judge: &str, sha256: Option<&str>) -> Option<PinnedFile> {
    let path = judge.strip_prefix("inception=").filter(|path| !path.is_empty())?;
    Some(PinnedFile { path: path.into(), sha256: sha256.unwrap_or_default().to_owned() })
}
