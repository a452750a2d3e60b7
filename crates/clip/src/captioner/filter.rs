//! Captions that are checked before they are learned from (CapFilt, section 3.3 of arXiv:2201.12086).

use super::net::Captioner;
use burn::tensor::{Int, Tensor};
use genlab_core::{
    Alike, BaseConfig, Check, CheckpointError, EmaConfig, Fault, InitContext, Optimized,
    OptimizerConfig, StateReader, StateWriter,
    nn::sigmoid,
    opened::deserialize_path,
    params::{restore_params, write_params},
    settings::share,
    state::Section,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// The setting: a captioner that was trained before, and what it does with captions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct FilterConfig {
    /// Its run directory.
    #[serde(deserialize_with = "deserialize_path")]
    pub run: PathBuf,
    /// A caption is kept where the filter gives it this probability of belonging to its picture, or more.
    pub threshold: f64,
}

impl Default for FilterConfig {
    fn default() -> Self {
        // Where its matching head changes its mind.
        Self { run: PathBuf::new(), threshold: 0.5 }
    }
}

impl FilterConfig {
    fn base(&self) -> BaseConfig {
        BaseConfig { run: self.run.clone(), trained: Vec::new() }
    }

    /// The filter, with the weights that its run keeps: those of `net` are others.
    ///
    /// # Errors
    /// When the run cannot be opened, is of another model, or has another network than the settings `own`.
    pub(super) fn open(
        &self,
        net: Captioner,
        own: &impl Serialize,
        context: &InitContext,
    ) -> Result<Filter, Fault> {
        let net = Optimized::new(net, OptimizerConfig::default(), EmaConfig::Off);
        let net = self.base().build_on(net, "net", own, ALIKE, context)?;
        Ok(Filter { net: net.raw(), threshold: self.threshold })
    }
}

/// Settings that decide what weights mean.
const ALIKE: Alike<'_> =
    Alike { model: "captioner", settings: &["image", "text", "embedding_dim"] };

impl Check for FilterConfig {
    fn check(&self) -> Result<(), Fault> {
        self.base().check()?;
        share("threshold", self.threshold)
    }
}

/// A frozen captioner that keeps a caption, writes another in its place, or lets the picture go.
pub(super) struct Filter {
    net: Captioner,
    threshold: f64,
}

/// What a filter leaves to learn from.
pub(super) struct Filtered {
    /// `[B, T]`
    pub(super) captions: Tensor<2, Int>,
    /// 1 for each row that counts, 0 for those that do not, `[B]`.
    pub(super) weights: Tensor<1>,
    /// Share of the captions that are kept, `[1]`.
    pub(super) kept: Tensor<1>,
}

impl Filter {
    /// Values `[B, C, H, W]` with their captions `[B, T]`: a caption that the filter finds improbable gives way to the one
    /// that the filter writes, and a row whose written caption is improbable as well does not count.
    pub(super) fn filtered(&self, values: Tensor<4>, captions: Tensor<2, Int>) -> Filtered {
        let [count, length] = captions.dims();
        let sight = self.net.look(values).sight;
        let probable = |captions: &Tensor<2, Int>| {
            let p = sigmoid(self.net.match_logits(captions.clone(), &sight));
            p.greater_equal_elem(self.threshold)
        };
        let kept = probable(&captions);
        let written = self.net.text.write(&sight);
        let weights = kept.clone().bool_or(probable(&written)).float();
        let own = kept.clone().reshape([count, 1]).expand([count, length]);
        Filtered { captions: written.mask_where(own, captions), weights, kept: kept.float().mean() }
    }

    /// Writes its weights, so that a run goes on without the run that they came from.
    pub(super) fn state(&self, out: &mut StateWriter) {
        write_params(&self.net, Section::Average, "filter", out);
    }

    /// Puts back what [`Self::state`] wrote.
    ///
    /// # Errors
    /// Names the entry that is missing or has another size.
    pub(super) fn restore(&mut self, from: &mut StateReader) -> Result<(), CheckpointError> {
        self.net = restore_params(self.net.clone(), Section::Average, "filter", from)?;
        Ok(())
    }
}
