//! Settings of the GAN.

use crate::{
    augmentation::Augmentation,
    critic::{Critic, MinibatchSd},
    generator::Generator,
    model::Gan,
    objective::{Objective, Relativistic},
    regulariser::{Regularisers, SlopePenalty},
};
use genlab_core::{
    Check, ConditionConfig, EmaConfig, Fault, InitContext, Kind, LearningRateSchedule, Optimized,
    OptimizerConfig, Train,
    nn::{BackboneConfig, ConvBackbone, init_module},
    optim::{AdamConfig, Method},
    settings::{LARGEST_SIZE, at_least, at_most, optional_within, share, size, within},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A generative adversarial network.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct GanConfig {
    /// Size of the noise that a sample grows from.
    pub latent_dim: usize,
    /// What the two networks play for.
    pub objective: Objective,
    /// What keeps the critic from growing steep.
    pub regularisers: Regularisers,
    /// What is done to values before the critic reads them.
    pub augmentation: Augmentation,
    /// Values that the critic judges as one (PacGAN, Lin et al. 2018, arXiv:1712.04086).
    pub pack: usize,
    /// Whether the critic is told how much the values of a batch differ.
    pub minibatch_sd: Option<MinibatchSd>,
    /// What both networks are told of a value: the generator behind its noise, the critic by projection
    /// (Miyato & Koyama 2018, arXiv:1802.05637).
    pub condition: ConditionConfig,
    /// Share of the rows that both networks play without being told.
    pub condition_dropout: f64,
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
            objective: Objective::default(),
            regularisers: Regularisers::default(),
            augmentation: Augmentation::default(),
            pack: 1,
            minibatch_sd: Some(MinibatchSd::default()),
            condition: ConditionConfig::None,
            condition_dropout: 0.1,
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
            ema: EmaConfig::of(0.998),
        }
    }
}

impl Check for GanConfig {
    fn check(&self) -> Result<(), Fault> {
        size("latent_dim", self.latent_dim)?;
        within("objective", &self.objective)?;
        share("condition_dropout", self.condition_dropout)?;
        within("regularisers", &self.regularisers)?;
        if self.regularisers.weight_clip.is_some() && self.condition.run().is_some() {
            let problem = "begins with the weights of a run, but regularisers.weight_clip would cut off what the critic's encoder knows; leave one of the two out";
            return Err(Fault::new("condition.run", problem));
        }
        if !self.objective.game().is_bounded() && !self.regularisers.bound_slopes() {
            let problem = "is wasserstein, whose critic has no best scores unless its slope is bounded; switch on \
                           regularisers.gradient_penalty, weight_clip, spectral_norm, or both real_slope and fake_slope";
            return Err(Fault::new("objective", problem));
        }
        within("augmentation", &self.augmentation)?;
        size("pack", self.pack)?;
        optional_within("minibatch_sd", self.minibatch_sd.as_ref())?;
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
    /// The defaults on values of this kind.
    pub fn for_kind(kind: Kind) -> Self {
        let default = Self::default();
        match kind {
            Kind::Images => default,
            // Chosen on ring-8. The first loss with one penalty is a matter of luck there: a rounding error
            // decides between all modes and none. Pairs with both penalties are R3GAN's loss (arXiv:2501.05441).
            Kind::Points | Kind::Series => {
                let slope = Some(SlopePenalty { weight: 0.1, ..SlopePenalty::default() });
                let fading = OptimizerConfig {
                    schedule: LearningRateSchedule::Cosine,
                    ..default.generator_optimizer
                };
                Self {
                    latent_dim: 8,
                    objective: Objective::Relativistic(Relativistic {}),
                    regularisers: Regularisers {
                        real_slope: slope,
                        fake_slope: slope,
                        ..Regularisers::default()
                    },
                    minibatch_sd: None,
                    ema: EmaConfig::of(0.99),
                    generator: BackboneConfig::mlp([128, 128]),
                    critic: BackboneConfig::mlp([128, 128]),
                    generator_optimizer: fading,
                    critic_optimizer: fading,
                    ..default
                }
            }
        }
    }

    /// A freshly initialised model.
    ///
    /// # Errors
    /// When its settings do not fit the data, or the run that its encoders of captions begin with cannot be used.
    pub fn init(&self, context: &InitContext) -> Result<Box<dyn Train>, Fault> {
        Ok(Box::new(self.build(context)?))
    }

    pub(crate) fn build(&self, context: &InitContext) -> Result<Gan, Fault> {
        let space = context.space;
        self.generator.fits("generator", space)?;
        self.critic.fits("critic", space)?;
        self.augmentation.fits("augmentation", space)?;
        let conditions = self.condition.conditions("condition", context)?;
        let conditions = conditions.of_classes_or_captions("condition")?;
        if self.pack > 1 && !conditions.is_empty() {
            let problem = format!(
                "is {}, but the critic is told something of each value; set it to 1, or condition to none",
                self.pack
            );
            return Err(Fault::new("pack", problem));
        }
        let conditions = conditions.with_dropout(self.condition_dropout);
        let generator = init_module(context.seed, "gan/generator", &context.device, |device| {
            Generator::new(self, conditions, space, device)
        });
        let critic = init_module(context.seed, "gan/critic", &context.device, |device| {
            Critic::new(self, conditions, space, device)
        });
        let encoder = self.condition.encoder_start("condition", context)?;
        let (generator, critic) = (encoder.begin(generator)?, encoder.begin(critic)?);
        Ok(Gan {
            generator: Optimized::new(generator, self.generator_optimizer, self.ema.clone()),
            critic: Optimized::new(critic, self.critic_optimizer, EmaConfig::Off),
            config: self.clone(),
            conditions,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::regulariser::WeightClip;
    use genlab_core::{CaptionConfig, Space, testing::context};

    #[test]
    fn convolutions_for_points_are_refused_for_either_network() {
        let points = context(Space::points(2, 0.0, 1.0));
        let mlp = BackboneConfig::mlp([8]);
        let (generator, critic) = (GanConfig::default(), GanConfig::default());
        for (config, key) in [
            (GanConfig { critic: mlp.clone(), ..generator }, "generator"),
            (GanConfig { generator: mlp.clone(), ..critic }, "critic"),
        ] {
            let refused = config.init(&points).err().expect("it does not fit").to_string();
            assert!(refused.starts_with(&format!("{key} is conv, but")), "{refused}");
        }
    }

    #[test]
    fn an_encoder_that_is_taken_over_is_not_clipped_away() {
        let run = Some("clip".into());
        let config = GanConfig {
            condition: ConditionConfig::Caption(CaptionConfig { run, ..CaptionConfig::default() }),
            regularisers: Regularisers {
                weight_clip: Some(WeightClip::default()),
                ..Regularisers::default()
            },
            ..GanConfig::default()
        };
        let fault = config.check().expect_err("refused").to_string();
        assert!(
            fault.starts_with("condition.run begins with the weights of a run, but"),
            "{fault}"
        );
    }
}
