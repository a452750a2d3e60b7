//! L = E |x − g(f(x'))|² with x' drawn from a corruption C(x' | x) of x: the code cannot be a copy (Vincent et al. 2008,
//! ICML, section 2.3; the kinds of corruption are those of Vincent et al. 2010, JMLR 11, section 4).

use burn::tensor::Tensor;
use genlab_core::{
    Check, Corruption, Fault, Noise, Range as Numbers, Space,
    settings::{positive, share, within},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// It sees disturbed values and gives the clean ones.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Denoising {
    /// How they are disturbed.
    pub noising: Noising,
}

/// C(x' | x).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Noising {
    /// x' ~ N(x, σ² I).
    Gaussian(Gaussian),
    /// Some pixels are black.
    Masking(Masking),
    /// Some pixels are black or white.
    SaltAndPepper(SaltAndPepper),
}

/// x' ~ N(x, σ² I); nothing is cut.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Gaussian {
    /// σ: of pixels in [0, 1], of other values in their standard units.
    pub sigma: f64,
}

/// x'_d = 0 with a probability, else x_d.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Masking {
    /// That probability.
    pub share: f64,
}

/// x'_d = 0 or 1 with a probability, each as often, else x_d.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct SaltAndPepper {
    /// That probability.
    pub share: f64,
}

impl Default for Noising {
    fn default() -> Self {
        Self::Gaussian(Gaussian::default())
    }
}

impl Default for Gaussian {
    fn default() -> Self {
        Self { sigma: 0.3 }
    }
}

impl Default for Masking {
    fn default() -> Self {
        Self { share: 0.25 }
    }
}

impl Default for SaltAndPepper {
    fn default() -> Self {
        Self { share: 0.2 }
    }
}

impl Check for Denoising {
    fn check(&self) -> Result<(), Fault> {
        within("noising", &self.noising)
    }
}

impl Check for Noising {
    fn check(&self) -> Result<(), Fault> {
        match *self {
            Self::Gaussian(Gaussian { sigma }) => positive("sigma", sigma),
            Self::Masking(Masking { share: of })
            | Self::SaltAndPepper(SaltAndPepper { share: of }) => share("share", of),
        }
    }
}

impl Noising {
    /// # Errors
    /// When black and white mean nothing in `space`.
    pub(super) fn fits(&self, space: Space) -> Result<(), Fault> {
        match self {
            Self::Gaussian(_) => Ok(()),
            Self::Masking(_) => space.require_unit("noising", "masking", "gaussian"),
            Self::SaltAndPepper(_) => space.require_unit("noising", "salt-and-pepper", "gaussian"),
        }
    }

    /// x' of values x `[B, C, H, W]`, by the draws of `rows`.
    pub(super) fn apply(
        &self,
        values: Tensor<4>,
        space: Space,
        noise: Noise,
        rows: Range<u64>,
    ) -> Tensor<4> {
        const NAME: &str = "ae/corruption";
        match *self {
            Self::Gaussian(Gaussian { sigma }) => {
                let unit = match space.range {
                    Numbers::Unit => 1.0,
                    Numbers::Real => space.sd,
                };
                let (shape, device) = (values.dims(), values.device());
                values + noise.normal(NAME, 0, rows, shape, &device) * (sigma * unit)
            }
            Self::Masking(Masking { share }) => {
                Corruption::Masked(share).apply(values, noise, NAME, rows)
            }
            Self::SaltAndPepper(SaltAndPepper { share }) => {
                Corruption::SaltAndPepper(share).apply(values, noise, NAME, rows)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;
    use genlab_core::{ImageShape, Phase, Seed};

    #[test]
    fn gaussian_noise_has_its_standard_deviation_and_nothing_is_cut() {
        let values = Tensor::<4>::full([50, 1, 10, 10], 1.0, &Device::flex());
        let noise = Seed(3).during(Phase::Train);
        let moments = |space: Space| {
            let gaussian = Noising::Gaussian(Gaussian { sigma: 0.5 });
            let apart = gaussian.apply(values.clone(), space, noise, 0..50) - values.clone();
            let square = apart.clone().square().mean().into_data().try_into_vec::<f32>().unwrap();
            let mean = apart.mean().into_data().try_into_vec::<f32>().unwrap();
            [mean[0], square[0]]
        };
        for (space, variance) in [
            (Space::images(ImageShape::new(1, 10, 10)), 0.25),
            (Space { shape: ImageShape::new(1, 10, 10), ..Space::points(100, 0.0, 3.0) }, 2.25),
        ] {
            let [mean, square] = moments(space);
            assert!(mean.abs() < 0.05 && (square / variance - 1.0).abs() < 0.06, "{mean} {square}");
        }
    }
}
