//! Samples from a model that only decodes: a mixture fitted on its codes.

use crate::{
    matrix::Rows,
    mixture::{FitError, FitSettings, Mixture},
};
use burn::tensor::{Device, Tensor, TensorData};
use genlab_core::{Decode, Sample, SampleRequest, Seed};

/// Components of the prior unless one says otherwise.
pub const PRIOR_COMPONENTS: usize = 10;

/// Draws codes from a mixture and decodes them.
pub struct MixtureSampler<'a> {
    /// Maps codes to images.
    pub decoder: &'a dyn Decode,
    /// The density of the codes.
    pub mixture: &'a Mixture,
    /// Where the codes are put.
    pub device: Device,
}

impl Sample for MixtureSampler<'_> {
    fn sample(&self, request: &SampleRequest) -> Tensor<4> {
        let codes = self.mixture.sample(request.seed, request.rows());
        let shape = [codes.len(), codes.dim];
        let values: Vec<f32> = codes.values.iter().map(|&v| v as f32).collect();
        self.decoder.decode(Tensor::from_data(TensorData::new(values, shape), &self.device))
    }

    fn network_calls(&self, _request: &SampleRequest) -> usize {
        1
    }
}

/// A mixture fitted on codes `[images, latent]`. The components are lowered to what the codes can
/// carry: twenty for each.
///
/// # Errors
/// When there are next to no codes, or they are not finite.
pub fn fit_prior(codes: &Rows, components: usize, seed: Seed) -> Result<Mixture, FitError> {
    let components = components.min(codes.len() / 20).max(1);
    Mixture::fit(codes, &FitSettings::new(components), seed)
}

/// What reports call the prior.
pub fn prior_title(mixture: &Mixture) -> String {
    match mixture.components() {
        1 => "Gaussian prior".into(),
        n => format!("Gaussian mixture prior ({n})"),
    }
}
