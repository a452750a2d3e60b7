//! What can be set of a GAN.

use crate::{
    model::Gan,
    net::{Critic, Generator},
};
use genlab_core::{
    EmaConfig, InitContext, Optimized, OptimizerConfig, Train,
    nn::{Backbone, BackboneConfig, init_module},
    optim::{AdamConfig, Method},
};
use serde::{Deserialize, Serialize};

/// What the generator minimises.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Adversarial {
    /// −log D(G(z)): strong gradients when the critic wins.
    NonSaturating,
    /// log(1 − D(G(z))): the minimax game as first written.
    Minimax,
}

/// A generative adversarial network.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GanConfig {
    /// Size of the noise that a sample grows from.
    pub latent: usize,
    /// What the generator minimises.
    pub adversarial: Adversarial,
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
            latent: 64,
            adversarial: Adversarial::NonSaturating,
            critic_steps: 1,
            generator: BackboneConfig {
                kind: Backbone::Conv,
                channels: vec![32, 64],
                norm_groups: 8,
                ..BackboneConfig::default()
            },
            critic: BackboneConfig {
                kind: Backbone::Conv,
                channels: vec![32, 64],
                leak: 0.2,
                ..BackboneConfig::default()
            },
            generator_optimizer: optimizer(1e-3),
            critic_optimizer: optimizer(2e-4),
            ema: EmaConfig { decay: 0.99 },
        }
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
            critic: Optimized::new(critic, self.critic_optimizer, EmaConfig::off()),
            config: self.clone(),
        })
    }
}
