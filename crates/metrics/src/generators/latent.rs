//! Samples from a model that only decodes: a mixture fitted on its codes.

use crate::numerics::{
    fit::{FitError, FitSettings, affordable_components},
    matrix::Rows,
    mixture::Mixture,
    pca::Pca,
};
use burn::tensor::{Device, Tensor, TensorData};
use genlab_core::{Decode, Sample, SampleRequest, Seed};
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// Gaussians of a prior, at most.
pub const COMPONENTS: usize = 10;
/// Codes of more dimensions than this are modelled in the space of their first
/// [`DIMENSIONS`] principal components: a full covariance of a thousand units would have more
/// entries than there are images to learn it from.
pub const MOST_DIMENSIONS: usize = 64;
/// Principal components of such codes.
pub const DIMENSIONS: usize = 50;

/// A density of codes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Prior {
    /// From codes to what the mixture is about, for codes of many dimensions.
    pub pca: Option<Pca>,
    /// The density.
    pub mixture: Mixture,
    /// Drawn codes are lifted to this: 0 where no training code is negative (a ReLU's).
    pub least: Option<f64>,
}

impl Prior {
    /// A mixture of at most [`COMPONENTS`] Gaussians fitted on codes `[images, latent]`.
    ///
    /// # Errors
    /// When there are next to no codes, or they are not finite.
    pub fn fit(codes: &Rows, seed: Seed) -> Result<Self, FitError> {
        let pca = if codes.dim > MOST_DIMENSIONS {
            Pca::fit(codes, DIMENSIONS).map(|pca| pca.without_flat_directions(0.0))
        } else {
            None
        };
        let coordinates = pca.as_ref().map(|pca| pca.transform(codes));
        let coordinates = coordinates.as_ref().unwrap_or(codes);
        let components = affordable_components(COMPONENTS, coordinates);
        let mixture = Mixture::fit(coordinates, &FitSettings::new(components), seed)?;
        let least = codes.values.iter().all(|v| *v >= 0.0).then_some(0.0);
        Ok(Self { pca, mixture, least })
    }

    /// Codes of the given numbers: row i depends on the seed and on i alone.
    pub fn sample(&self, seed: Seed, rows: Range<u64>) -> Rows {
        let drawn = self.mixture.sample(seed, rows);
        let mut codes = match &self.pca {
            Some(pca) => pca.inverse(&drawn),
            None => drawn,
        };
        if let Some(least) = self.least {
            for value in &mut codes.values {
                *value = value.max(least);
            }
        }
        codes
    }

    /// What reports call it: "Gaussian mixture prior (10)".
    pub fn title(&self) -> String {
        let mixture = match self.mixture.components() {
            1 => "Gaussian prior".to_owned(),
            n => format!("Gaussian mixture prior ({n})"),
        };
        match &self.pca {
            Some(_) => format!("{mixture} in {} principal components", self.mixture.dim()),
            None => mixture,
        }
    }
}

/// Draws codes from a prior and decodes them.
pub struct MixtureSampler<'a> {
    /// Maps codes to images.
    pub decoder: &'a dyn Decode,
    /// The density of the codes.
    pub prior: &'a Prior,
    /// Where the codes are put.
    pub device: Device,
}

impl Sample for MixtureSampler<'_> {
    fn sample(&self, request: &SampleRequest) -> Tensor<4> {
        let codes = self.prior.sample(request.seed, request.rows());
        let shape = [codes.len(), codes.dim];
        let values: Vec<f32> = codes.values.iter().map(|&v| v as f32).collect();
        let codes = Tensor::from_data(TensorData::new(values, shape), &self.device);
        self.decoder.decode(codes, &request.condition)
    }

    fn network_calls(&self, _request: &SampleRequest) -> usize {
        1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes(dim: usize, least: f64) -> Rows {
        let value = |i: usize| ((i * i) as f64 * 0.37).sin().max(least);
        Rows::new(dim, (0..400 * dim).map(value).collect())
    }

    #[test]
    fn small_codes_are_modelled_as_they_are_and_may_be_negative() {
        let prior = Prior::fit(&codes(4, -1.0), Seed(0)).unwrap();
        assert_eq!(prior.title(), "Gaussian mixture prior (10)");
        assert_eq!((&prior.pca, prior.least), (&None, None));
    }

    #[test]
    fn large_codes_are_modelled_by_their_components_and_stay_above_zero() {
        let prior = Prior::fit(&codes(200, 0.0), Seed(0)).unwrap();
        assert_eq!(prior.title(), "Gaussian mixture prior (4) in 50 principal components");
        let drawn = prior.sample(Seed(1), 0..30);
        assert_eq!((drawn.dim, drawn.len()), (200, 30));
        assert!(drawn.values.iter().all(|v| *v >= 0.0));
        assert_eq!(prior.sample(Seed(1), 7..9).values, drawn.values[1400..1800]);
    }

    #[test]
    fn a_prior_survives_a_round_trip_through_json() {
        let prior = Prior::fit(&codes(70, -1.0), Seed(0)).unwrap();
        let json = serde_json::to_string(&prior).unwrap();
        let back: Prior = serde_json::from_str(&json).unwrap();
        let close =
            |a: &Rows, b: &Rows| a.values.iter().zip(&b.values).all(|(a, b)| (a - b).abs() < 1e-12);
        assert!(close(&back.sample(Seed(0), 0..5), &prior.sample(Seed(0), 0..5)));
    }
}
