//! What the frozen model can do.

use crate::{
    Prior, Sampled, VaeConfig,
    model::{Encoded, objective},
    net::VaeNet,
};
use burn::{module::Module, tensor::Tensor};
use genlab_core::{
    Batch, Codes, Condition, Conditions, Decode, Density, Encode, Generative, Noise, Observation,
    Oracle, Reconstruct, Sample, SampleRequest, Scalars, StateWriter, Term, params::write_params,
    state::Section,
};
use std::ops::Range;

/// The draws of the component that a sample's code comes from.
const COMPONENT: &str = "vae/component";

pub(crate) struct FrozenVae {
    pub(crate) net: VaeNet,
    pub(crate) config: VaeConfig,
    pub(crate) conditions: Conditions,
}

impl FrozenVae {
    /// Codes `[count, L]` from the prior.
    fn prior_codes(&self, request: &SampleRequest) -> Tensor<2> {
        let device = self.net.devices().remove(0);
        let noise = request.starting_noise([request.count, self.config.latent_dim], &device);
        match self.net.components() {
            None => noise,
            Some(prior) => {
                let shape = [request.count];
                let uniform = request.noise().uniform(COMPONENT, 0, request.rows(), shape, &device);
                prior.draw(uniform, noise)
            }
        }
    }
}

impl Generative for FrozenVae {
    fn num_params(&self) -> usize {
        self.net.num_params()
    }

    fn weights(&self, out: &mut StateWriter) {
        write_params(&self.net, Section::Weights, "net", out);
    }

    fn conditions(&self) -> Conditions {
        self.conditions
    }

    fn objective(&self, batch: &Batch, noise: Noise) -> Scalars {
        let VaeConfig { objective: minimised, condition, beta, .. } = &self.config;
        let told = condition.of(batch);
        objective(&self.net, *minimised, batch, &told, noise, *beta).1
    }

    fn sampler(&self) -> Option<&dyn Sample> {
        Some(self)
    }

    fn reconstructor(&self) -> Option<&dyn Reconstruct> {
        Some(self)
    }

    fn encoder(&self) -> Option<&dyn Encode> {
        Some(self)
    }

    fn decoder(&self) -> Option<&dyn Decode> {
        Some(self)
    }

    fn density(&self) -> Option<&dyn Density> {
        Some(self)
    }

    /// A bound on −log p(x) of real numbers, unless a class is known.
    fn oracles(&self) -> Vec<(&'static str, Oracle)> {
        let density = self.observation() == Observation::Gaussian && self.conditions.is_empty();
        if density { vec![("negative_elbo", Oracle::Entropy)] } else { Vec::new() }
    }
}

impl Sample for FrozenVae {
    fn sample(&self, request: &SampleRequest) -> Tensor<4> {
        let (codes, condition) = (self.prior_codes(request), &request.condition);
        match self.config.sampled {
            Sampled::Means => self.net.means(codes, condition),
            Sampled::Draws => self.net.draws(codes, condition, request.noise(), request.rows()),
        }
    }

    fn network_calls(&self, _request: &SampleRequest) -> usize {
        1
    }

    fn codes(&self, request: &SampleRequest) -> Option<Tensor<2>> {
        Some(self.prior_codes(request))
    }
}

impl Reconstruct for FrozenVae {
    fn reconstruct(&self, values: Tensor<4>, condition: &Condition) -> Tensor<4> {
        self.net.means(self.net.encode(values, condition).mean, condition)
    }
}

impl Encode for FrozenVae {
    fn encode(&self, values: Tensor<4>, condition: &Condition) -> Codes {
        let posterior = self.net.encode(values, condition);
        Codes { mean: posterior.mean, log_var: Some(posterior.log_var) }
    }
}

impl Decode for FrozenVae {
    fn latent_dim(&self) -> usize {
        self.config.latent_dim
    }

    fn decode(&self, codes: Tensor<2>, condition: &Condition) -> Tensor<4> {
        self.net.means(codes, condition)
    }
}

impl Density for FrozenVae {
    fn observation(&self) -> Observation {
        self.config.likelihood.observation()
    }

    fn has_standard_prior(&self) -> bool {
        self.config.prior == Prior::Standard
    }

    fn negative_elbo(
        &self,
        values: Tensor<4>,
        condition: &Condition,
        noise: Noise,
        first: u64,
    ) -> Vec<Term> {
        let rows = first..first + values.dims()[0] as u64;
        let drawn = Encoded::new(&self.net, values, condition).draw(noise, rows, 0..1);
        vec![
            Term { name: "reconstruction", nats: drawn.reconstruction() },
            Term { name: "kl", nats: drawn.kl() },
        ]
    }

    fn log_weights(
        &self,
        values: Tensor<4>,
        condition: &Condition,
        noise: Noise,
        first: u64,
        draws: Range<u64>,
    ) -> Option<Tensor<2>> {
        let rows = first..first + values.dims()[0] as u64;
        let encoded = Encoded::new(&self.net, values, condition);
        let weights = draws.map(|draw| {
            encoded.draw(noise, rows.clone(), draw..draw + 1).log_weights().squeeze_dim::<1>(0)
        });
        Some(Tensor::stack(weights.collect(), 1))
    }
}
