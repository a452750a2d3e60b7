//! The closed list of models. Forgetting an arm is a compile error; CONTRIBUTING.md lists what else a new
//! model needs.

use genlab_ae::AeConfig;
use genlab_core::{Check, Fault, InitContext, Train, settings::within};
use genlab_ddpm::DdpmConfig;
use genlab_gan::GanConfig;
use genlab_sparse_ae::SparseAeConfig;
use genlab_vae::VaeConfig;
use serde::{Deserialize, Serialize};

/// One model with its settings; `[model.vae]` in an experiment file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum ModelConfig {
    /// Autoencoder.
    Ae(AeConfig),
    /// Sparse autoencoder.
    SparseAe(SparseAeConfig),
    /// Variational autoencoder.
    Vae(VaeConfig),
    /// Generative adversarial network.
    Gan(GanConfig),
    /// Denoising diffusion.
    Ddpm(DdpmConfig),
}

impl ModelConfig {
    /// Every model with its defaults, in the order of reports.
    pub(crate) fn all() -> [Self; 5] {
        [
            Self::Ae(AeConfig::default()),
            Self::SparseAe(SparseAeConfig::default()),
            Self::Vae(VaeConfig::default()),
            Self::Gan(GanConfig::default()),
            Self::Ddpm(DdpmConfig::default()),
        ]
    }

    /// The name on the command line and in files.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Ae(_) => "ae",
            Self::SparseAe(_) => "sparse-ae",
            Self::Vae(_) => "vae",
            Self::Gan(_) => "gan",
            Self::Ddpm(_) => "ddpm",
        }
    }

    /// The name for people.
    pub(crate) fn title(&self) -> &'static str {
        match self {
            Self::Ae(_) => "AE",
            Self::SparseAe(_) => "Sparse AE",
            Self::Vae(_) => "VAE",
            Self::Gan(_) => "GAN",
            Self::Ddpm(_) => "DDPM",
        }
    }

    /// A freshly initialised model.
    pub(crate) fn init(&self, context: &InitContext) -> Box<dyn Train> {
        match self {
            Self::Ae(config) => config.init(context),
            Self::SparseAe(config) => config.init(context),
            Self::Vae(config) => config.init(context),
            Self::Gan(config) => config.init(context),
            Self::Ddpm(config) => config.init(context),
        }
    }

    /// The defaults of the model of that name.
    pub(crate) fn by_name(name: &str) -> Option<Self> {
        Self::all().into_iter().find(|model| model.name() == name)
    }
}

impl Check for ModelConfig {
    fn check(&self) -> Result<(), Fault> {
        match self {
            Self::Ae(config) => within(self.name(), config),
            Self::SparseAe(config) => within(self.name(), config),
            Self::Vae(config) => within(self.name(), config),
            Self::Gan(config) => within(self.name(), config),
            Self::Ddpm(config) => within(self.name(), config),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_models_name_is_its_key_in_a_file() {
        for model in ModelConfig::all() {
            let table = toml::Table::try_from(&model).unwrap();
            assert_eq!(table.keys().collect::<Vec<_>>(), [model.name()]);
        }
    }
}
