//! How the decoder's output is read: p(x | z), one file per family.

mod bernoulli;
mod gaussian;
mod logistic;

pub use gaussian::gaussian_nll_of_each;
pub use logistic::{LEVELS, logistic_nll};

use burn::tensor::Tensor;
use genlab_core::{
    Check, Fault, Noise, Observation, Space,
    loss::{bernoulli_nll, gaussian_nll},
    settings::positive,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// The draws of values around what the decoder gives.
const OBSERVATION: &str = "vae/observation";

/// Learned logarithms of scales, in standard units, stay above this: a pixel that is the same in all images would
/// have an infinite density (Rybkin et al. 2021, arXiv:2006.13202).
const LEAST_LOG_SCALE: f64 = -6.0;

/// How the decoder's output is read.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Likelihood {
    /// Independent Bernoulli pixels; on grey images a cross-entropy.
    Bernoulli,
    /// Independent Gaussian numbers of one standard deviation.
    Gaussian {
        /// That standard deviation, in the units of the data.
        #[serde(default = "default_sigma")]
        sigma: f64,
    },
    /// The same, with a standard deviation that is learned.
    GaussianShared,
    /// Independent Gaussian numbers, each with a standard deviation that the decoder gives.
    GaussianPerValue,
    /// Independent pixels of 256 levels, with a scale that is learned.
    Logistic,
}

/// What the decoder says of p(x | z).
pub(crate) struct Decoded {
    /// `[B, n C, H, W]`, any real numbers, n by [`Likelihood::numbers`].
    pub(crate) output: Tensor<4>,
    /// `[1]`: ln of the one scale that is learned, in standard units, where there is one.
    pub(crate) log_scale: Option<Tensor<1>>,
}

impl Likelihood {
    /// Gaussian, with the default standard deviation.
    pub(crate) fn gaussian() -> Self {
        Self::Gaussian { sigma: default_sigma() }
    }

    /// Numbers that the decoder gives for each number of a value.
    pub(crate) fn numbers(self) -> usize {
        match self {
            Self::GaussianPerValue => 2,
            Self::Bernoulli | Self::Gaussian { .. } | Self::GaussianShared | Self::Logistic => 1,
        }
    }

    /// Whether one scale is learned for all numbers.
    pub(crate) fn has_scale(self) -> bool {
        matches!(self, Self::GaussianShared | Self::Logistic)
    }

    /// # Errors
    /// When it is made for other values than those of `space`.
    pub(crate) fn fits(self, space: Space) -> Result<(), Fault> {
        match self {
            Self::Bernoulli => space.require_unit("likelihood", "bernoulli", "gaussian"),
            Self::Logistic => space.require_images("likelihood", "logistic", "gaussian"),
            Self::Gaussian { .. } | Self::GaussianShared | Self::GaussianPerValue => Ok(()),
        }
    }

    /// What a bound with it is comparable with.
    pub(crate) fn observation(self) -> Observation {
        match self {
            Self::Bernoulli => Observation::Bernoulli,
            Self::Gaussian { .. } | Self::GaussianShared | Self::GaussianPerValue => {
                Observation::Gaussian
            }
            Self::Logistic => Observation::Levels,
        }
    }

    /// −log p(x | z) of `values` `[B, C, H, W]`, `[B]` nats.
    pub(crate) fn nll(self, decoded: Decoded, values: Tensor<4>, space: Space) -> Tensor<1> {
        match self {
            Self::Bernoulli => bernoulli_nll(decoded.output, values),
            Self::Gaussian { sigma } => gaussian_nll(space.output(decoded.output), values, sigma),
            Self::GaussianShared | Self::GaussianPerValue => {
                let (means, log_sigma) = decoded.located(space);
                gaussian_nll_of_each(means, log_sigma, values)
            }
            Self::Logistic => {
                let (means, log_scale) = decoded.located(space);
                logistic_nll(means, log_scale, values)
            }
        }
    }

    /// The means of p(x | z), `[B, C, H, W]`.
    pub(crate) fn means(self, decoded: Decoded, space: Space) -> Tensor<4> {
        match self {
            Self::Bernoulli | Self::Gaussian { .. } => space.output(decoded.output),
            Self::GaussianShared | Self::GaussianPerValue | Self::Logistic => {
                decoded.located(space).0
            }
        }
    }

    /// One draw of p(x | z) each, `[B, C, H, W]` values of the space; value i by row `rows.start + i` of `noise`.
    pub(crate) fn draw(
        self,
        decoded: Decoded,
        space: Space,
        noise: Noise,
        rows: Range<u64>,
    ) -> Tensor<4> {
        let [batch, _, height, width] = decoded.output.dims();
        let shape = [batch, space.shape.channels, height, width];
        let device = decoded.output.device();
        let uniform = || noise.uniform(OBSERVATION, 0, rows.clone(), shape, &device);
        let normal = || noise.normal(OBSERVATION, 0, rows.clone(), shape, &device);
        match self {
            Self::Bernoulli => bernoulli::draw(space.output(decoded.output), uniform()),
            Self::Gaussian { sigma } => {
                space.within(space.output(decoded.output) + normal() * sigma)
            }
            Self::GaussianShared | Self::GaussianPerValue => {
                let (means, log_sigma) = decoded.located(space);
                space.within(means + log_sigma.exp() * normal())
            }
            Self::Logistic => {
                let (means, log_scale) = decoded.located(space);
                logistic::draw(means, log_scale, uniform())
            }
        }
    }
}

impl Decoded {
    /// Means in the units of the data, and the logarithms of their scales, both `[B, C, H, W]`.
    fn located(self, space: Space) -> (Tensor<4>, Tensor<4>) {
        let channels = space.shape.channels;
        let means = space.output(self.output.clone().narrow(1, 0, channels));
        let log_scale = match self.log_scale {
            Some(one) => one.reshape([1, 1, 1, 1]).expand(means.dims()),
            None => self.output.narrow(1, channels, channels),
        };
        let log_scale = softplus(log_scale - LEAST_LOG_SCALE) + (LEAST_LOG_SCALE + space.sd.ln());
        (means, log_scale)
    }
}

/// log(1 + eˣ) without overflow.
fn softplus(x: Tensor<4>) -> Tensor<4> {
    x.clone().clamp_min(0.0) + (x.abs().neg().exp() + 1.0).log()
}

/// A tenth of the range of pixels.
fn default_sigma() -> f64 {
    0.1
}

impl Check for Likelihood {
    fn check(&self) -> Result<(), Fault> {
        match self {
            Self::Gaussian { sigma } => positive("sigma", *sigma),
            Self::Bernoulli | Self::GaussianShared | Self::GaussianPerValue | Self::Logistic => {
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numbers;
    use burn::tensor::Device;
    use genlab_core::{Phase, Seed};

    const SPACE: Space = Space::points(2, 3.0, 2.0);

    fn decoded(output: [f32; 4]) -> Decoded {
        let output = Tensor::<1>::from_floats(output, &Device::flex()).reshape([1, 4, 1, 1]);
        Decoded { output, log_scale: None }
    }

    #[test]
    fn the_decoder_gives_means_and_scales_in_standard_units() {
        let (means, log_scale) = decoded([0.0, 1.0, 0.0, -40.0]).located(SPACE);
        assert_eq!(numbers(means), [3.0, 5.0]);
        // ln 2 + ln(1 + e⁶) − 6 and, however far below, ln 2 − 6.
        let [wide, narrow] = numbers(log_scale)[..] else { panic!("two numbers") };
        assert!((wide - (2.0_f64.ln() + (1.0 + 6.0_f64.exp()).ln() - 6.0)).abs() < 1e-5, "{wide}");
        assert!((narrow - (2.0_f64.ln() - 6.0)).abs() < 1e-5, "{narrow}");
    }

    #[test]
    fn draws_have_the_mean_and_the_deviation_that_the_decoder_gives() {
        let count = 4000;
        let output = decoded([0.5, -1.0, -0.7, 0.3]).output.repeat_dim(0, count);
        let (means, log_sigma) = decoded([0.5, -1.0, -0.7, 0.3]).located(SPACE);
        let noise = Seed(0).during(Phase::Sample);
        let of = Decoded { output, log_scale: None };
        let drawn = numbers(Likelihood::GaussianPerValue.draw(of, SPACE, noise, 0..count as u64));
        let given = numbers(means).into_iter().zip(numbers(log_sigma));
        for (axis, (mean, log_sigma)) in given.enumerate() {
            let along: Vec<f64> = drawn.iter().skip(axis).step_by(2).copied().collect();
            let found = along.iter().sum::<f64>() / count as f64;
            let variance = along.iter().map(|x| (x - found).powi(2)).sum::<f64>() / count as f64;
            let sigma = log_sigma.exp();
            assert!((found - mean).abs() < 4.0 * sigma / (count as f64).sqrt(), "{found} {mean}");
            assert!((variance.sqrt() / sigma - 1.0).abs() < 0.05, "{variance} {sigma}");
        }
    }
}
