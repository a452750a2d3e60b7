//! Samples from a model that decodes: codes drawn from a density that was fitted on its codes.

use super::{
    prior::{Density, PriorConfig},
    sharpness::sharpened,
};
use crate::numerics::{fit::FitError, matrix::Rows, pca::Pca};
use burn::tensor::{Device, Tensor, TensorData};
use genlab_core::{Decode, Sample, SampleRequest, Seed};
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// Codes of more dimensions than this are modelled in the space of their first
/// [`DIMENSIONS`] principal components: a full covariance of a thousand units would have more
/// entries than there are images to learn it from.
pub const MOST_DIMENSIONS: usize = 64;
/// Principal components of such codes.
pub const DIMENSIONS: usize = 50;

/// Codes as densities see them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Coordinates {
    /// From codes to coordinates, for codes of many dimensions.
    pub pca: Option<Pca>,
    /// Drawn codes are lifted to this: 0 where no training code is negative (a ReLU's).
    pub least: Option<f64>,
    /// How many of the largest numbers of a drawn code stay, the others are 0: as many as training codes have on average,
    /// where most of theirs are 0. A sum of components leaves hardly any number exactly 0.
    #[serde(default)]
    pub kept: Option<usize>,
}

impl Coordinates {
    /// Those that suit `codes` `[n, latent]`.
    pub fn of(codes: &Rows) -> Self {
        let pca = if codes.dim > MOST_DIMENSIONS {
            Pca::fit(codes, DIMENSIONS).map(|pca| pca.without_flat_directions(0.0))
        } else {
            None
        };
        let least = codes.values.iter().all(|v| *v >= 0.0).then_some(0.0);
        let on = codes.values.iter().filter(|v| **v > 0.0).count();
        let sparse = least.is_some() && on > 0 && 2 * on < codes.values.len();
        let kept = sparse.then(|| on.div_ceil(codes.len()));
        Self { pca, least, kept }
    }

    /// Codes to coordinates.
    pub fn from_codes(&self, codes: Rows) -> Rows {
        match &self.pca {
            Some(pca) => pca.transform(&codes),
            None => codes,
        }
    }

    fn to_codes(&self, coordinates: Rows) -> Rows {
        let mut codes = match &self.pca {
            Some(pca) => pca.inverse(&coordinates),
            None => coordinates,
        };
        if let Some(least) = self.least {
            for value in &mut codes.values {
                *value = value.max(least);
            }
        }
        if let Some(kept) = self.kept.filter(|kept| *kept < codes.dim) {
            let dim = codes.dim;
            for code in codes.values.chunks_mut(dim) {
                let mut ordered = code.to_vec();
                let (_, bar, _) = ordered.select_nth_unstable_by(dim - kept, f64::total_cmp);
                code.iter_mut().filter(|value| **value < *bar).for_each(|value| *value = 0.0);
            }
        }
        codes
    }
}

/// A density of codes, and how sharply they are decoded.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Prior {
    /// Its kind.
    pub config: PriorConfig,
    /// What the density is about.
    pub coordinates: Coordinates,
    /// The density.
    pub density: Density,
    /// What a decoder's logits are multiplied by.
    pub sharpness: f64,
}

impl Prior {
    /// A density of one kind fitted on codes `[images, latent]`, decoded as they are.
    ///
    /// # Errors
    /// When there are next to no codes, or they are not finite.
    pub fn fit(
        config: PriorConfig,
        codes: Rows,
        labels: Option<&[u32]>,
        seed: Seed,
    ) -> Result<Self, FitError> {
        let coordinates = Coordinates::of(&codes);
        let rows = coordinates.from_codes(codes);
        let config = config.affordable(&rows);
        let density = config.fit(&rows, labels, seed)?;
        Ok(Self { config, coordinates, density, sharpness: 1.0 })
    }

    /// Codes of the given numbers: row i depends on the seed and on i alone.
    pub fn sample(&self, seed: Seed, rows: Range<u64>) -> Rows {
        self.coordinates.to_codes(self.density.sample(seed, rows))
    }

    /// What reports call it: "Gaussian mixture prior (10) at sharpness 2".
    pub fn title(&self) -> String {
        let kind = match self.config {
            PriorConfig::Mixture { components } => format!("Gaussian mixture prior ({components})"),
            PriorConfig::ClassGaussians => "Gaussian prior per class".to_owned(),
            other => format!("{} prior", other.title()),
        };
        let place = match &self.coordinates.pca {
            Some(_) => format!(" in {} principal components", self.density.dim()),
            None => String::new(),
        };
        match self.sharpness {
            1.0 => format!("{kind}{place}"),
            s => format!("{kind}{place} at sharpness {s}"),
        }
    }
}

/// Draws codes from a prior and decodes them.
pub struct CodeSampler<'a> {
    /// Maps codes to images.
    pub decoder: &'a dyn Decode,
    /// The density of the codes.
    pub prior: &'a Prior,
    /// Where the codes are put.
    pub device: Device,
}

impl Sample for CodeSampler<'_> {
    fn sample(&self, request: &SampleRequest) -> Tensor<4> {
        let codes = self.prior.sample(request.seed, request.rows());
        let shape = [codes.len(), codes.dim];
        let values: Vec<f32> = codes.values.iter().map(|&v| v as f32).collect();
        let codes = Tensor::from_data(TensorData::new(values, shape), &self.device);
        sharpened(self.decoder.decode(codes, &request.condition), self.prior.sharpness)
    }

    fn network_calls(&self, _request: &SampleRequest) -> usize {
        1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEN: PriorConfig = PriorConfig::Mixture { components: 10 };

    fn codes(dim: usize, least: f64) -> Rows {
        let value = |i: usize| ((i * i) as f64 * 0.37).sin().max(least);
        Rows::new(dim, (0..400 * dim).map(value).collect())
    }

    fn fit(config: PriorConfig, codes: Rows) -> Prior {
        Prior::fit(config, codes, None, Seed(0)).unwrap()
    }

    #[test]
    fn small_codes_are_modelled_as_they_are_and_may_be_negative() {
        let prior = fit(TEN, codes(4, -1.0));
        assert_eq!(prior.title(), "Gaussian mixture prior (10)");
        assert_eq!(prior.coordinates, Coordinates { pca: None, least: None, kept: None });
        assert_eq!(
            Prior { sharpness: 1.5, ..prior }.title(),
            "Gaussian mixture prior (10) at sharpness 1.5"
        );
    }

    #[test]
    fn large_codes_are_modelled_by_their_components_and_stay_above_zero() {
        for (config, title) in [
            (TEN, "Gaussian mixture prior (4) in 50 principal components"),
            (PriorConfig::KernelDensity, "kernel density prior in 50 principal components"),
        ] {
            let prior = fit(config, codes(200, 0.0));
            assert_eq!(prior.title(), title);
            let drawn = prior.sample(Seed(1), 0..30);
            assert_eq!((drawn.dim, drawn.len()), (200, 30));
            assert!(drawn.values.iter().all(|v| *v >= 0.0));
            assert_eq!(prior.sample(Seed(1), 7..9).values, drawn.values[1400..1800]);
        }
    }

    #[test]
    fn drawn_codes_are_as_sparse_as_those_they_are_fitted_on() {
        // A tenth of 80 numbers is on, others in every code.
        let value = |i: usize| {
            if (i * 7 + i / 80).is_multiple_of(10) { 1.0 + (i as f64).sin() } else { 0.0 }
        };
        let sparse = Rows::new(80, (0..400 * 80).map(value).collect());
        let prior = fit(PriorConfig::Gaussian, sparse);
        assert_eq!(prior.coordinates.kept, Some(8));
        let drawn = prior.sample(Seed(1), 0..30);
        for code in drawn.values.chunks(80) {
            assert_eq!(code.iter().filter(|v| **v > 0.0).count(), 8);
        }
    }

    #[test]
    fn a_prior_survives_a_round_trip_through_json() {
        for config in [TEN, PriorConfig::KernelDensity] {
            let prior = fit(config, codes(70, -1.0));
            let json = serde_json::to_string(&prior).unwrap();
            let back: Prior = serde_json::from_str(&json).unwrap();
            let close = |a: &Rows, b: &Rows| {
                a.values.iter().zip(&b.values).all(|(a, b)| (a - b).abs() < 1e-12)
            };
            assert!(close(&back.sample(Seed(0), 0..5), &prior.sample(Seed(0), 0..5)));
        }
    }
}
