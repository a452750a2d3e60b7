//! One step of training, and what the frozen model can do.

use crate::{
    GanConfig, augmentation::Side, best_response, critic::Critic, generator::Generator, invert,
};
use burn::{module::Module, tensor::Tensor};
use genlab_core::{
    Batch, BestResponse, CheckpointError, Condition, Conditions, Criticise, Decode, Generative,
    Invert, Noise, Optimized, Progress, Sample, SampleRequest, Scalars, Seed, StateReader,
    StateWriter, Train, params::write_params, state::Section,
};

pub(crate) struct Gan {
    pub(crate) generator: Optimized<Generator>,
    pub(crate) critic: Optimized<Critic>,
    pub(crate) config: GanConfig,
    pub(crate) conditions: Conditions,
}

/// What the generator turns into as many values as `batch` has, `[B, L]`.
pub(crate) fn codes(config: &GanConfig, batch: &Batch, noise: Noise, name: &str) -> Tensor<2> {
    let shape = [batch.len(), config.latent_dim];
    noise.normal(name, 0, batch.rows(), shape, &batch.values.device())
}

/// The critic's side of the game on one batch.
pub(crate) struct Judgement {
    /// Logits of the real values, `[B]`.
    real: Tensor<1>,
    /// Logits of the generated ones, `[B]`.
    fake: Tensor<1>,
    /// What the critic minimises, penalties included, `[1]`.
    pub(crate) loss: Tensor<1>,
    /// What is logged: the loss of the game alone, the objective's own scalars, and each penalty before
    /// it is weighted.
    pub(crate) scalars: Scalars,
}

impl Judgement {
    /// `critic`, as it judges, on the real values of `batch` and as many generated ones. `read` is what
    /// happens to centred values before. Real values under `wrong` captions count as generated ones: algorithm 1 of Reed et
    /// al. 2016 (arXiv:1605.05396, GAN-CLS).
    pub(crate) fn of(
        config: &GanConfig,
        critic: &Critic,
        batch: &Batch,
        generated: Tensor<4>,
        (condition, wrong): (&Condition, Option<&Condition>),
        noise: Noise,
        read: &dyn Fn(Tensor<4>, Side) -> Tensor<4>,
    ) -> Self {
        let score = |points| critic.score(points, condition);
        let points = |values, side| critic.packed(read(critic.centred(values), side));
        let real_points = points(batch.values.clone(), Side::Real);
        let fake_points = points(generated, Side::Fake);
        let features = critic.features(real_points.clone());
        let real = critic.scored(features.clone(), condition);
        let fake = score(fake_points.clone());
        let game = config.objective.game();
        let mut loss = game.critic_loss(real.clone(), fake.clone());
        if let Some(wrong) = wrong {
            let wrong = critic.scored(features, wrong);
            loss = (loss + game.critic_loss(real.clone(), wrong)) / 2.0;
        }
        let scalars = Scalars::new().with("critic_loss", loss.clone());
        let scalars = game.logged(scalars, real.clone(), fake.clone());
        let packs = batch.first..batch.first + real_points.dims()[0] as u64;
        let penalties =
            config.regularisers.penalties(&score, real_points, fake_points, noise, packs);
        let (loss, scalars) =
            penalties.into_iter().fold((loss, scalars), |(loss, scalars), penalty| {
                let scalars = scalars.with(penalty.name, penalty.value.clone());
                (loss + penalty.value * penalty.factor, scalars)
            });
        Self { real, fake, loss, scalars }
    }
}

impl Gan {
    fn augmented(&self, centred: Tensor<4>, side: Side, batch: &Batch, at: Progress) -> Tensor<4> {
        self.config.augmentation.applied_to(centred, side, at, batch.rows())
    }

    fn critic_step(
        &mut self,
        batch: &Batch,
        (condition, wrong): (&Condition, Option<&Condition>),
        at: Progress,
    ) -> Scalars {
        let codes = codes(&self.config, batch, at.noise(), "gan/critic-latent");
        // The generator off the graph: the critic's step needs no gradient of it.
        let generated = self.generator.raw().forward(codes, condition);
        let critic = self.config.regularisers.applied_to(self.critic.net().clone());
        let read = |centred, side| self.augmented(centred, side, batch, at);
        let judgement = Judgement::of(
            &self.config,
            &critic,
            batch,
            generated,
            (condition, wrong),
            at.noise(),
            &read,
        );
        self.critic.descend(judgement.loss, at);
        self.config.regularisers.confine(&mut self.critic);
        judgement.scalars
    }

    fn generator_step(&mut self, batch: &Batch, condition: &Condition, at: Progress) -> Tensor<1> {
        let codes = codes(&self.config, batch, at.noise(), "gan/latent");
        let generated = self.generator.net().forward(codes, condition);
        let critic = self.config.regularisers.applied_to(self.critic.raw());
        let score = |values, side| {
            let read = self.augmented(critic.centred(values), side, batch, at);
            critic.score(critic.packed(read), condition)
        };
        let fake = score(generated, Side::Generated);
        let real = || score(batch.values.clone(), Side::Beside);
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
        let told = self.config.condition.of(batch);
        // An empty caption is a wrong one of no value.
        let wrong = told.others();
        let condition = told.dropped(share, at.noise(), rows);
        let scalars = self.critic_step(batch, (&condition, wrong.as_ref()), at);
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
            weights: self.critic.frozen(),
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

pub(crate) struct FrozenGan {
    pub(crate) generator: Generator,
    /// As it judges.
    critic: Critic,
    /// Its weights as they are trained.
    pub(crate) weights: Critic,
    pub(crate) config: GanConfig,
    conditions: Conditions,
}

impl Generative for FrozenGan {
    fn num_params(&self) -> usize {
        self.generator.num_params() + self.critic.num_params()
    }

    fn conditions(&self) -> Conditions {
        self.conditions
    }

    /// The critic makes no values and is left behind.
    fn weights(&self, out: &mut StateWriter) {
        write_params(&self.generator, Section::Weights, "generator", out);
    }

    fn objective(&self, batch: &Batch, noise: Noise) -> Scalars {
        let condition = self.config.condition.of(batch);
        let codes = codes(&self.config, batch, noise, "gan/latent");
        let generated = self.generator.forward(codes, &condition);
        let (config, critic, wrong) = (&self.config, &self.critic, condition.others());
        let told = (&condition, wrong.as_ref());
        let Judgement { real, fake, scalars, .. } =
            Judgement::of(config, critic, batch, generated, told, noise, &|values, _| values);
        let game = self.config.objective.game();
        scalars.with("generator_loss", game.generator_loss(&|| real.clone(), fake))
    }

    fn sampler(&self) -> Option<&dyn Sample> {
        Some(self)
    }

    fn decoder(&self) -> Option<&dyn Decode> {
        Some(self)
    }

    fn critic(&self) -> Option<&dyn Criticise> {
        Some(self)
    }

    fn inverter(&self) -> Option<&dyn Invert> {
        Some(self)
    }
}

impl Criticise for FrozenGan {
    fn real_probability(&self, values: Tensor<4>, condition: &Condition) -> Option<Tensor<1>> {
        // A pack's logit is about several values at once.
        if self.config.pack > 1 {
            return None;
        }
        let read = self.critic.packed(self.critic.centred(values));
        self.config.objective.game().real_probability(self.critic.score(read, condition))
    }

    fn best_response(
        &self,
        training: &dyn Fn(u64) -> Batch,
        held_out: &Batch,
        most: u64,
        seed: Seed,
    ) -> BestResponse {
        best_response::search(self, training, held_out, most, seed)
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
#[path = "model_tests.rs"]
mod tests;
