//! Densities of codes. Which of them fits is a setting; each variant is a file with its equation.

mod class_gaussians;
mod gaussian;
mod kernel_density;
mod mixture;
mod standard_normal;

pub use kernel_density::KernelDensity;

use crate::numerics::{
    fit::{FitError, affordable_components},
    matrix::Rows,
    mixture::Mixture,
};
use genlab_core::{Check, Fault, Seed, settings::size};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// Added to the diagonal of every covariance.
const REGULARISATION: f64 = 1e-4;

/// A kind of density.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum PriorConfig {
    /// N(0, I), what codes are held to by a model that has a prior of its own. It is not fitted.
    StandardNormal,
    /// One Gaussian with a full covariance.
    Gaussian,
    /// Several of them.
    Mixture {
        /// How many.
        components: usize,
    },
    /// One of them for each class.
    ClassGaussians,
    /// A kernel about each code.
    KernelDensity,
}

impl Check for PriorConfig {
    fn check(&self) -> Result<(), Fault> {
        match *self {
            Self::Mixture { components } => size("components", components),
            Self::StandardNormal | Self::Gaussian | Self::ClassGaussians | Self::KernelDensity => {
                Ok(())
            }
        }
    }
}

impl PriorConfig {
    /// The same with no more Gaussians than `codes` are enough for.
    #[must_use]
    pub fn affordable(self, codes: &Rows) -> Self {
        match self {
            Self::Mixture { components } => match affordable_components(components, codes) {
                1 => Self::Gaussian,
                components => Self::Mixture { components },
            },
            other => other,
        }
    }

    /// The density of this kind that fits `codes` `[n, d]`, of which `labels` are the classes.
    ///
    /// # Errors
    /// When there are too few codes, no classes where they are needed, or something is not finite.
    pub fn fit(
        self,
        codes: &Rows,
        labels: Option<&[u32]>,
        seed: Seed,
    ) -> Result<Density, FitError> {
        Ok(match self {
            Self::StandardNormal => Density::Gaussians(standard_normal::of(codes.dim)),
            Self::Gaussian => Density::Gaussians(gaussian::fit(codes)?),
            Self::Mixture { components } => {
                Density::Gaussians(mixture::fit(codes, components, seed)?)
            }
            Self::ClassGaussians => Density::Gaussians(class_gaussians::fit(codes, labels)?),
            Self::KernelDensity => Density::Kernels(KernelDensity::fit(codes)?),
        })
    }

    /// What reports call it: "Gaussian mixture (10)".
    pub fn title(self) -> String {
        match self {
            Self::StandardNormal => "N(0, I)".to_owned(),
            Self::Gaussian => "Gaussian".to_owned(),
            Self::Mixture { components } => format!("Gaussian mixture ({components})"),
            Self::ClassGaussians => "Gaussian per class".to_owned(),
            Self::KernelDensity => "kernel density".to_owned(),
        }
    }
}

/// A density of codes, fitted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Density {
    /// One Gaussian or more.
    Gaussians(Mixture),
    /// A kernel about each code.
    Kernels(KernelDensity),
}

impl Density {
    /// Dimension of the codes.
    pub fn dim(&self) -> usize {
        match self {
            Self::Gaussians(mixture) => mixture.dim(),
            Self::Kernels(kernels) => kernels.centres.dim,
        }
    }

    /// Codes of the given numbers: row i depends on the seed and on i alone.
    pub fn sample(&self, seed: Seed, rows: Range<u64>) -> Rows {
        match self {
            Self::Gaussians(mixture) => mixture.sample(seed, rows),
            Self::Kernels(kernels) => kernels.sample(seed, rows),
        }
    }

    /// Mean log-density of the rows in nats.
    pub fn log_likelihood(&self, rows: &Rows) -> f64 {
        match self {
            Self::Gaussians(mixture) => mixture.log_likelihood(rows),
            Self::Kernels(kernels) => kernels.log_likelihood(rows),
        }
    }
}
