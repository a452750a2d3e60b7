//! How a model is measured: the settings of an evaluation and their defaults.

use crate::generators::prior::PriorConfig;
use genlab_core::{
    Check, Fault,
    settings::{at_least, optional, positive, size, within},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The split that a model is measured on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Split {
    /// For reported numbers, once.
    #[default]
    Test,
    /// For every choice: hyper-parameters, sweeps.
    Validation,
}

impl Split {
    /// Its name in `results.json`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Test => "test",
            Self::Validation => "validation",
        }
    }
}

/// How grey pixels become binary ones for a likelihood of binary pixels: each is on with probability
/// its grey level (Salakhutdinov & Murray 2008).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Binarisation {
    /// Once and for all: the same binary images for every run.
    #[default]
    Static,
    /// Afresh for each seed of a run.
    Dynamic,
}

/// What is tried as a prior of codes: of all candidates, decoded at every sharpness, that is taken whose samples are
/// nearest to validation images.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct PriorSettings {
    /// Kinds of densities. N(0, I) is left out where a model has no prior of its own, one per class where there are no
    /// classes.
    pub candidates: Vec<PriorConfig>,
    /// What a decoder's logits are multiplied by; 1 alone where values are not in [0, 1].
    pub sharpness: Vec<f64>,
    /// Samples of each, and validation images that they are held against, lowered to as many as there are.
    pub samples: usize,
}

impl Default for PriorSettings {
    fn default() -> Self {
        Self {
            candidates: vec![
                PriorConfig::StandardNormal,
                PriorConfig::Gaussian,
                PriorConfig::Mixture { components: 10 },
                PriorConfig::Mixture { components: 50 },
                PriorConfig::Mixture { components: 100 },
                PriorConfig::ClassGaussians,
                PriorConfig::KernelDensity,
            ],
            sharpness: vec![1.0, 1.5, 2.0],
            samples: 1000,
        }
    }
}

impl Check for PriorSettings {
    fn check(&self) -> Result<(), Fault> {
        if self.candidates.iter().all(|candidate| *candidate == PriorConfig::StandardNormal) {
            let example = "[{ kind = \"mixture\", components = 50 }]";
            return Err(Fault::new(
                "candidates",
                format!("has nothing that can be fitted; it must, for example {example}"),
            ));
        }
        self.candidates.iter().try_for_each(|candidate| within("candidates", candidate))?;
        if self.sharpness.is_empty() {
            return Err(Fault::new(
                "sharpness",
                "is empty; it must hold a number, for example [1.0]",
            ));
        }
        self.sharpness.iter().try_for_each(|s| positive("sharpness", *s))?;
        size("samples", self.samples)
    }
}

/// How a model is measured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Settings {
    /// The images to measure on: the test split for reported numbers, the validation split for
    /// every choice.
    pub split: Split,
    /// Samples to draw and score, lowered to the number of images in the split so that both sides of
    /// a distance are of one size.
    pub samples: usize,
    /// Whether the Fréchet distance is extrapolated to infinitely many images as well: some forty
    /// more distances.
    pub frechet_infinity: bool,
    /// How images become binary for a likelihood of binary pixels.
    pub binarise: Binarisation,
    /// Importance weights per image behind a likelihood; None: it is left out.
    pub importance_samples: Option<usize>,
    /// Images of the split that it is measured on, at most.
    pub importance_images: usize,
    /// Images that a model without an encoder reconstructs by search, which is slow; None: it is left out.
    pub inverted_images: Option<usize>,
    /// Images whose likelihood is estimated by probes, for models that can do no better, which is slow; None: it is
    /// left out.
    pub likelihood_images: Option<usize>,
    /// Probes of each.
    pub likelihood_probes: usize,
    /// Steps at most that a critic trains on against the frozen generator; None: it is left out.
    pub best_response_steps: Option<usize>,
    /// Windows of series that are forecast, at most.
    pub forecast_windows: usize,
    /// Futures that are drawn of each, at least two.
    pub forecast_members: usize,
    /// Densities that are tried for the codes of a model that encodes and decodes.
    pub prior: PriorSettings,
    /// Images per network call. It decides speed and memory and no number, so files do not have it.
    #[serde(skip)]
    pub batch: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            split: Split::Test,
            samples: 2000,
            frechet_infinity: false,
            binarise: Binarisation::Static,
            importance_samples: Some(100),
            importance_images: 1000,
            inverted_images: None,
            likelihood_images: None,
            // Images differ more than the estimates of one by several probes.
            likelihood_probes: 1,
            best_response_steps: Some(500),
            forecast_windows: 2048,
            // The 10 % and the 90 % quantile are two of them.
            forecast_members: 49,
            prior: PriorSettings::default(),
            batch: 250,
        }
    }
}

impl Check for Settings {
    fn check(&self) -> Result<(), Fault> {
        size("samples", self.samples)?;
        optional("importance_samples", self.importance_samples, size)?;
        size("importance_images", self.importance_images)?;
        optional("inverted_images", self.inverted_images, size)?;
        optional("likelihood_images", self.likelihood_images, size)?;
        size("likelihood_probes", self.likelihood_probes)?;
        size("forecast_windows", self.forecast_windows)?;
        optional("best_response_steps", self.best_response_steps, size)?;
        at_least("forecast_members", self.forecast_members, 2)?;
        within("prior", &self.prior)?;
        size("batch", self.batch)
    }
}
