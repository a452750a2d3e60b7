//! One step of training, and what the frozen model can do.

use crate::{
    GanConfig, invert,
    net::{Critic, Generator},
};
use burn::{module::Module, tensor::Tensor};
use genlab_core::{
    Batch, CheckpointError, Condition, Conditions, Decode, Generative, Invert, Noise, Optimized,
    Progress, Sample, SampleRequest, Scalars, StateReader, StateWriter, Train,
};

pub(crate) struct Gan {
    pub(crate) generator: Optimized<Generator>,
    pub(crate) critic: Optimized<Critic>,
    pub(crate) config: GanConfig,
    pub(crate) conditions: Conditions,
}

/// What the generator turns into as many values as `batch` has, `[B, L]`.
fn codes(config: &GanConfig, batch: &Batch, noise: Noise, name: &str) -> Tensor<2> {
    let shape = [batch.len(), config.latent_dim];
    noise.normal(name, 0, batch.rows(), shape, &batch.values.device())
}

/// The critic's side of the game on one batch.
struct Judgement {
    /// Logits of the real values, `[B]`.
    real: Tensor<1>,
    /// Logits of the generated ones, `[B]`.
    fake: Tensor<1>,
    /// What the critic minimises, penalties included, `[1]`.
    loss: Tensor<1>,
    /// What is logged: the loss of the game alone, the objective's own scalars, and each penalty before
    /// it is weighted.
    scalars: Scalars,
}

impl Judgement {
    /// `critic`, as it judges, on the real values of `batch` and as many generated ones.
    fn of(
        config: &GanConfig,
        critic: &Critic,
        batch: &Batch,
        generated: Tensor<4>,
        condition: &Condition,
        noise: Noise,
    ) -> Self {
        let score = |centred| critic.score(centred, condition);
        let (real_points, fake_points) =
            (critic.centred(batch.values.clone()), critic.centred(generated));
        let (real, fake) = (score(real_points.clone()), score(fake_points.clone()));
        let game = config.objective.game();
        let loss = game.critic_loss(real.clone(), fake.clone());
        let scalars = Scalars::new().with("critic_loss", loss.clone());
        let scalars = game.logged(scalars, real.clone(), fake.clone());
        let penalties =
            config.regularisers.penalties(&score, real_points, fake_points, noise, batch.rows());
        let (loss, scalars) =
            penalties.into_iter().fold((loss, scalars), |(loss, scalars), penalty| {
                let scalars = scalars.with(penalty.name, penalty.squared_slope.clone());
                (loss + penalty.squared_slope * penalty.factor, scalars)
            });
        Self { real, fake, loss, scalars }
    }
}

impl Gan {
    fn critic_step(&mut self, batch: &Batch, condition: &Condition, at: Progress) -> Scalars {
        let codes = codes(&self.config, batch, at.noise(), "gan/critic-latent");
        // The generator off the graph: the critic's step needs no gradient of it.
        let generated = self.generator.raw().forward(codes, condition);
        let critic = self.config.regularisers.applied_to(self.critic.net().clone());
        let judgement =
            Judgement::of(&self.config, &critic, batch, generated, condition, at.noise());
        self.critic.descend(judgement.loss, at);
        judgement.scalars
    }

    fn generator_step(&mut self, batch: &Batch, condition: &Condition, at: Progress) -> Tensor<1> {
        let codes = codes(&self.config, batch, at.noise(), "gan/latent");
        let generated = self.generator.net().forward(codes, condition);
        let critic = self.config.regularisers.applied_to(self.critic.raw());
        let fake = critic.forward(generated, condition);
        let real = || critic.forward(batch.values.clone(), condition);
        let loss = self.config.objective.game().generator_loss(&real, fake);
        let value = loss.clone().inner();
        self.generator.descend(loss, at);
        value
    }
}

impl Train for Gan {
    fn step(&mut self, batch: &Batch, at: Progress) -> Scalars {
        // One for both networks: each generated value is judged as what it was made to be, and row by row
        // beside a real one about which the same is told.
        let (share, rows) = (self.config.condition_dropout, batch.rows());
        let condition = self.config.condition.of(batch).dropped(share, at.noise(), rows);
        let scalars = self.critic_step(batch, &condition, at);
        if at.step.is_multiple_of(self.config.critic_steps) {
            scalars.with("generator_loss", self.generator_step(batch, &condition, at))
        } else {
            scalars
        }
    }

    fn freeze(&self) -> Box<dyn Generative> {
        Box::new(FrozenGan {
            generator: self.generator.frozen(),
            critic: self.config.regularisers.applied_to(self.critic.frozen()),
            config: self.config.clone(),
            conditions: self.conditions,
        })
    }

    fn state(&self, out: &mut StateWriter) {
        self.generator.state("generator", out);
        self.critic.state("critic", out);
    }

    fn restore(&mut self, from: &mut StateReader) -> Result<(), CheckpointError> {
        self.generator.restore("generator", from)?;
        self.critic.restore("critic", from)
    }
}

struct FrozenGan {
    generator: Generator,
    /// As it judges.
    critic: Critic,
    config: GanConfig,
    conditions: Conditions,
}

impl Generative for FrozenGan {
    fn num_params(&self) -> usize {
        self.generator.num_params() + self.critic.num_params()
    }

    fn conditions(&self) -> Conditions {
        self.conditions
    }

    fn objective(&self, batch: &Batch, noise: Noise) -> Scalars {
        let condition = self.config.condition.of(batch);
        let codes = codes(&self.config, batch, noise, "gan/latent");
        let generated = self.generator.forward(codes, &condition);
        let Judgement { real, fake, scalars, .. } =
            Judgement::of(&self.config, &self.critic, batch, generated, &condition, noise);
        let game = self.config.objective.game();
        scalars.with("generator_loss", game.generator_loss(&|| real.clone(), fake))
    }

    fn sampler(&self) -> Option<&dyn Sample> {
        Some(self)
    }

    fn decoder(&self) -> Option<&dyn Decode> {
        Some(self)
    }

    fn inverter(&self) -> Option<&dyn Invert> {
        Some(self)
    }
}

impl Invert for FrozenGan {
    fn method(&self) -> String {
        format!("noise found by {} steps of Adam", invert::STEPS)
    }

    fn noise_of(&self, values: Tensor<4>, condition: &Condition) -> Tensor<2> {
        invert::search(&self.generator, &values, condition, self.config.latent_dim)
    }

    fn values_of(&self, noise: Tensor<2>, condition: &Condition) -> Tensor<4> {
        self.generator.forward(noise, condition)
    }
}

impl Sample for FrozenGan {
    fn sample(&self, request: &SampleRequest) -> Tensor<4> {
        let device = self.generator.devices().remove(0);
        let codes = request.starting_noise([request.count, self.config.latent_dim], &device);
        self.decode(codes, &request.condition)
    }

    fn network_calls(&self, _request: &SampleRequest) -> usize {
        1
    }
}

impl Decode for FrozenGan {
    fn latent_dim(&self) -> usize {
        self.config.latent_dim
    }

    fn decode(&self, codes: Tensor<2>, condition: &Condition) -> Tensor<4> {
        self.generator.forward(codes, condition)
    }
}

#[cfg(test)]
mod tests {
    use crate::{
        GanConfig, Objective, Regularisers,
        objective::{Minimax, NonSaturating},
        regulariser::{SlopePenalty, SpectralNorm},
    };
    use genlab_core::{
        ConditionConfig, ImageShape, OptimizerConfig, Space,
        nn::{BackboneConfig, ConvBackbone},
        testing::{batch, context, contract, contract_on_points, progress},
    };

    fn small() -> GanConfig {
        let config = GanConfig::default();
        let conv = |norm_groups, negative_slope| {
            let channels = vec![8, 16];
            BackboneConfig::Conv(ConvBackbone { channels, norm_groups, negative_slope })
        };
        GanConfig {
            generator: conv(Some(8), 0.0),
            critic: conv(None, 0.2),
            // Fast enough for a critic to win within the few steps of a test.
            critic_optimizer: OptimizerConfig { learning_rate: 2e-3, ..config.critic_optimizer },
            ..config
        }
    }

    fn conditional(config: GanConfig) -> GanConfig {
        GanConfig { condition: ConditionConfig::Class, ..config }
    }

    fn slopes(weight: f64) -> Regularisers {
        let penalty = Some(SlopePenalty { weight, ..SlopePenalty::default() });
        Regularisers { real_slope: penalty, fake_slope: penalty, spectral_norm: None }
    }

    /// The scalars of `steps` steps on small images.
    fn train(config: &GanConfig, steps: u64) -> Vec<Vec<(&'static str, f64)>> {
        let context = context(Space::images(ImageShape::new(1, 8, 8)));
        let mut model = config.init(&context).expect("it fits");
        let mut step = |step| model.step(&batch(context.space, 8, step * 8), progress(step)).read();
        (0..steps).map(&mut step).collect()
    }

    fn names(scalars: &[(&'static str, f64)]) -> Vec<&'static str> {
        scalars.iter().map(|(name, _)| *name).collect()
    }

    #[test]
    fn the_non_saturating_gan_keeps_the_contract() {
        contract(&|context| small().init(context), Some(("critic_loss", 20, 0.9)));
    }

    #[test]
    fn the_gan_with_smoothed_labels_keeps_the_contract() {
        let objective = Objective::NonSaturating(NonSaturating { label_smoothing: 0.1 });
        let config = GanConfig { objective, ..small() };
        contract(&|context| config.init(context), Some(("critic_loss", 20, 0.9)));
    }

    #[test]
    fn the_minimax_gan_with_two_critic_steps_keeps_the_contract() {
        let objective = Objective::Minimax(Minimax {});
        let config = GanConfig { objective, critic_steps: 2, ..small() };
        contract(&|context| config.init(context), Some(("critic_loss", 20, 0.9)));
    }

    #[test]
    fn the_gan_with_penalties_on_both_slopes_keeps_the_contract() {
        let config = GanConfig { regularisers: slopes(0.1), ..small() };
        contract(&|context| config.init(context), Some(("critic_loss", 20, 0.9)));
    }

    #[test]
    fn the_spectrally_normalised_gan_keeps_the_contract() {
        let spectral_norm = Some(SpectralNorm::default());
        let regularisers = Regularisers { spectral_norm, ..Regularisers::default() };
        let config = GanConfig { regularisers, ..small() };
        contract(&|context| config.init(context), Some(("critic_loss", 20, 0.9)));
    }

    #[test]
    fn the_class_conditional_gan_keeps_the_contract() {
        let config = conditional(small());
        contract(&|context| config.init(context), Some(("critic_loss", 20, 0.9)));
    }

    #[test]
    fn the_mlp_gan_keeps_the_contract_on_points_with_and_without_classes() {
        let mlp = BackboneConfig::mlp([32]);
        let config = GanConfig { generator: mlp.clone(), critic: mlp, latent_dim: 4, ..small() };
        contract_on_points(&|context| config.init(context), Some(("critic_loss", 60, 0.9)));
        let config = conditional(config);
        contract_on_points(&|context| config.init(context), Some(("critic_loss", 60, 0.9)));
    }

    #[test]
    fn by_default_nothing_is_penalised() {
        let expected = ["critic_loss", "critic_on_real", "critic_on_fake", "generator_loss"];
        assert_eq!(names(&train(&small(), 1)[0]), expected);
    }

    #[test]
    fn penalties_are_logged_beside_a_loss_that_does_not_contain_them() {
        let [plain, penalised] = [Regularisers::default(), slopes(10.0)]
            .map(|regularisers| train(&GanConfig { regularisers, ..small() }, 1).remove(0));
        let expected = [
            "critic_loss",
            "critic_on_real",
            "critic_on_fake",
            "real_slope",
            "fake_slope",
            "generator_loss",
        ];
        assert_eq!(names(&penalised), expected);
        assert_eq!(penalised[..3], plain[..3]);
    }

    #[test]
    fn a_penalty_flattens_the_critic() {
        let squared_slope = |weight| {
            let config = GanConfig { regularisers: slopes(weight), ..small() };
            let last = train(&config, 40).pop().expect("a step");
            last.iter().find(|(name, _)| *name == "real_slope").expect("a penalty that is on").1
        };
        let (free, held) = (squared_slope(1e-6), squared_slope(100.0));
        assert!(held < 0.5 * free, "a squared slope of {held} beside one of {free}");
    }
}
