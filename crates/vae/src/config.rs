//! Settings of the VAE.

use crate::{Likelihood, Objective, Prior, model::Vae};
use genlab_core::{
    Check, ConditionConfig, EmaConfig, Fault, InitContext, Kind, LearningRateSchedule, Optimized,
    OptimizerConfig, Space, Train,
    nn::{BackboneConfig, init_module},
    settings::{non_negative, share, size, within},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a sample is of the p(x | z) that it is decoded to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Sampled {
    /// Its mean.
    #[default]
    Means,
    /// A draw.
    Draws,
}

/// A variational autoencoder.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct VaeConfig {
    /// Size of the code.
    pub latent_dim: usize,
    /// How the decoder's output is read.
    pub likelihood: Likelihood,
    /// What a sample is of what the decoder says.
    pub sampled: Sampled,
    /// Which bound is minimised.
    pub objective: Objective,
    /// What codes are like before any value is seen.
    pub prior: Prior,
    /// Weight of the KL in training. Reported bounds always use 1.
    pub beta: f64,
    /// Share of the budget over which the KL's weight rises linearly from zero to `beta`.
    pub kl_warmup: f64,
    /// Encoder and decoder.
    pub backbone: BackboneConfig,
    /// What both are told of a value: p(x | z, y) and q(z | x, y) of Sohn et al. 2015 (NeurIPS 28).
    pub condition: ConditionConfig,
    /// How it is trained.
    pub optimizer: OptimizerConfig,
}

impl Default for VaeConfig {
    fn default() -> Self {
        Self {
            latent_dim: 20,
            likelihood: Likelihood::Bernoulli,
            sampled: Sampled::Means,
            objective: Objective::Elbo,
            prior: Prior::Standard,
            beta: 1.0,
            kl_warmup: 0.0,
            backbone: BackboneConfig::conv([32, 64]),
            condition: ConditionConfig::None,
            // Chosen on the validation split of mnist-10k, where 1e-3 leaves the network under-trained.
            optimizer: OptimizerConfig {
                learning_rate: 4e-3,
                warmup: 0.02,
                schedule: LearningRateSchedule::Cosine,
                ..OptimizerConfig::default()
            },
        }
    }
}

impl Check for VaeConfig {
    fn check(&self) -> Result<(), Fault> {
        size("latent_dim", self.latent_dim)?;
        within("likelihood", &self.likelihood)?;
        within("objective", &self.objective)?;
        within("prior", &self.prior)?;
        non_negative("beta", self.beta)?;
        share("kl_warmup", self.kl_warmup)?;
        within("backbone", &self.backbone)?;
        within("optimizer", &self.optimizer)?;
        self.agrees()
    }
}

impl VaeConfig {
    /// The defaults on values of this kind.
    pub fn for_kind(kind: Kind) -> Self {
        match kind {
            Kind::Images => Self::default(),
            Kind::Series => Self {
                likelihood: Likelihood::gaussian(),
                backbone: BackboneConfig::default(),
                optimizer: OptimizerConfig::default(),
                ..Self::default()
            },
            Kind::Points => Self {
                latent_dim: 2,
                likelihood: Likelihood::gaussian(),
                backbone: BackboneConfig::mlp([128, 128]),
                optimizer: OptimizerConfig::default(),
                ..Self::default()
            },
        }
    }

    /// A freshly initialised model.
    ///
    /// # Errors
    /// When its settings do not fit the data, or the run that its encoder of captions begins with cannot be used.
    pub fn init(&self, context: &InitContext) -> Result<Box<dyn Train>, Fault> {
        self.fits(context.space)?;
        let conditions = self.condition.conditions("condition", context)?;
        let conditions = conditions.of_classes_or_captions("condition")?;
        let net = init_module(context.seed, "vae/net", &context.device, |device| {
            crate::net::VaeNet::new(self, conditions, context.space, device)
        });
        let net = self.condition.encoder_start("condition", context)?.begin(net)?;
        let net = Optimized::new(net, self.optimizer, EmaConfig::Off);
        Ok(Box::new(Vae { net, config: self.clone(), conditions }))
    }

    fn fits(&self, space: Space) -> Result<(), Fault> {
        self.likelihood.fits(space)?;
        self.backbone.fits("backbone", space)
    }

    /// Whether what is minimised exists with the other settings.
    fn agrees(&self) -> Result<(), Fault> {
        if !self.objective.weighs_the_kl() && (self.beta != 1.0 || self.kl_warmup != 0.0) {
            let problem = "is importance-weighted, so there is no KL to weigh; set beta to 1 and kl_warmup to 0, or \
                           objective to elbo";
            return Err(Fault::new("objective", problem));
        }
        if matches!(self.objective, Objective::FreeBits { .. }) && self.prior != Prior::Standard {
            let problem = "is free-bits, which takes the KL dimension by dimension, and only the prior standard has it \
                           so; set prior to standard, or objective to elbo";
            return Err(Fault::new("objective", problem));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(config: VaeConfig) -> String {
        config.check().expect_err("refused").to_string()
    }

    #[test]
    fn objectives_that_do_not_fit_the_other_settings_are_refused_with_a_cure() {
        let iwae = VaeConfig { objective: Objective::Iwae { samples: 5 }, ..VaeConfig::default() };
        assert_eq!(iwae.check(), Ok(()));
        assert!(refusal(VaeConfig { beta: 2.0, ..iwae.clone() }).contains("set beta to 1"));
        assert!(refusal(VaeConfig { kl_warmup: 0.1, ..iwae }).contains("kl_warmup to 0"));
        let learned = VaeConfig {
            objective: Objective::FreeBits { nats: 0.5 },
            prior: Prior::Mixture { components: 3 },
            ..VaeConfig::default()
        };
        assert!(refusal(learned).contains("set prior to standard"));
    }

    #[test]
    fn ranges_of_variants_are_checked_beside_their_fields() {
        let objective = Objective::Ciwae { samples: 0, weight: 0.5 };
        assert_eq!(
            refusal(VaeConfig { objective, ..VaeConfig::default() }),
            "objective.samples is 0; it must be at least 1"
        );
        let prior = Prior::Vamp { pseudo_inputs: 0 };
        assert_eq!(
            refusal(VaeConfig { prior, ..VaeConfig::default() }),
            "prior.pseudo_inputs is 0; it must be at least 1"
        );
    }
}
