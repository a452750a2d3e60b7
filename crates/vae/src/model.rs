//! One step of training.

use crate::{
    Objective, VaeConfig,
    frozen::FrozenVae,
    loss::{
        gaussian_kl_per_dimension, negative_log_posterior, prior_over_posterior, reparameterise,
    },
    net::{Posterior, VaeNet},
    objective::Drawn,
    prior::Components,
};
use burn::tensor::Tensor;
use genlab_core::{
    Batch, CheckpointError, Condition, Conditions, Generative, Noise, Optimized, Progress, Scalars,
    StateReader, StateWriter, Train,
};
use std::ops::Range;

/// The draws of the reparameterisation.
const POSTERIOR: &str = "vae/posterior";

pub(crate) struct Vae {
    pub(crate) net: Optimized<VaeNet>,
    pub(crate) config: VaeConfig,
    pub(crate) conditions: Conditions,
}

/// Values with what draws from their posteriors need.
pub(crate) struct Encoded<'a> {
    net: &'a VaeNet,
    values: Tensor<4>,
    condition: &'a Condition,
    posterior: Posterior,
    prior: Option<Components>,
}

impl<'a> Encoded<'a> {
    /// Values `[B, C, H, W]`, each about what its row of `condition` tells.
    pub(crate) fn new(net: &'a VaeNet, values: Tensor<4>, condition: &'a Condition) -> Self {
        let posterior = net.encode(values.clone(), condition);
        Self { net, values, condition, posterior, prior: net.components() }
    }

    /// The draws of these numbers, of which draw k of value i uses row `rows.start + i` of `noise` at step k.
    pub(crate) fn draw(&self, noise: Noise, rows: Range<u64>, draws: Range<u64>) -> Drawn {
        let Posterior { mean, log_var } = self.posterior.clone();
        let (shape, device) = (mean.dims(), mean.device());
        let count = (draws.end - draws.start) as usize;
        let one = |draw| noise.normal(POSTERIOR, draw, rows.clone(), shape, &device);
        let epsilon = Tensor::cat(draws.map(one).collect(), 0);
        let kl = gaussian_kl_per_dimension(mean.clone(), log_var.clone());
        let log_var = log_var.repeat_dim(0, count);
        let code = reparameterise(mean.repeat_dim(0, count), log_var.clone(), epsilon.clone());
        let values = self.values.clone().repeat_dim(0, count);
        let nll = self.net.nll(code.clone(), values, &self.condition.repeated(count));
        let (kl, prior_over_posterior) = match &self.prior {
            None => (Some(kl), prior_over_posterior(code, log_var, epsilon)),
            Some(prior) => {
                (None, prior.log_density(code) + negative_log_posterior(log_var, epsilon))
            }
        };
        let by_draw = |x: Tensor<1>| x.reshape([count, shape[0]]);
        Drawn { nll: by_draw(nll), prior_over_posterior: by_draw(prior_over_posterior), kl }
    }
}

/// What is minimised with this weight of the KL, and what is logged of it.
pub(crate) fn objective(
    net: &VaeNet,
    objective: Objective,
    batch: &Batch,
    condition: &Condition,
    noise: Noise,
    kl_weight: f64,
) -> (Tensor<1>, Scalars) {
    let encoded = Encoded::new(net, batch.values.clone(), condition);
    let drawn = encoded.draw(noise, batch.rows(), 0..objective.samples() as u64);
    let loss = objective.loss(&drawn, kl_weight);
    let (reconstruction, kl) = (drawn.reconstruction().mean(), drawn.kl().mean());
    let scalars = Scalars::new()
        .with("loss", loss.clone())
        .with("negative_elbo", reconstruction.clone() + kl.clone())
        .with("reconstruction", reconstruction)
        .with("kl", kl);
    (loss, scalars)
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
        let condition = self.config.condition.of(batch);
        let (minimised, weight) = (self.config.objective, self.kl_weight(at));
        let (loss, scalars) =
            objective(self.net.net(), minimised, batch, &condition, at.noise(), weight);
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

#[cfg(test)]
mod tests {
    use crate::{Likelihood, Objective, Prior, Sampled, VaeConfig};
    use genlab_core::{
        CaptionConfig, ConditionConfig, ImageShape, Phase, Progress, Seed, Space,
        nn::BackboneConfig,
        testing::{
            batch, context, contract, contract_on_points, encoders_begin_with_a_run, progress,
        },
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
    fn the_default_keeps_the_contract() {
        contract(&|context| VaeConfig::default().init(context), Some(("loss", 60, 0.9)));
    }

    /// An MLP, which is quick on every size, with something else.
    fn small(change: impl FnOnce(&mut VaeConfig)) -> VaeConfig {
        let backbone = BackboneConfig::mlp([32]);
        let mut config = VaeConfig { backbone, latent_dim: 4, ..VaeConfig::default() };
        change(&mut config);
        config
    }

    #[test]
    fn every_likelihood_keeps_the_contract_and_so_do_its_draws() {
        for likelihood in [
            Likelihood::Bernoulli,
            Likelihood::Gaussian { sigma: 0.1 },
            Likelihood::GaussianShared,
            Likelihood::GaussianPerValue,
            Likelihood::Logistic,
        ] {
            let config = small(|config| {
                (config.likelihood, config.sampled) = (likelihood, Sampled::Draws);
            });
            contract(&|context| config.init(context), None);
        }
    }

    #[test]
    fn every_objective_keeps_the_contract() {
        for objective in [
            Objective::FreeBits { nats: 0.5 },
            Objective::Iwae { samples: 3 },
            Objective::Ciwae { samples: 3, weight: 0.5 },
        ] {
            let config = small(|config| config.objective = objective);
            contract(&|context| config.init(context), Some(("loss", 60, 0.95)));
        }
    }

    #[test]
    fn every_learned_prior_keeps_the_contract_with_and_without_classes() {
        for prior in [Prior::Mixture { components: 5 }, Prior::Vamp { pseudo_inputs: 5 }] {
            let config = small(|config| config.prior = prior);
            contract(&|context| config.init(context), Some(("loss", 60, 0.95)));
            let config = conditional(config);
            contract(&|context| config.init(context), None);
            let config = VaeConfig {
                likelihood: Likelihood::GaussianPerValue,
                sampled: Sampled::Draws,
                ..config
            };
            contract_on_points(&|context| config.init(context), Some(("loss", 60, 0.95)));
        }
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
    fn the_one_that_is_told_captions_keeps_the_contract() {
        let condition = ConditionConfig::Caption(CaptionConfig::default());
        let config = VaeConfig { condition, ..VaeConfig::default() };
        contract(&|context| config.init(context), Some(("loss", 60, 0.9)));
    }

    #[test]
    fn the_encoder_of_captions_begins_with_that_of_a_run_and_learns() {
        let run = Some("clip".into());
        let condition = ConditionConfig::Caption(CaptionConfig { run, ..CaptionConfig::default() });
        let config = VaeConfig { condition, ..VaeConfig::default() };
        encoders_begin_with_a_run(&|context| config.init(context), 1);
    }

    #[test]
    fn the_gaussian_one_keeps_the_contract_on_points_with_and_without_classes() {
        let likelihood = Likelihood::Gaussian { sigma: 0.5 };
        let backbone = BackboneConfig::mlp([128, 128]);
        let config = VaeConfig { likelihood, backbone, latent_dim: 2, ..VaeConfig::default() };
        contract_on_points(&|context| config.init(context), Some(("loss", 60, 0.9)));
        let config = conditional(config);
        contract_on_points(&|context| config.init(context), Some(("loss", 60, 0.9)));
    }
}
