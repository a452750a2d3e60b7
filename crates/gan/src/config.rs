//! Settings of the GAN.

use crate::{
    model::Gan,
    net::{Critic, Generator},
};
use genlab_core::{
    Check, EmaConfig, Fault, InitContext, Optimized, OptimizerConfig, Train,
    nn::{BackboneConfig, ConvBackbone, init_module},
    optim::{AdamConfig, Method},
    settings::{LARGEST_SIZE, at_least, at_most, share, size, within},
};
use serde::{Deserialize, Serialize};

/// What the two networks play for.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum GanLoss {
    /// The generator minimises −log D(G(z)): strong gradients when the critic wins.
    NonSaturating {
        /// How far below 1 the critic's target for real images lies (one-sided label smoothing,
        /// Salimans et al. 2016, arXiv:1606.03498, section 3.4); 0 is the plain loss.
        #[serde(default)]
        label_smoothing: f64,
    },
    /// The generator minimises log(1 − D(G(z))): the minimax game as first written.
    Minimax,
}

/// A generative adversarial network.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GanConfig {
    /// Size of the noise that a sample grows from.
    pub latent_dim: usize,
    /// What the two networks play for.
    pub loss: GanLoss,
    /// The generator moves in every `critic_steps`-th step; the critic in each.
    pub critic_steps: u64,
    /// The generator: a decoder.
    pub generator: BackboneConfig,
    /// The critic (discriminator): an encoder with one output.
    pub critic: BackboneConfig,
    /// How the generator is trained.
    pub generator_optimizer: OptimizerConfig,
    /// How the critic is trained.
    pub critic_optimizer: OptimizerConfig,
    /// Average of the generator's weights, used for samples.
    pub ema: EmaConfig,
}

impl Default for GanConfig {
    fn default() -> Self {
        // Five times slower a critic (two time-scales the other way round from Heusel et al. 2017):
        // at equal rates it tells real from fake within a few hundred steps and the generator
        // stops learning.
        let optimizer = |learning_rate| OptimizerConfig {
            learning_rate,
            method: Method::Adam(AdamConfig { beta1: 0.5, ..AdamConfig::default() }),
            ..OptimizerConfig::default()
        };
        Self {
            latent_dim: 64,
            loss: GanLoss::NonSaturating { label_smoothing: 0.0 },
            critic_steps: 1,
            generator: BackboneConfig::Conv(ConvBackbone {
                norm_groups: Some(8),
                ..ConvBackbone::default()
            }),
            critic: BackboneConfig::Conv(ConvBackbone {
                negative_slope: 0.2,
                ..ConvBackbone::default()
            }),
            generator_optimizer: optimizer(1e-3),
            critic_optimizer: optimizer(2e-4),
            ema: EmaConfig::Exponential { decay: 0.99 },
        }
    }
}

impl Check for GanLoss {
    fn check(&self) -> Result<(), Fault> {
        match self {
            Self::NonSaturating { label_smoothing } => share("label_smoothing", *label_smoothing),
            Self::Minimax => Ok(()),
        }
    }
}

impl Check for GanConfig {
    fn check(&self) -> Result<(), Fault> {
        size("latent_dim", self.latent_dim)?;
        within("loss", &self.loss)?;
        at_least("critic_steps", self.critic_steps, 1)?;
        at_most("critic_steps", self.critic_steps, LARGEST_SIZE as u64)?;
        within("generator", &self.generator)?;
        within("critic", &self.critic)?;
        within("generator_optimizer", &self.generator_optimizer)?;
        within("critic_optimizer", &self.critic_optimizer)?;
        within("ema", &self.ema)
    }
}

impl GanConfig {
    /// A freshly initialised model.
    pub fn init(&self, context: &InitContext) -> Box<dyn Train> {
        let generator = init_module(context.seed, "gan/generator", &context.device, |device| {
            Generator::new(self, context.shape, device)
        });
        let critic = init_module(context.seed, "gan/critic", &context.device, |device| {
            Critic::new(self, context.shape, device)
        });
        Box::new(Gan {
            generator: Optimized::new(generator, self.generator_optimizer, self.ema),
            critic: Optimized::new(critic, self.critic_optimizer, EmaConfig::Off),
            config: self.clone(),
        })
    }
}
