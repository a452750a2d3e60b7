//! Distributions that values were drawn from, known in closed form: what a model should have learned.
//!
//! A kind of truth knows some things of itself and not others; what it does not know is None. Points
//! are in the units of their dataset.

mod ar1;
mod curve;
mod dictionary;
mod gaussian;
mod mixture;
mod tiles;
mod uniform;

pub use ar1::{Ar1, Normal};
pub use curve::{Curve, Shape};
pub use dictionary::Dictionary;
pub use gaussian::Gaussian;
pub use mixture::{GaussianMixture, Mode};
pub use tiles::Tiles;
pub use uniform::Uniform;

use rand::rngs::ChaCha8Rng;

/// The distribution that a dataset was drawn from.
#[derive(Clone, Debug, PartialEq)]
pub enum Truth {
    /// Isotropic Gaussians.
    Mixture(GaussianMixture),
    /// One Gaussian of the plane, with any covariance.
    Gaussian(Gaussian),
    /// A stretch of the line.
    Uniform(Uniform),
    /// Noise around a curve in the plane.
    Curve(Curve),
    /// Squares of the plane.
    Tiles(Tiles),
    /// A stationary autoregressive series of the first order.
    Ar1(Ar1),
    /// Sparse combinations of atoms.
    Dictionary(Dictionary),
}

/// One value, with the class that it belongs to.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Draw {
    pub(crate) class: usize,
    pub(crate) point: Vec<f64>,
}

impl Truth {
    /// Coordinates of one point.
    pub fn dimensions(&self) -> usize {
        match self {
            Self::Mixture(mixture) => mixture.dimensions(),
            Self::Uniform(_) => 1,
            Self::Gaussian(_) | Self::Curve(_) | Self::Tiles(_) => 2,
            Self::Ar1(series) => series.horizon(),
            Self::Dictionary(dictionary) => dictionary.dimensions(),
        }
    }

    /// log p(x) in nats. Panics for a point of another number of dimensions.
    pub fn log_density(&self, x: &[f64]) -> Option<f64> {
        match self {
            Self::Mixture(mixture) => Some(mixture.log_density(x)),
            Self::Gaussian(gaussian) => Some(gaussian.log_density(x)),
            Self::Uniform(uniform) => Some(uniform.log_density(x[0])),
            Self::Curve(curve) => Some(curve.log_density(x)),
            Self::Tiles(tiles) => Some(tiles.log_density(x)),
            Self::Ar1(series) => Some(series.log_density(x)),
            Self::Dictionary(_) => None,
        }
    }

    /// Where values gather, in the order of the dataset's classes.
    pub fn modes(&self) -> Option<&[Mode]> {
        match self {
            Self::Mixture(mixture) => Some(mixture.modes()),
            Self::Gaussian(_)
            | Self::Uniform(_)
            | Self::Curve(_)
            | Self::Tiles(_)
            | Self::Ar1(_)
            | Self::Dictionary(_) => None,
        }
    }

    /// What values are sparse combinations of: directions of length 1.
    pub fn atoms(&self) -> Option<&[Vec<f64>]> {
        match self {
            Self::Dictionary(dictionary) => Some(dictionary.atoms()),
            Self::Mixture(_)
            | Self::Gaussian(_)
            | Self::Uniform(_)
            | Self::Curve(_)
            | Self::Tiles(_)
            | Self::Ar1(_) => None,
        }
    }

    /// E[x_0 | x_t] for x_t = `alpha` x_0 + `sigma` ε with standard normal ε: the least squared error
    /// that a denoiser can reach is around it. `alpha` and `sigma` are not both 0. Panics for a point
    /// of another number of dimensions.
    pub fn denoise(&self, x_t: &[f64], alpha: f64, sigma: f64) -> Option<Vec<f64>> {
        match self {
            Self::Mixture(mixture) => Some(mixture.denoise(x_t, alpha, sigma)),
            Self::Gaussian(gaussian) => Some(gaussian.denoise(x_t, alpha, sigma)),
            Self::Uniform(uniform) => Some(vec![uniform.denoise(x_t[0], alpha, sigma)]),
            Self::Curve(curve) => Some(curve.denoise(x_t, alpha, sigma)),
            Self::Tiles(tiles) => Some(tiles.denoise(x_t, alpha, sigma)),
            Self::Ar1(_) | Self::Dictionary(_) => None,
        }
    }

    /// Differential entropy −E[log p(x)] in nats. No model's expected log-likelihood of held-out
    /// values is above minus this (Gibbs' inequality). None where it would take too much work.
    pub fn entropy(&self) -> Option<f64> {
        match self {
            Self::Mixture(mixture) => mixture.entropy(),
            Self::Gaussian(gaussian) => Some(gaussian.entropy()),
            Self::Uniform(uniform) => Some(uniform.entropy()),
            Self::Curve(curve) => Some(curve.entropy()),
            Self::Tiles(tiles) => Some(tiles.entropy()),
            Self::Ar1(series) => Some(series.entropy()),
            Self::Dictionary(_) => None,
        }
    }

    /// What each number of a value is likely to be, given the numbers before it, of series. Panics where
    /// there are none before.
    pub fn forecast(&self, past: &[f64]) -> Option<Vec<Normal>> {
        match self {
            Self::Mixture(_)
            | Self::Gaussian(_)
            | Self::Uniform(_)
            | Self::Curve(_)
            | Self::Tiles(_)
            | Self::Dictionary(_) => None,
            Self::Ar1(series) => Some(series.forecast(past)),
        }
    }

    /// One value.
    pub(crate) fn draw(&self, rng: &mut ChaCha8Rng) -> Draw {
        match self {
            Self::Mixture(mixture) => mixture.draw(rng),
            Self::Gaussian(gaussian) => Draw { class: 0, point: gaussian.draw(rng) },
            Self::Uniform(uniform) => Draw { class: 0, point: vec![uniform.draw(rng)] },
            Self::Curve(curve) => curve.draw(rng),
            Self::Tiles(tiles) => tiles.draw(rng),
            Self::Ar1(series) => Draw { class: 0, point: series.draw(rng, series.horizon()) },
            Self::Dictionary(dictionary) => Draw { class: 0, point: dictionary.draw(rng) },
        }
    }
}
