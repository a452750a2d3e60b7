//! Encoder to a Gaussian posterior, decoder, and what is learned of the prior.

use crate::{
    Likelihood, VaeConfig,
    likelihood::Decoded,
    prior::{Components, LearnedPrior},
};
use burn::{
    module::{Module, Param},
    nn::Initializer,
    tensor::{Device, Tensor},
};
use genlab_core::{
    Condition, Conditions, ImageShape, Noise, Space,
    nn::{CaptionEmbedding, ClassEmbedding, Decoder, Encoder, Linear, told_vector},
};
use std::ops::Range;

/// Size of the vector that stands for a class, and the standard deviation of its numbers at the start:
/// wide and long enough to be heard beside the code, so that the code need not say the class again.
const CLASS_SIZE: usize = 64;
const CLASS_SD: f64 = 2.0;

#[derive(Module, Debug)]
pub(crate) struct VaeNet {
    encoder: Encoder,
    mean: Linear,
    log_var: Linear,
    decoder: Decoder,
    class: Option<ClassEmbedding>,
    caption: Option<CaptionEmbedding>,
    /// The scale of p(x | z) that is learned for all numbers together.
    log_scale: Option<Param<Tensor<1>>>,
    prior: Option<LearnedPrior>,
    #[module(skip)]
    likelihood: Likelihood,
    #[module(skip)]
    space: Space,
}

/// The Gaussian posterior q(z | x) of each value, `[B, L]` each.
#[derive(Clone)]
pub(crate) struct Posterior {
    pub(crate) mean: Tensor<2>,
    pub(crate) log_var: Tensor<2>,
}

impl VaeNet {
    pub(crate) fn new(
        config: &VaeConfig,
        conditions: Conditions,
        space: Space,
        device: &Device,
    ) -> Self {
        let encoder = config.backbone.encoder(space.shape, device);
        let told = match (conditions.classes, conditions.captions) {
            (Some(_), _) => CLASS_SIZE,
            (None, Some(captions)) => captions.text.width,
            (None, None) => 0,
        };
        let features = encoder.features() + told;
        let channels = space.shape.channels * config.likelihood.numbers();
        let output = ImageShape { channels, ..space.shape };
        let scale = || Initializer::Zeros.init([1], device);
        Self {
            mean: Linear::new(features, config.latent_dim, device),
            log_var: Linear::new(features, config.latent_dim, device),
            encoder,
            decoder: config.backbone.decoder(config.latent_dim + told, output, device),
            class: conditions
                .classes
                .map(|classes| ClassEmbedding::new(classes, CLASS_SIZE, CLASS_SD, device)),
            caption: conditions
                .captions
                .map(|captions| CaptionEmbedding::new(captions, captions.text.width, 1.0, device)),
            log_scale: config.likelihood.has_scale().then(scale),
            prior: config.prior.init(config.latent_dim, space, device),
            likelihood: config.likelihood,
            space,
        }
    }

    /// Values `[B, C, H, W]` to the posterior.
    pub(crate) fn encode(&self, values: Tensor<4>, condition: &Condition) -> Posterior {
        let features = self.encoder.forward(self.space.input(values));
        let features = self.with_told(features, condition);
        Posterior {
            mean: self.mean.forward(features.clone()),
            log_var: self.log_var.forward(features),
        }
    }

    /// Codes `[B, L]` to p(x | z).
    fn decode(&self, codes: Tensor<2>, condition: &Condition) -> Decoded {
        Decoded {
            output: self.decoder.forward(self.with_told(codes, condition)),
            log_scale: self.log_scale.as_ref().map(Param::val),
        }
    }

    /// −log p(x | z) of `values` `[B, C, H, W]` under codes `[B, L]`, `[B]` nats.
    pub(crate) fn nll(
        &self,
        codes: Tensor<2>,
        values: Tensor<4>,
        condition: &Condition,
    ) -> Tensor<1> {
        self.likelihood.nll(self.decode(codes, condition), values, self.space)
    }

    /// `[B, L]` to values `[B, C, H, W]`, the means of p(x | z).
    pub(crate) fn means(&self, codes: Tensor<2>, condition: &Condition) -> Tensor<4> {
        self.likelihood.means(self.decode(codes, condition), self.space)
    }

    /// `[B, L]` to values `[B, C, H, W]`, draws of p(x | z); value i by row `rows.start + i` of `noise`.
    pub(crate) fn draws(
        &self,
        codes: Tensor<2>,
        condition: &Condition,
        noise: Noise,
        rows: Range<u64>,
    ) -> Tensor<4> {
        self.likelihood.draw(self.decode(codes, condition), self.space, noise, rows)
    }

    /// The Gaussians of a learned prior. Those of pseudo-inputs are encoded without a class, which no value is.
    pub(crate) fn components(&self) -> Option<Components> {
        Some(match self.prior.as_ref()? {
            LearnedPrior::Mixture(mixture) => mixture.components(),
            LearnedPrior::Vamp(vamp) => {
                let Posterior { mean, log_var } =
                    self.encode(vamp.values(self.space), &Condition::default());
                let [count, _] = mean.dims();
                let log_weight = -(count as f64).ln();
                let log_weights = Tensor::full([count], log_weight, &mean.device());
                Components { log_weights, mean, log_var }
            }
        })
    }

    /// `[B, N]` with the vector of its class or caption behind each row, for a network that is told one.
    fn with_told(&self, x: Tensor<2>, condition: &Condition) -> Tensor<2> {
        let batch = x.dims()[0];
        match told_vector(self.class.as_ref(), self.caption.as_ref(), condition, batch) {
            None => x,
            Some(told) => Tensor::cat(vec![x, told], 1),
        }
    }
}
