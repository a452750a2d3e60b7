//! Settings of the VAE.

use crate::model::Vae;
use genlab_core::{
    Check, ConditionConfig, EmaConfig, Fault, InitContext, InitError, Kind, Optimized,
    OptimizerConfig, Space, Train,
    nn::{BackboneConfig, init_module},
    settings::{non_negative, positive, share, size, within},
};
use serde::{Deserialize, Serialize};

/// How the decoder's output is read.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Likelihood {
    /// Independent Bernoulli pixels; on grey images a cross-entropy.
    Bernoulli,
    /// Independent Gaussian numbers of one standard deviation. Samples are their means.
    Gaussian {
        /// That standard deviation, in the units of the data.
        #[serde(default = "default_sigma")]
        sigma: f64,
    },
}

impl Likelihood {
    /// Gaussian, with the default standard deviation.
    fn gaussian() -> Self {
        Self::Gaussian { sigma: default_sigma() }
    }
}

/// A tenth of the range of pixels.
fn default_sigma() -> f64 {
    0.1
}

/// A variational autoencoder.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct VaeConfig {
    /// Size of the code.
    pub latent_dim: usize,
    /// How pixels are read.
    pub likelihood: Likelihood,
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
            beta: 1.0,
            kl_warmup: 0.0,
            backbone: BackboneConfig::default(),
            condition: ConditionConfig::None,
            optimizer: OptimizerConfig::default(),
        }
    }
}

impl Check for Likelihood {
    fn check(&self) -> Result<(), Fault> {
        match self {
            Self::Bernoulli => Ok(()),
            Self::Gaussian { sigma } => positive("sigma", *sigma),
        }
    }
}

impl Check for VaeConfig {
    fn check(&self) -> Result<(), Fault> {
        size("latent_dim", self.latent_dim)?;
        within("likelihood", &self.likelihood)?;
        non_negative("beta", self.beta)?;
        share("kl_warmup", self.kl_warmup)?;
        within("backbone", &self.backbone)?;
        within("optimizer", &self.optimizer)
    }
}

impl VaeConfig {
    /// The defaults on values of this kind.
    pub fn for_kind(kind: Kind) -> Self {
        match kind {
            Kind::Images => Self::default(),
            Kind::Series => Self { likelihood: Likelihood::gaussian(), ..Self::default() },
            Kind::Points => Self {
                latent_dim: 2,
                likelihood: Likelihood::gaussian(),
                backbone: BackboneConfig::mlp([128, 128]),
                ..Self::default()
            },
        }
    }

    /// A freshly initialised model.
    ///
    /// # Errors
    /// When its settings do not fit the data.
    pub fn init(&self, context: &InitContext) -> Result<Box<dyn Train>, InitError> {
        self.fits(context.space)?;
        let conditions =
            self.condition.conditions("condition", context.classes, context.past, context.space)?;
        let conditions = conditions.of_classes_alone("condition")?;
        let net = init_module(context.seed, "vae/net", &context.device, |device| {
            crate::net::VaeNet::new(self, conditions, context.space, device)
        });
        let net = Optimized::new(net, self.optimizer, EmaConfig::Off);
        Ok(Box::new(Vae { net, config: self.clone(), conditions }))
    }

    fn fits(&self, space: Space) -> Result<(), Fault> {
        if self.likelihood == Likelihood::Bernoulli {
            space.require_unit("likelihood", "bernoulli", "gaussian")?;
        }
        self.backbone.fits("backbone", space)
    }
}
