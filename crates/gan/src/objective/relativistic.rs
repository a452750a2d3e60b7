//! Real and generated values judged in pairs.

use super::{EQUILIBRIUM, Game, softplus};
use burn::tensor::Tensor;
use genlab_core::{Check, Fault, Scalars, nn::sigmoid};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The critic minimises −E[log σ(l(x) − l(G(z)))], the generator −E[log σ(l(G(z)) − l(x))], row by row: RSGAN
/// of Jolicoeur-Martineau 2018 (arXiv:1807.00734), Eq. 2 of Huang et al. 2024 (R3GAN, arXiv:2501.05441).
/// Each generated value is compared with a real one, so that dropping a mode costs the generator. Only
/// differences of logits mean anything: the best critic is log p_d − log p_g plus any constant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Relativistic {}

impl Check for Relativistic {
    fn check(&self) -> Result<(), Fault> {
        Ok(())
    }
}

impl Game for Relativistic {
    fn critic_loss(&self, real: Tensor<1>, fake: Tensor<1>) -> Tensor<1> {
        softplus(fake - real).mean()
    }

    fn generator_loss(&self, real: &dyn Fn() -> Tensor<1>, fake: Tensor<1>) -> Tensor<1> {
        softplus(real() - fake).mean()
    }

    fn logged(&self, scalars: Scalars, real: Tensor<1>, fake: Tensor<1>) -> Scalars {
        let even = Tensor::full([1], 0.5, &real.device());
        scalars.with("critic/real_above_fake", sigmoid(real - fake).mean()).with(EQUILIBRIUM, even)
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::tests::{logits, number},
        *,
    };
    use burn::tensor::Device;

    const PAIRED: Relativistic = Relativistic {};

    fn generator(real: f32, fake: f32) -> f32 {
        number(PAIRED.generator_loss(&|| logits(real), logits(fake)))
    }

    #[test]
    fn both_losses_are_those_of_the_difference() {
        // PyTorch: F.softplus(torch.tensor(-2.1)) and F.softplus(torch.tensor(2.1)).
        let critic = |real, fake| number(PAIRED.critic_loss(logits(real), logits(fake)));
        assert!((critic(1.7, -0.4) - 0.115_519_5).abs() < 1e-6);
        assert!((generator(1.7, -0.4) - 2.215_519_5).abs() < 1e-6);
        assert!((critic(101.7, 99.6) - critic(1.7, -0.4)).abs() < 1e-5, "a constant counts");
        assert!((critic(0.3, 0.3) - 2.0_f32.ln()).abs() < 1e-6);
    }

    #[test]
    fn the_critics_loss_is_flat_at_the_log_of_the_ratio_of_densities() {
        // Two places with p_d = (0.8, 0.2) and p_g = (0.5, 0.5): all pairs as often as they come.
        let device = Device::flex();
        let loss = |gap: f32| {
            // l = (gap, 0); pairs (real, fake) at (1, 1), (1, 2), (2, 1), (2, 2).
            let weights = Tensor::<1>::from_floats([0.4, 0.4, 0.1, 0.1], &device);
            let real = Tensor::<1>::from_floats([gap, gap, 0.0, 0.0], &device);
            let fake = Tensor::<1>::from_floats([gap, 0.0, gap, 0.0], &device);
            number((softplus(fake - real) * weights).sum())
        };
        let best = (0.8_f32 / 0.5).ln() - (0.2_f32 / 0.5).ln();
        let slope = |gap: f32| (loss(gap + 0.05) - loss(gap - 0.05)) / 0.1;
        assert!(slope(best).abs() < 1e-3, "{}", slope(best));
        assert!(slope(best - 0.5) < -0.03 && slope(best + 0.5) > 0.03);
    }
}
