//! One step of training, and what the frozen model can do.

use crate::{
    Likelihood, VaeConfig,
    loss::{gaussian_kl, prior_over_posterior, reparameterise},
    net::VaeNet,
};
use burn::{module::Module, tensor::Tensor};
use genlab_core::{
    Batch, CheckpointError, Codes, Condition, Conditions, Decode, Density, Encode, Generative,
    Noise, Observation, Optimized, Progress, Reconstruct, Sample, SampleRequest, Scalars,
    StateReader, StateWriter, Term, Train,
    loss::{bernoulli_nll, gaussian_nll},
};
use std::ops::Range;

/// The draws of the reparameterisation.
const POSTERIOR: &str = "vae/posterior";

pub(crate) struct Vae {
    pub(crate) net: Optimized<VaeNet>,
    pub(crate) config: VaeConfig,
    pub(crate) conditions: Conditions,
}

/// The two terms of −ELBO, each `[B]` nats per value.
struct NegativeElbo {
    reconstruction: Tensor<1>,
    kl: Tensor<1>,
}

impl NegativeElbo {
    /// One-sample estimate: value i uses noise row `rows.start + i`.
    fn of(
        net: &VaeNet,
        config: &VaeConfig,
        values: Tensor<4>,
        condition: &Condition,
        noise: Noise,
        rows: Range<u64>,
    ) -> Self {
        let posterior = net.encode(values.clone(), condition);
        let shape = posterior.mean.dims();
        let draws = noise.normal(POSTERIOR, 0, rows, shape, &values.device());
        let kl = gaussian_kl(posterior.mean.clone(), posterior.log_var.clone());
        let code = reparameterise(posterior.mean, posterior.log_var, draws);
        let logits = net.decode(code, condition);
        Self { reconstruction: nll(net, config, logits, values), kl }
    }

    /// What is minimised with this weight of the KL, and what is logged of it.
    fn objective(self, kl_weight: f64) -> (Tensor<1>, Scalars) {
        let (reconstruction, kl) = (self.reconstruction.mean(), self.kl.mean());
        let loss = reconstruction.clone() + kl.clone() * kl_weight;
        let scalars = Scalars::new()
            .with("loss", loss.clone())
            .with("negative_elbo", reconstruction.clone() + kl.clone())
            .with("reconstruction", reconstruction)
            .with("kl", kl);
        (loss, scalars)
    }
}

/// −log p(x | z) of values under the decoder's output, `[B]` nats per value.
fn nll(net: &VaeNet, config: &VaeConfig, logits: Tensor<4>, values: Tensor<4>) -> Tensor<1> {
    match config.likelihood {
        Likelihood::Bernoulli => bernoulli_nll(logits, values),
        Likelihood::Gaussian { sigma } => gaussian_nll(net.output(logits), values, sigma),
    }
}

impl Vae {
    /// The KL's weight: `beta`, after a linear rise.
    fn kl_weight(&self, at: Progress) -> f64 {
        if self.config.kl_warmup > 0.0 {
            self.config.beta * (at.fraction() / self.config.kl_warmup).min(1.0)
        } else {
            self.config.beta
        }
    }
}

impl Train for Vae {
    fn step(&mut self, batch: &Batch, at: Progress) -> Scalars {
        let (net, values, noise) = (self.net.net(), batch.values.clone(), at.noise());
        let condition = self.config.condition.of(batch);
        let terms = NegativeElbo::of(net, &self.config, values, &condition, noise, batch.rows());
        let (loss, scalars) = terms.objective(self.kl_weight(at));
        self.net.descend(loss, at);
        scalars
    }

    fn freeze(&self) -> Box<dyn Generative> {
        let (net, config) = (self.net.frozen(), self.config.clone());
        Box::new(FrozenVae { net, config, conditions: self.conditions })
    }

    fn state(&self, out: &mut StateWriter) {
        self.net.state("net", out);
    }

    fn restore(&mut self, from: &mut StateReader) -> Result<(), CheckpointError> {
        self.net.restore("net", from)
    }
}

struct FrozenVae {
    net: VaeNet,
    config: VaeConfig,
    conditions: Conditions,
}

impl Generative for FrozenVae {
    fn num_params(&self) -> usize {
        self.net.num_params()
    }

    fn conditions(&self) -> Conditions {
        self.conditions
    }

    fn objective(&self, batch: &Batch, noise: Noise) -> Scalars {
        let (values, rows) = (batch.values.clone(), batch.rows());
        let condition = self.config.condition.of(batch);
        let terms = NegativeElbo::of(&self.net, &self.config, values, &condition, noise, rows);
        terms.objective(self.config.beta).1
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
}

impl Sample for FrozenVae {
    fn sample(&self, request: &SampleRequest) -> Tensor<4> {
        let device = self.net.devices().remove(0);
        let codes = request.starting_noise([request.count, self.config.latent_dim], &device);
        self.decode(codes, &request.condition)
    }

    fn network_calls(&self, _request: &SampleRequest) -> usize {
        1
    }
}

impl Reconstruct for FrozenVae {
    fn reconstruct(&self, values: Tensor<4>, condition: &Condition) -> Tensor<4> {
        self.net.values(self.net.encode(values, condition).mean, condition)
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
        self.net.values(codes, condition)
    }
}

impl Density for FrozenVae {
    fn observation(&self) -> Observation {
        match self.config.likelihood {
            Likelihood::Bernoulli => Observation::Bernoulli,
            Likelihood::Gaussian { .. } => Observation::Gaussian,
        }
    }

    fn negative_elbo(
        &self,
        values: Tensor<4>,
        condition: &Condition,
        noise: Noise,
        first: u64,
    ) -> Vec<Term> {
        let rows = first..first + values.dims()[0] as u64;
        let terms = NegativeElbo::of(&self.net, &self.config, values, condition, noise, rows);
        vec![
            Term { name: "reconstruction", nats: terms.reconstruction },
            Term { name: "kl", nats: terms.kl },
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
        let posterior = self.net.encode(values.clone(), condition);
        let shape = posterior.mean.dims();
        let rows = first..first + shape[0] as u64;
        let weights = draws.map(|draw| {
            let (mean, log_var) = (posterior.mean.clone(), posterior.log_var.clone());
            let draws = noise.normal(POSTERIOR, draw, rows.clone(), shape, &mean.device());
            let code = reparameterise(mean, log_var.clone(), draws.clone());
            let logits = self.net.decode(code.clone(), condition);
            let nll = nll(&self.net, &self.config, logits, values.clone());
            prior_over_posterior(code, log_var, draws) - nll
        });
        Some(Tensor::stack(weights.collect(), 1))
    }
}

#[cfg(test)]
mod tests {
    use crate::{Likelihood, VaeConfig};
    use genlab_core::{
        ConditionConfig, ImageShape, Phase, Progress, Seed, Space,
        nn::BackboneConfig,
        testing::{batch, context, contract, contract_on_points, progress},
    };

    /// loss, −ELBO, reconstruction, KL.
    fn read(scalars: genlab_core::Scalars) -> [f64; 4] {
        let read = scalars.read();
        let names: Vec<_> = read.iter().map(|(name, _)| *name).collect();
        assert_eq!(names, ["loss", "negative_elbo", "reconstruction", "kl"]);
        [read[0].1, read[1].1, read[2].1, read[3].1]
    }

    #[test]
    fn the_logged_loss_is_what_is_minimised_and_the_bound_stands_beside_it() {
        let config = VaeConfig { beta: 4.0, kl_warmup: 0.5, ..VaeConfig::default() };
        let context = context(Space::images(ImageShape::new(1, 8, 8)));
        let batch = batch(context.space, 8, 0);
        let mut model = config.init(&context).expect("it fits");
        // A quarter of the budget is half of the warm-up: the weight is 4 · ½.
        let at = Progress { images: progress(0).total_images / 4, ..progress(0) };
        let [loss, negative_elbo, reconstruction, kl] = read(model.step(&batch, at));
        assert!((negative_elbo - (reconstruction + kl)).abs() < 1e-4);
        assert!((loss - (reconstruction + 2.0 * kl)).abs() < 1e-4);
        let frozen = model.freeze().objective(&batch, Seed(0).during(Phase::Validate));
        let [loss, negative_elbo, reconstruction, kl] = read(frozen);
        assert!(kl > 0.01, "nothing to weigh");
        assert!((negative_elbo - (reconstruction + kl)).abs() < 1e-4);
        assert!((loss - (reconstruction + 4.0 * kl)).abs() < 1e-4);
    }

    #[test]
    fn the_mlp_keeps_the_contract() {
        contract(&|context| VaeConfig::default().init(context), Some(("loss", 60, 0.9)));
    }

    #[test]
    fn the_convolutional_gaussian_one_keeps_the_contract() {
        let (likelihood, backbone) =
            (Likelihood::Gaussian { sigma: 0.1 }, BackboneConfig::conv([8, 16]));
        let config = VaeConfig { likelihood, backbone, ..VaeConfig::default() };
        contract(&|context| config.init(context), Some(("loss", 60, 0.9)));
    }

    fn conditional(config: VaeConfig) -> VaeConfig {
        VaeConfig { condition: ConditionConfig::Class, ..config }
    }

    #[test]
    fn the_class_conditional_one_keeps_the_contract() {
        let config = conditional(VaeConfig::default());
        contract(&|context| config.init(context), Some(("loss", 60, 0.9)));
    }

    #[test]
    fn the_gaussian_one_keeps_the_contract_on_points_with_and_without_classes() {
        let likelihood = Likelihood::Gaussian { sigma: 0.5 };
        let config = VaeConfig { likelihood, latent_dim: 2, ..VaeConfig::default() };
        contract_on_points(&|context| config.init(context), Some(("loss", 60, 0.9)));
        let config = conditional(config);
        contract_on_points(&|context| config.init(context), Some(("loss", 60, 0.9)));
    }
}
