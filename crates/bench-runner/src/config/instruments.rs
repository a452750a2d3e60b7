//! What a run is measured with, where that needs files of the user's.

use crate::cli::JudgeArgs;
use anyhow::{Result, bail};
use genlab_metrics::PinnedFile;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// The network whose features carry the sample metrics.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct JudgeConfig {
    /// Which one.
    pub(crate) name: JudgeName,
    /// Its weights, where they are not shipped.
    pub(crate) path: PathBuf,
    /// SHA-256 of that file.
    pub(crate) sha256: String,
}

/// Which network judges.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum JudgeName {
    /// The dataset's own.
    #[default]
    Dataset,
    /// pytorch-fid's Inception network.
    Inception,
}

/// A file of weights; an empty path asks for nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct WeightsConfig {
    /// Where it lies.
    pub(crate) path: PathBuf,
    /// SHA-256 of the file.
    pub(crate) sha256: String,
}

impl JudgeConfig {
    /// What the flags ask for; None where they are silent.
    ///
    /// # Errors
    /// When `--judge` names no judge.
    pub(crate) fn from_flags(args: &JudgeArgs) -> Result<Option<Self>> {
        let Some(judge) = &args.judge else { return Ok(None) };
        if judge == "dataset" {
            return Ok(Some(Self::default()));
        }
        match Self::inception(judge, args.judge_sha256.as_deref()) {
            Some(inception) => Ok(Some(inception)),
            None => bail!("--judge {judge} is no judge; write dataset, or inception=FILE"),
        }
    }

    /// Inception, where `judge` is `inception=FILE`.
    pub(crate) fn inception(judge: &str, sha256: Option<&str>) -> Option<Self> {
        let path = judge.strip_prefix("inception=").filter(|path| !path.is_empty())?;
        let sha256 = sha256.unwrap_or_default().to_owned();
        Some(Self { name: JudgeName::Inception, path: path.into(), sha256 })
    }

    /// # Errors
    /// When name and path do not go together.
    pub(crate) fn check(&self) -> Result<()> {
        match (self.name, self.path.as_os_str().is_empty()) {
            (JudgeName::Inception, true) => bail!(
                "evaluation.judge.path is empty; name the file of Inception's weights, for example \
                 --judge inception=inception.safetensors"
            ),
            (JudgeName::Dataset, false) => bail!(
                "evaluation.judge.path is given, but the dataset's own judge needs no file; set \
                 evaluation.judge.name to inception, or leave the path out"
            ),
            _ => Ok(()),
        }
    }

    /// The file of its weights.
    pub(crate) fn file(&self) -> PinnedFile {
        PinnedFile { path: self.path.clone(), sha256: self.sha256.clone() }
    }
}

impl WeightsConfig {
    /// The file, where one is asked for.
    pub(crate) fn file(&self) -> Option<PinnedFile> {
        let asked = !self.path.as_os_str().is_empty();
        asked.then(|| PinnedFile { path: self.path.clone(), sha256: self.sha256.clone() })
    }
}
