//! Searching the noise that a generator turns into a given value.

use crate::generator::Generator;
use burn::tensor::Tensor;
use genlab_core::{
    Condition,
    loss::squared_error,
    optim::{AdamConfig, AdamSlot, LearningRateSchedule, Step},
};

/// Steps of Adam. At 200 the error has all but stopped falling.
pub(crate) const STEPS: u32 = 200;
/// Length of the first steps, in standard deviations of the noise. It falls to zero along half a
/// cosine, so that the search settles instead of trembling around its minimum.
const LEARNING_RATE: f64 = 0.1;

/// Noise `[B, latent_dim]` that minimises the squared error to `values` `[B, C, H, W]`, about which
/// `condition` is told: Adam through the frozen generator from zero, the middle of the prior. It finds a
/// local minimum, so a value that comes back badly may still be one that the generator can draw. Losses
/// are summed, not averaged, over the batch, so each value follows its own gradient.
pub(crate) fn search(
    generator: &Generator,
    values: &Tensor<4>,
    condition: &Condition,
    latent_dim: usize,
) -> Tensor<2> {
    let zeros = Tensor::<2>::zeros([values.dims()[0], latent_dim], &values.device());
    let mut slot = AdamSlot { value: zeros.clone(), first: zeros.clone(), second: zeros };
    for number in 1..=STEPS {
        let tracked = slot.value.clone().autodiff().require_grad();
        let made = generator.forward(tracked.clone(), condition);
        let gradients = squared_error(made, values.clone().autodiff()).sum().backward();
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
    use crate::GanConfig;
    use burn::{module::Module, tensor::Device};
    use genlab_core::{Conditions, ImageShape, Phase, Seed, Space, nn::init_module};

    const LATENT_DIM: usize = 4;

    fn generator(conditions: Conditions) -> Generator {
        let config = GanConfig { latent_dim: LATENT_DIM, ..GanConfig::default() };
        let space = Space::images(ImageShape::new(1, 8, 8));
        let build = |device: &Device| Generator::new(&config, conditions, space, device);
        init_module(Seed(1), "gan/generator", &Device::flex(), build).valid()
    }

    fn is_found_again(generator: &Generator, condition: &Condition) {
        let noise = Seed(2).during(Phase::Evaluate);
        let code = noise.normal("test/code", 0, 0..3, [3, LATENT_DIM], &Device::flex());
        let images = generator.forward(code.clone(), condition);
        let error = |code: Tensor<2>| {
            let error = squared_error(generator.forward(code, condition), images.clone());
            error.into_data().try_into_vec::<f32>().expect("f32")
        };
        let before = error(code.zeros_like());
        let found = search(generator, &images, condition, LATENT_DIM);
        for (before, after) in before.iter().zip(error(found)) {
            assert!(after < before * 1e-3, "the error went from {before} to {after}");
        }
    }

    #[test]
    fn a_generated_image_is_found_again() {
        is_found_again(&generator(Conditions::default()), &Condition::default());
    }

    #[test]
    fn a_generated_image_of_a_class_is_found_again() {
        let generator = generator(Conditions { classes: Some(5), ..Conditions::default() });
        is_found_again(&generator, &Condition::of_classes(&[4, 0, -1], &Device::flex()));
    }
}
