//! One step of training, and what the frozen model can do.

use crate::{
    GanConfig, invert,
    loss::{critic_loss, generator_loss},
    net::{Critic, Generator},
};
use burn::{module::Module, tensor::Tensor};
use genlab_core::{
    Batch, CheckpointError, Decode, Generative, Invert, Noise, Optimized, Progress, Sample,
    SampleRequest, Scalars, StateReader, StateWriter, Train, nn::sigmoid,
};

pub(crate) struct Gan {
    pub(crate) generator: Optimized<Generator>,
    pub(crate) critic: Optimized<Critic>,
    pub(crate) config: GanConfig,
}

/// What the generator turns into as many images as `batch` has, `[B, L]`.
fn codes(config: &GanConfig, batch: &Batch, noise: Noise, name: &str) -> Tensor<2> {
    let shape = [batch.len(), config.latent_dim];
    noise.normal(name, 0, batch.rows(), shape, &batch.images.device())
}

impl Gan {
    fn critic_step(&mut self, batch: &Batch, at: Progress) -> Scalars {
        let noise = codes(&self.config, batch, at.noise(), "gan/critic-latent");
        // The generator off the graph: the critic's step needs no gradient of it.
        let fake_images = self.generator.raw().forward(noise);
        let real = self.critic.net().forward(batch.images.clone());
        let fake = self.critic.net().forward(fake_images);
        let loss = critic_loss(real.clone(), fake.clone(), self.config.loss);
        let scalars = Scalars::new()
            .with("critic_loss", loss.clone())
            .with("critic_on_real", sigmoid(real).mean())
            .with("critic_on_fake", sigmoid(fake).mean());
        self.critic.descend(loss, at);
        scalars
    }

    fn generator_step(&mut self, batch: &Batch, at: Progress) -> Tensor<1> {
        let noise = codes(&self.config, batch, at.noise(), "gan/latent");
        let images = self.generator.net().forward(noise);
        let fake = self.critic.raw().forward(images);
        let loss = generator_loss(fake, self.config.loss);
        let value = loss.clone().inner();
        self.generator.descend(loss, at);
        value
    }
}

impl Train for Gan {
    fn step(&mut self, batch: &Batch, at: Progress) -> Scalars {
        let scalars = self.critic_step(batch, at);
        if at.step.is_multiple_of(self.config.critic_steps) {
            scalars.with("generator_loss", self.generator_step(batch, at))
        } else {
            scalars
        }
    }

    fn freeze(&self) -> Box<dyn Generative> {
        Box::new(FrozenGan {
            generator: self.generator.frozen(),
            critic: self.critic.frozen(),
            config: self.config.clone(),
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
    critic: Critic,
    config: GanConfig,
}

impl Generative for FrozenGan {
    fn num_params(&self) -> usize {
        self.generator.num_params() + self.critic.num_params()
    }

    fn objective(&self, batch: &Batch, noise: Noise) -> Scalars {
        let codes = codes(&self.config, batch, noise, "gan/latent");
        let real = self.critic.forward(batch.images.clone());
        let fake = self.critic.forward(self.generator.forward(codes));
        Scalars::new()
            .with("critic_loss", critic_loss(real.clone(), fake.clone(), self.config.loss))
            .with("critic_on_real", sigmoid(real).mean())
            .with("critic_on_fake", sigmoid(fake.clone()).mean())
            .with("generator_loss", generator_loss(fake, self.config.loss))
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

    fn invert(&self, images: Tensor<4>) -> Tensor<4> {
        let code = invert::search(&self.generator, &images, self.config.latent_dim);
        self.generator.forward(code)
    }
}

impl Sample for FrozenGan {
    fn sample(&self, request: &SampleRequest) -> Tensor<4> {
        let device = self.generator.devices().remove(0);
        self.decode(request.starting_noise([request.count, self.config.latent_dim], &device))
    }

    fn network_calls(&self, _request: &SampleRequest) -> usize {
        1
    }
}

impl Decode for FrozenGan {
    fn latent_dim(&self) -> usize {
        self.config.latent_dim
    }

    fn decode(&self, codes: Tensor<2>) -> Tensor<4> {
        self.generator.forward(codes)
    }
}

#[cfg(test)]
mod tests {
    use crate::{GanConfig, GanLoss};
    use genlab_core::{
        OptimizerConfig,
        nn::{BackboneConfig, ConvBackbone},
        testing::contract,
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

    #[test]
    fn the_non_saturating_gan_keeps_the_contract() {
        contract(&|context| small().init(context), Some(("critic_loss", 20, 0.9)));
    }

    #[test]
    fn the_gan_with_smoothed_labels_keeps_the_contract() {
        let loss = GanLoss::NonSaturating { label_smoothing: 0.1 };
        let config = GanConfig { loss, ..small() };
        contract(&|context| config.init(context), Some(("critic_loss", 20, 0.9)));
    }

    #[test]
    fn the_minimax_gan_with_two_critic_steps_keeps_the_contract() {
        let config = GanConfig { loss: GanLoss::Minimax, critic_steps: 2, ..small() };
        contract(&|context| config.init(context), Some(("critic_loss", 20, 0.9)));
    }
}
