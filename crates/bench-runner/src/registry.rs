//! The closed list of models. Forgetting an arm is a compile error; CONTRIBUTING.md lists what else a new
//! model needs.

use anyhow::Context;
use genlab_ae::AeConfig;
use genlab_classifier::ClassifierConfig;
use genlab_clip::{CaptionerConfig, ClipConfig};
use genlab_core::{Check, EmaConfig, Fault, InitContext, Kind, Train, settings::within};
use genlab_ddpm::{DdpmConfig, SamplerConfig, Schedule};
use genlab_gan::GanConfig;
use genlab_sparse_ae::SparseAeConfig;
use genlab_vae::VaeConfig;
use genlab_vision::{GrounderConfig, SegmenterConfig};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::fmt::Display;

/// Steps from noise to sample where time is continuous, at most: ten times what the most patient papers take.
const MOST_STEPS: usize = 10_000;

/// Which weights of a trained network are used.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Weights {
    /// Their average over training that samples are drawn with.
    Averaged,
    /// Another average that was kept, by its decay.
    Decay(f64),
    /// Those that training ended with.
    Raw,
}

impl Weights {
    /// Its name in files.
    pub(crate) fn name(self) -> String {
        match self {
            Self::Averaged => "averaged".to_owned(),
            Self::Decay(decay) => format!("averaged by {decay}"),
            Self::Raw => "raw".to_owned(),
        }
    }
}

/// One model with its settings; `[model.vae]` in an experiment file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
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
    /// A classifier: it judges, and is compared with no generative model.
    Classifier(ClassifierConfig),
    /// A vision transformer: a classifier of another network.
    Vit(ClassifierConfig),
    /// Pictures and captions in one space.
    Clip(ClipConfig),
    /// Captions of pictures.
    Captioner(CaptionerConfig),
    /// Objects cut out where somebody points.
    Segmenter(SegmenterConfig),
    /// Objects found that captions name.
    Grounder(GrounderConfig),
}

impl ModelConfig {
    /// Every model that `all` means, those that are compared, with its defaults on values of this kind, in the order of
    /// reports.
    pub(crate) fn all(kind: Kind) -> [Self; 5] {
        [
            Self::Ae(AeConfig::for_kind(kind)),
            Self::SparseAe(SparseAeConfig::for_kind(kind)),
            Self::Vae(VaeConfig::for_kind(kind)),
            Self::Gan(GanConfig::for_kind(kind)),
            Self::Ddpm(DdpmConfig::for_kind(kind)),
        ]
    }

    /// Their names.
    pub(crate) fn names() -> [&'static str; 5] {
        Self::all(Kind::Images).map(|model| model.name())
    }

    /// Every model that can be asked for by its name: those of [`Self::all`] and those that serve them.
    fn known(kind: Kind) -> impl Iterator<Item = Self> {
        let serving = [
            Self::Classifier(ClassifierConfig::for_kind(kind)),
            Self::Vit(ClassifierConfig::vit()),
            Self::Clip(ClipConfig::default()),
            Self::Captioner(CaptionerConfig::default()),
            Self::Segmenter(SegmenterConfig::default()),
            Self::Grounder(GrounderConfig::default()),
        ];
        Self::all(kind).into_iter().chain(serving)
    }

    /// Their names.
    pub(crate) fn known_names() -> Vec<&'static str> {
        Self::known(Kind::Images).map(|model| model.name()).collect()
    }

    /// The name on the command line and in files.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Ae(_) => "ae",
            Self::SparseAe(_) => "sparse-ae",
            Self::Vae(_) => "vae",
            Self::Gan(_) => "gan",
            Self::Ddpm(_) => "ddpm",
            Self::Classifier(_) => "classifier",
            Self::Vit(_) => "vit",
            Self::Clip(_) => "clip",
            Self::Captioner(_) => "captioner",
            Self::Segmenter(_) => "segmenter",
            Self::Grounder(_) => "grounder",
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
            Self::Classifier(_) => "Classifier",
            Self::Vit(_) => "ViT",
            Self::Clip(_) => "CLIP",
            Self::Captioner(_) => "Captioner",
            Self::Segmenter(_) => "Segmenter",
            Self::Grounder(_) => "Grounder",
        }
    }

    /// The model's own settings.
    pub(crate) fn settings(&self) -> Value {
        let all = serde_json::to_value(self).expect("settings are plain values");
        all[self.name()].clone()
    }

    /// Whether it has a setting of what it is told.
    pub(crate) fn takes_conditions(&self) -> bool {
        match self {
            Self::Ae(_)
            | Self::SparseAe(_)
            | Self::Classifier(_)
            | Self::Vit(_)
            | Self::Clip(_)
            | Self::Captioner(_)
            | Self::Segmenter(_)
            | Self::Grounder(_) => false,
            Self::Vae(_) | Self::Gan(_) | Self::Ddpm(_) => true,
        }
    }

    /// Whether it makes values, which a judge could look at.
    pub(crate) fn makes_values(&self) -> bool {
        match self {
            Self::Ae(_) | Self::SparseAe(_) | Self::Vae(_) | Self::Gan(_) | Self::Ddpm(_) => true,
            Self::Classifier(_)
            | Self::Vit(_)
            | Self::Clip(_)
            | Self::Captioner(_)
            | Self::Segmenter(_)
            | Self::Grounder(_) => false,
        }
    }

    /// # Errors
    /// When its runs, such as `run`, have no samples.
    pub(crate) fn require_samples(&self, run: impl Display) -> anyhow::Result<()> {
        let (name, others) = (self.name(), Self::names().join(", "));
        let sentence =
            || format!("{run} is a run of {name}, which draws no samples; give a run of {others}");
        self.makes_values().then_some(()).with_context(sentence)
    }

    /// Whether it learns which pairs of a batch belong together.
    pub(crate) fn tells_pairs_apart(&self) -> bool {
        match self {
            Self::Clip(_) | Self::Captioner(_) => true,
            Self::Ae(_)
            | Self::SparseAe(_)
            | Self::Vae(_)
            | Self::Gan(_)
            | Self::Ddpm(_)
            | Self::Classifier(_)
            | Self::Vit(_)
            | Self::Segmenter(_)
            | Self::Grounder(_) => false,
        }
    }

    /// The most steps from noise to sample that its sampler can be asked for: those of its schedule, or
    /// [`MOST_STEPS`] where time is continuous. None where there are no steps.
    pub(crate) fn most_steps(&self) -> Option<usize> {
        match self {
            Self::Ddpm(config) => {
                Some(Schedule::new(config.schedule).steps().unwrap_or(MOST_STEPS))
            }
            Self::Ae(_)
            | Self::SparseAe(_)
            | Self::Vae(_)
            | Self::Gan(_)
            | Self::Classifier(_)
            | Self::Vit(_)
            | Self::Clip(_)
            | Self::Captioner(_)
            | Self::Segmenter(_)
            | Self::Grounder(_) => None,
        }
    }

    /// How its samples are drawn; None where there are no steps.
    pub(crate) fn sampler(&self) -> Option<&SamplerConfig> {
        match self {
            Self::Ddpm(config) => Some(&config.sampler),
            Self::Ae(_)
            | Self::SparseAe(_)
            | Self::Vae(_)
            | Self::Gan(_)
            | Self::Classifier(_)
            | Self::Vit(_)
            | Self::Clip(_)
            | Self::Captioner(_)
            | Self::Segmenter(_)
            | Self::Grounder(_) => None,
        }
    }

    /// Which of its weights samples are drawn with.
    pub(crate) fn weights(&self) -> Weights {
        if self.decays().is_empty() { Weights::Raw } else { Weights::Averaged }
    }

    /// Decays of the averages of weights that it keeps, the one that samples are drawn with first.
    pub(crate) fn decays(&self) -> Vec<f64> {
        match self {
            Self::Ddpm(config) => config.ema.decays(),
            Self::Gan(config) => config.ema.decays(),
            Self::Classifier(config) | Self::Vit(config) => config.ema.decays(),
            Self::Clip(config) => config.ema.decays(),
            Self::Captioner(config) => config.ema.decays(),
            Self::Segmenter(config) => config.ema.decays(),
            Self::Grounder(config) => config.ema.decays(),
            Self::Ae(_) | Self::SparseAe(_) | Self::Vae(_) => Vec::new(),
        }
    }

    /// The same model, which is judged by the average of `decay`, one of those that it keeps.
    pub(crate) fn using_average(&self, decay: f64) -> Self {
        let mut model = self.clone();
        match &mut model {
            Self::Ddpm(config) => config.ema = config.ema.using(decay),
            Self::Gan(config) => config.ema = config.ema.using(decay),
            Self::Classifier(config) | Self::Vit(config) => config.ema = config.ema.using(decay),
            Self::Clip(config) => config.ema = config.ema.using(decay),
            Self::Captioner(config) => config.ema = config.ema.using(decay),
            Self::Segmenter(config) => config.ema = config.ema.using(decay),
            Self::Grounder(config) => config.ema = config.ema.using(decay),
            Self::Ae(_) | Self::SparseAe(_) | Self::Vae(_) => {}
        }
        model
    }

    /// The same model, which draws samples by `sampler` and with `weights` where there are steps. Restored from
    /// a run's checkpoint without an average it has the weights that training ended with.
    pub(crate) fn sampled_by(&self, sampler: SamplerConfig, weights: Weights) -> Self {
        match self {
            Self::Ddpm(config) => {
                let ema = match weights {
                    Weights::Averaged => config.ema.clone(),
                    Weights::Decay(decay) => EmaConfig::of(decay),
                    Weights::Raw => EmaConfig::Off,
                };
                Self::Ddpm(DdpmConfig { sampler, ema, ..config.clone() })
            }
            other => other.clone(),
        }
    }

    /// A freshly initialised model.
    ///
    /// # Errors
    /// When its settings do not fit the data, or a run that it builds on cannot be used.
    pub(crate) fn init(&self, context: &InitContext) -> Result<Box<dyn Train>, Fault> {
        let model = match self {
            Self::Ae(config) => config.init(context),
            Self::SparseAe(config) => config.init(context),
            Self::Vae(config) => config.init(context),
            Self::Gan(config) => config.init(context),
            Self::Ddpm(config) => config.init(context),
            Self::Vit(_) if context.space.kind != Kind::Images => Err(Fault::of_all(
                "reads images, and these are none; choose a dataset of images, or --model classifier",
            )),
            Self::Classifier(config) | Self::Vit(config) => config.init(context),
            Self::Clip(config) => config.init(context),
            Self::Captioner(config) => config.init(context),
            Self::Segmenter(config) => config.init(context),
            Self::Grounder(config) => config.init(context),
        };
        model.map_err(|error| error.within(self.name()).within("model"))
    }

    /// The defaults of the model of that name on values of this kind.
    pub(crate) fn by_name(name: &str, kind: Kind) -> Option<Self> {
        Self::known(kind).find(|model| model.name() == name)
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
            Self::Classifier(config) | Self::Vit(config) => within(self.name(), config),
            Self::Clip(config) => within(self.name(), config),
            Self::Captioner(config) => within(self.name(), config),
            Self::Segmenter(config) => within(self.name(), config),
            Self::Grounder(config) => within(self.name(), config),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_models_name_is_its_key_in_a_file() {
        for model in ModelConfig::known(Kind::Images) {
            let table = toml::Table::try_from(&model).unwrap();
            assert_eq!(table.keys().collect::<Vec<_>>(), [model.name()]);
        }
    }
}
