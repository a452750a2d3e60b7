//! What can be set of a diffusion model.

use crate::{
    model::Ddpm,
    schedule::{BetaSchedule, NoiseSchedule},
};
use genlab_core::{
    EmaConfig, InitContext, LearningRateSchedule, Optimized, OptimizerConfig, Train,
    nn::{UNetConfig, init_module},
};
use serde::{Deserialize, Serialize};

/// How noise is removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SamplerKind {
    /// Deterministic given the starting noise (η = 0), good with few steps.
    Ddim,
    /// Fresh noise at each step with the posterior's variance, as in DDPM.
    Ancestral,
}

/// How samples are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SamplerConfig {
    /// Which sampler.
    pub kind: SamplerKind,
    /// Network evaluations per sample, at most `steps` of the process.
    pub steps: usize,
}

impl Default for SamplerConfig {
    fn default() -> Self {
        Self { kind: SamplerKind::Ddim, steps: 50 }
    }
}

/// A denoising diffusion model that predicts the noise.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DdpmConfig {
    /// Steps T of the noising process.
    pub steps: usize,
    /// How noise grows over them.
    pub schedule: BetaSchedule,
    /// The network.
    pub unet: UNetConfig,
    /// How samples are drawn.
    pub sampler: SamplerConfig,
    /// How it is trained.
    pub optimizer: OptimizerConfig,
    /// Average of the weights, used for everything but training.
    pub ema: EmaConfig,
}

impl Default for DdpmConfig {
    fn default() -> Self {
        Self {
            steps: 1000,
            schedule: BetaSchedule::Cosine,
            // Half the resolution and two levels: what a CPU trains in minutes.
            unet: UNetConfig { channels: vec![32, 64], patch: 2, ..UNetConfig::default() },
            sampler: SamplerConfig::default(),
            optimizer: OptimizerConfig {
                // High for a U-Net: a few thousand steps are all there is, and the rate ends at zero.
                learning_rate: 2e-3,
                schedule: LearningRateSchedule::Cosine,
                warmup: 0.02,
                ..OptimizerConfig::default()
            },
            ema: EmaConfig { decay: 0.995 },
        }
    }
}

impl DdpmConfig {
    /// A freshly initialised model.
    pub fn init(&self, context: &InitContext) -> Box<dyn Train> {
        let net = init_module(context.seed, "ddpm/net", &context.device, |device| {
            self.unet.init(context.shape.channels, device)
        });
        Box::new(Ddpm {
            net: Optimized::new_with_ends(net, self.optimizer, self.ema, &["stem", "head"]),
            schedule: NoiseSchedule::new(self.schedule, self.steps),
            sampler: self.sampler,
            shape: context.shape,
        })
    }
}
