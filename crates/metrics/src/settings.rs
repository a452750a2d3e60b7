//! How a model is measured: the settings of an evaluation and their defaults.

use genlab_core::{
    Check, Fault,
    settings::{at_least, optional, size},
};
use serde::{Deserialize, Serialize};

/// The split that a model is measured on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
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
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Binarisation {
    /// Once and for all: the same binary images for every run.
    #[default]
    Static,
    /// Afresh for each seed of a run.
    Dynamic,
}

/// How a model is measured.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
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
        size("batch", self.batch)
    }
}
