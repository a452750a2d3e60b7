//! Searching the noise whose image is nearest to a given one.

use crate::net::Generator;
use burn::tensor::Tensor;
use genlab_core::{
    loss::squared_error,
    optim::{AdamConfig, AdamSlot, LearningRateSchedule, Step},
};

/// Steps of Adam. At 200 the error has all but stopped falling.
pub(crate) const STEPS: u32 = 200;
/// Length of the first steps, in standard deviations of the noise. It falls to zero along half a
/// cosine, so that the search settles instead of trembling around its minimum.
const LEARNING_RATE: f64 = 0.1;

/// Noise `[B, latent_dim]` that minimises the squared error to `images` `[B, C, H, W]`: Adam
/// through the frozen generator from zero, the middle of the prior. It finds a local minimum, so an
/// image that comes back badly may still be one that the generator can draw. Losses are summed, not
/// averaged, over the batch, so each image follows its own gradient.
pub(crate) fn search(generator: &Generator, images: &Tensor<4>, latent_dim: usize) -> Tensor<2> {
    let zeros = Tensor::<2>::zeros([images.dims()[0], latent_dim], &images.device());
    let mut slot = AdamSlot { value: zeros.clone(), first: zeros.clone(), second: zeros };
    for number in 1..=STEPS {
        let tracked = slot.value.clone().autodiff().require_grad();
        let made = generator.forward(tracked.clone());
        let gradients = squared_error(made, images.clone().autodiff()).sum().backward();
        let gradient = tracked.grad(&gradients).expect("the code is a tracked leaf of the loss");
        let along = f64::from(number - 1) / f64::from(STEPS);
        let learning_rate = LEARNING_RATE * LearningRateSchedule::Cosine.share(along);
        let step = Step { learning_rate, number: number.into() };
        slot = AdamConfig::default().step(slot, gradient, None, step);
    }
    slot.value
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{GanConfig, net::Generator};
    use burn::{module::Module, tensor::Device};
    use genlab_core::{ImageShape, Phase, Seed, nn::init_module};

    #[test]
    fn a_generated_image_is_found_again() {
        let (device, latent_dim) = (Device::flex(), 4);
        let config = GanConfig { latent_dim, ..GanConfig::default() };
        let generator = init_module(Seed(1), "gan/generator", &device, |device| {
            Generator::new(&config, ImageShape::new(1, 8, 8), device)
        })
        .valid();
        let noise = Seed(2).during(Phase::Evaluate);
        let code = noise.normal("test/code", 0, 0..3, [3, latent_dim], &device);
        let images = generator.forward(code.clone());
        let error = |code: Tensor<2>| {
            let error = squared_error(generator.forward(code), images.clone());
            error.into_data().try_into_vec::<f32>().expect("f32")
        };
        let before = error(code.zeros_like());
        for (before, after) in before.iter().zip(error(search(&generator, &images, latent_dim))) {
            assert!(after < before * 1e-3, "the error went from {before} to {after}");
        }
    }
}
