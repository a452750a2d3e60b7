//! Settings of an optimizer.

use super::{
    adam::AdamConfig,
    adamw::AdamWConfig,
    muon::{MuonAdamConfig, MuonConfig},
    rmsprop::RmsPropConfig,
    sgd::SgdConfig,
};
use crate::{
    batch::Progress,
    settings::{Check, Fault, optional, positive, share, within},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How the learning rate moves over the budget, after warm-up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum LearningRateSchedule {
    /// The same rate throughout.
    #[default]
    Constant,
    /// Half a cosine, from the full rate to zero at the end of the budget (SGDR without restarts,
    /// Loshchilov & Hutter 2017, arXiv:1608.03983).
    Cosine,
}

impl LearningRateSchedule {
    /// The share of the peak rate, in [0, 1], that is left after `fraction`, in [0, 1], of the way.
    pub fn share(self, fraction: f64) -> f64 {
        match self {
            Self::Constant => 1.0,
            Self::Cosine => 0.5 * (1.0 + (std::f64::consts::PI * fraction).cos()),
        }
    }
}

/// How a step follows from gradients. Each method's file has its formula and source.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Method {
    /// Adam.
    Adam(AdamConfig),
    /// Adam with decoupled weight decay.
    AdamW(AdamWConfig),
    /// RMSprop.
    RmsProp(RmsPropConfig),
    /// Gradient descent with momentum.
    Sgd(SgdConfig),
    /// Muon for weights between hidden layers, Adam for the rest.
    Muon(MuonConfig),
}

impl Default for Method {
    fn default() -> Self {
        Self::Adam(AdamConfig::default())
    }
}

/// A method with its learning rate, warm-up and global-norm clipping.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct OptimizerConfig {
    /// Peak learning rate, above 0. Muon's is about 0.02, and its Adam has one of its own.
    pub learning_rate: f64,
    /// Share of the budget, in [0, 1), over which the rate rises linearly from zero.
    pub warmup: f64,
    /// Largest global norm of a gradient, above 0; None turns clipping off.
    pub clip_norm: Option<f64>,
    /// What the rate does after warm-up.
    pub schedule: LearningRateSchedule,
    /// How a step follows from gradients.
    pub method: Method,
}

impl Default for OptimizerConfig {
    fn default() -> Self {
        Self {
            learning_rate: 1e-3,
            warmup: 0.0,
            clip_norm: None,
            schedule: LearningRateSchedule::Constant,
            method: Method::default(),
        }
    }
}

impl Check for Method {
    fn check(&self) -> Result<(), Fault> {
        match self {
            Self::Adam(config) => config.check(),
            Self::AdamW(config) => config.check(),
            Self::RmsProp(config) => config.check(),
            Self::Sgd(config) => config.check(),
            Self::Muon(config) => config.check(),
        }
    }
}

impl Check for OptimizerConfig {
    fn check(&self) -> Result<(), Fault> {
        positive("learning_rate", self.learning_rate)?;
        share("warmup", self.warmup)?;
        optional("clip_norm", self.clip_norm, positive)?;
        within("method", &self.method)
    }
}

impl OptimizerConfig {
    /// Muon that rises over `warmup` of the budget and then falls to zero: how models of pictures and words are trained.
    pub fn muon(warmup: f64) -> Self {
        let adam = MuonAdamConfig { learning_rate: 2e-3, beta2: 0.99, ..MuonAdamConfig::default() };
        Self {
            learning_rate: 0.01,
            warmup,
            schedule: LearningRateSchedule::Cosine,
            method: Method::Muon(MuonConfig { adam, ..MuonConfig::default() }),
            ..Self::default()
        }
    }

    /// The share of every peak rate, in [0, 1], that warm-up and schedule leave to the step that
    /// begins at `at`.
    pub(super) fn share_at(&self, at: Progress) -> f64 {
        let fraction = at.fraction();
        if fraction < self.warmup {
            // Half an image ahead, and one at the start, so that the first step moves at all: by one
            // image's share of the warm-up, far less than one step's.
            let images = (at.images as f64 + 0.5).max(1.0) / at.total_images as f64;
            return (images / self.warmup).min(1.0);
        }
        let after = (fraction - self.warmup) / (1.0 - self.warmup).max(f64::EPSILON);
        self.schedule.share(after)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::noise::Seed;

    fn at(images: u64) -> Progress {
        Progress { step: 0, images, total_images: 1000, seed: Seed(0) }
    }

    fn read(json: &str) -> Result<OptimizerConfig, String> {
        serde_json::from_str(json).map_err(|error| error.to_string())
    }

    #[test]
    fn the_rate_rises_then_follows_half_a_cosine() {
        let config = OptimizerConfig {
            schedule: LearningRateSchedule::Cosine,
            warmup: 0.2,
            ..OptimizerConfig::default()
        };
        assert!(config.share_at(at(0)) > 0.0);
        assert!((config.share_at(at(100)) - 0.5).abs() < 0.01);
        assert!((config.share_at(at(200)) - 1.0).abs() < 1e-9);
        assert!((config.share_at(at(600)) - 0.5).abs() < 1e-9);
        assert!(config.share_at(at(1000)).abs() < 1e-9);
        let constant = OptimizerConfig { warmup: 0.0, ..OptimizerConfig::default() };
        assert_eq!(constant.share_at(at(999)), 1.0);
    }

    #[test]
    fn a_method_is_named_by_its_kind_and_what_is_not_written_has_its_default() {
        let config = read(
            r#"{"schedule": {"kind": "cosine"}, "method": {"kind": "sgd", "nesterov": true}}"#,
        )
        .expect("valid settings");
        let sgd = SgdConfig { nesterov: true, ..SgdConfig::default() };
        assert_eq!(config.method, Method::Sgd(sgd));
        assert_eq!(config.schedule, LearningRateSchedule::Cosine);
        assert_eq!(config.learning_rate, OptimizerConfig::default().learning_rate);
        let muon = read(r#"{"method": {"kind": "muon", "adam": {"learning_rate": 0.5}}}"#)
            .expect("valid settings");
        let Method::Muon(muon) = muon.method else { panic!("{muon:?} is not Muon") };
        assert_eq!((muon.adam.learning_rate, muon.adam.beta1), (0.5, 0.9));
    }

    #[test]
    fn settings_come_back_as_they_were_written() {
        for method in [
            Method::default(),
            Method::AdamW(AdamWConfig { weight_decay: 0.1, ..AdamWConfig::default() }),
            Method::RmsProp(RmsPropConfig { momentum: 0.5, ..RmsPropConfig::default() }),
            Method::Sgd(SgdConfig::default()),
            Method::Muon(MuonConfig { newton_schulz_steps: 3, ..MuonConfig::default() }),
        ] {
            let config = OptimizerConfig { method, clip_norm: Some(2.0), ..Default::default() };
            let json = serde_json::to_string(&config).expect("a plain struct serialises");
            assert_eq!(read(&json), Ok(config));
        }
    }
}
