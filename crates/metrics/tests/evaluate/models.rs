//! Models whose numbers are known, and what their evaluations say.

use burn::tensor::{Device, Tensor};
use genlab_core::{
    Batch, Codes, Condition, Decode, Density, Encode, Generative, Noise as Draws, Observation,
    Reconstruct, Sample, SampleRequest, Scalars, Term,
};
use genlab_data::{Dataset, LoadOptions, load};
use genlab_metrics::Evaluation;
use genlab_results::{Figure, Plot};
use std::ops::Range;

/// What a test's model can do.
#[derive(Default)]
pub(crate) struct Model {
    pub(crate) sampler: Option<Box<dyn Sample + Send + Sync>>,
    pub(crate) identity: Option<Identity>,
    pub(crate) coin: Option<Coin>,
}

impl Generative for Model {
    fn num_params(&self) -> usize {
        7
    }

    fn objective(&self, _batch: &Batch, _noise: Draws) -> Scalars {
        Scalars::new()
    }

    fn sampler(&self) -> Option<&dyn Sample> {
        self.sampler.as_deref().map(|s| s as &dyn Sample)
    }

    fn reconstructor(&self) -> Option<&dyn Reconstruct> {
        self.identity.as_ref().map(|m| m as &dyn Reconstruct)
    }

    fn encoder(&self) -> Option<&dyn Encode> {
        let identity = self.identity.as_ref().map(|m| m as &dyn Encode);
        identity.or(self.coin.as_ref().map(|m| m as &dyn Encode))
    }

    fn decoder(&self) -> Option<&dyn Decode> {
        self.identity.as_ref().map(|m| m as &dyn Decode)
    }

    fn density(&self) -> Option<&dyn Density> {
        self.coin.as_ref().map(|m| m as &dyn Density)
    }
}

/// The pixels are the code.
pub(crate) struct Identity;

impl Reconstruct for Identity {
    fn reconstruct(&self, images: Tensor<4>, _condition: &Condition) -> Tensor<4> {
        images
    }
}

impl Encode for Identity {
    fn encode(&self, images: Tensor<4>, _condition: &Condition) -> Codes {
        Codes { mean: images.flatten(1, 3), log_var: None }
    }

    fn is_sparse(&self) -> bool {
        true
    }
}

impl Decode for Identity {
    fn latent_dim(&self) -> usize {
        64
    }

    fn decode(&self, codes: Tensor<2>, _condition: &Condition) -> Tensor<4> {
        let [count, _] = codes.dims();
        codes.reshape([count, 1, 8, 8]).clamp(0.0, 1.0)
    }
}

/// Every pixel is a fair coin, of whatever it is said to be, and the code is twice the standard normal's mean off.
pub(crate) struct Coin(pub(crate) Observation);

impl Density for Coin {
    fn observation(&self) -> Observation {
        self.0
    }

    fn negative_elbo(
        &self,
        images: Tensor<4>,
        _condition: &Condition,
        _noise: Draws,
        _first: u64,
    ) -> Vec<Term> {
        let [count, ..] = images.dims();
        // x (1 - x) is zero on binary pixels alone, so grey ones show.
        let grey = images.clone() * (-images.clone() + 1.0);
        let nats = (grey + 2.0_f64.ln()).sum_dim(1).sum_dim(2).sum_dim(3);
        let kl = Tensor::full([count], 4.0, &images.device());
        vec![
            Term { name: "reconstruction", nats: nats.reshape([count]) },
            Term { name: "kl", nats: kl },
        ]
    }

    fn log_weights(
        &self,
        images: Tensor<4>,
        _condition: &Condition,
        _noise: Draws,
        _first: u64,
        draws: Range<u64>,
    ) -> Option<Tensor<2>> {
        let count = (draws.end - draws.start) as usize;
        let weight = -64.0 * 2.0_f64.ln();
        Some(Tensor::full([images.dims()[0], count], weight, &images.device()))
    }
}

impl Encode for Coin {
    fn encode(&self, images: Tensor<4>, _condition: &Condition) -> Codes {
        let [count, ..] = images.dims();
        let zeros = Tensor::zeros([count, 2], &images.device());
        Codes { mean: zeros.clone() + 2.0, log_var: Some(zeros) }
    }
}

/// Training images, counted from the end.
pub(crate) struct Recall(pub(crate) Dataset);

impl Sample for Recall {
    fn sample(&self, request: &SampleRequest) -> Tensor<4> {
        let end = self.0.train.len() - request.first as usize;
        self.0.train.tensor(end - request.count..end, &Device::flex()).flip([0])
    }

    fn network_calls(&self, _request: &SampleRequest) -> usize {
        3
    }
}

pub(crate) struct Noise;

impl Sample for Noise {
    fn sample(&self, request: &SampleRequest) -> Tensor<4> {
        let shape = [request.count, 1, 8, 8];
        request.noise().uniform("test", 0, request.rows(), shape, &Device::flex())
    }

    fn network_calls(&self, _request: &SampleRequest) -> usize {
        1
    }
}

/// A model that has diverged.
pub(crate) struct Diverged;

impl Sample for Diverged {
    fn sample(&self, request: &SampleRequest) -> Tensor<4> {
        Tensor::full([request.count, 1, 8, 8], f32::NAN, &Device::flex())
    }

    fn network_calls(&self, _request: &SampleRequest) -> usize {
        1
    }
}

pub(crate) fn digits() -> Dataset {
    load("digits8x8", &LoadOptions::default()).expect("digits8x8 is embedded")
}

#[track_caller]
pub(crate) fn value(found: &Evaluation, name: &str) -> f64 {
    let metric = found.metrics.iter().find(|m| m.name == name);
    metric.unwrap_or_else(|| panic!("no {name}: {:?}", found.notes)).value
}

pub(crate) fn has(found: &Evaluation, name: &str) -> bool {
    found.metrics.iter().any(|m| m.name.starts_with(name))
}

/// The figure of that name.
#[track_caller]
pub(crate) fn figure<'a>(found: &'a Evaluation, name: &str) -> &'a Figure {
    let figure = found.figures.iter().find(|figure| figure.name == name);
    figure.unwrap_or_else(|| panic!("no figure {name}: {:?}", found.notes))
}

/// How many images the figure of that name shows, and how many in a row.
#[track_caller]
pub(crate) fn strip(found: &Evaluation, name: &str) -> (usize, usize) {
    match &figure(found, name).plot {
        Plot::Strip(strip) => (strip.count(), strip.columns),
        other => panic!("{name} is not a strip of images: {other:?}"),
    }
}

/// The bars of the figure of that name.
#[track_caller]
pub(crate) fn bars<'a>(found: &'a Evaluation, name: &str) -> &'a [f64] {
    match &figure(found, name).plot {
        Plot::Bars { values, .. } => values,
        other => panic!("{name} has no bars: {other:?}"),
    }
}
