//! Settings of the diffusion model.

use crate::{
    model::Ddpm,
    schedule::{BetaSchedule, NoiseSchedule},
};
use genlab_core::{
    Check, EmaConfig, Fault, InitContext, LearningRateSchedule, Optimized, OptimizerConfig, Train,
    nn::{UNetConfig, init_module},
    settings::{size, within},
};
use serde::{Deserialize, Serialize};

/// How samples are drawn. `steps` are network evaluations per sample, at most the steps T of the
/// process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum SamplerConfig {
    /// Deterministic given the starting noise (η = 0), good with few steps.
    Ddim {
        /// Network evaluations per sample.
        #[serde(default = "default_steps")]
        steps: usize,
    },
    /// Fresh noise at each step with the posterior's variance (η = 1), as in DDPM.
    Ancestral {
        /// Network evaluations per sample.
        #[serde(default = "default_steps")]
        steps: usize,
    },
}

/// For both samplers, so that they are compared at one cost; enough for DDIM, few for the other.
fn default_steps() -> usize {
    50
}

impl Default for SamplerConfig {
    fn default() -> Self {
        Self::Ddim { steps: default_steps() }
    }
}

impl SamplerConfig {
    /// Network evaluations per sample.
    pub fn steps(self) -> usize {
        match self {
            Self::Ddim { steps } | Self::Ancestral { steps } => steps,
        }
    }

    /// η of Song et al. 2021 (arXiv:2010.02502): how much of a step's noise is fresh.
    pub fn eta(self) -> f64 {
        match self {
            Self::Ddim { .. } => 0.0,
            Self::Ancestral { .. } => 1.0,
        }
    }
}

/// A denoising diffusion model that predicts the noise.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
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
            unet: UNetConfig { channels: vec![32, 64], patch_size: 2, ..UNetConfig::default() },
            sampler: SamplerConfig::default(),
            optimizer: OptimizerConfig {
                // High for a U-Net: a few thousand steps are all there is, and the rate ends at zero.
                learning_rate: 2e-3,
                schedule: LearningRateSchedule::Cosine,
                warmup: 0.02,
                ..OptimizerConfig::default()
            },
            ema: EmaConfig::Exponential { decay: 0.995 },
        }
    }
}

impl Check for SamplerConfig {
    fn check(&self) -> Result<(), Fault> {
        size("steps", self.steps())
    }
}

impl Check for DdpmConfig {
    fn check(&self) -> Result<(), Fault> {
        size("steps", self.steps)?;
        within("unet", &self.unet)?;
        within("sampler", &self.sampler)?;
        within("optimizer", &self.optimizer)?;
        within("ema", &self.ema)
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
