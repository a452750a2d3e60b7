//! Searching the noise whose image is nearest to a given one.

use crate::net::Generator;
use burn::tensor::Tensor;
use genlab_core::loss::squared_error;

/// Steps of Adam. At 200 the error has all but stopped falling.
pub(crate) const STEPS: u32 = 200;
/// Length of the first steps, in standard deviations of the noise. It falls to zero along half a
/// cosine, so that the search settles instead of trembling around its minimum.
const LEARNING_RATE: f64 = 0.1;
/// Adam's usual decays and floor (Kingma & Ba 2015, arXiv:1412.6980).
const BETA1: f64 = 0.9;
const BETA2: f64 = 0.999;
const EPSILON: f64 = 1e-8;

/// Noise `[B, latent]` that minimises the squared error to `images` `[B, C, H, W]`: Adam through the
/// frozen generator from zero, the middle of the prior. It finds a local minimum, so an image that
/// comes back badly may still be one that the generator can draw. Losses are summed, not averaged,
/// over the batch, so each image follows its own gradient.
pub(crate) fn search(generator: &Generator, images: &Tensor<4>, latent: usize) -> Tensor<2> {
    let zeros = Tensor::<2>::zeros([images.dims()[0], latent], &images.device());
    let (mut code, mut first, mut second) = (zeros.clone(), zeros.clone(), zeros);
    for step in 1..=STEPS {
        let tracked = code.clone().autodiff().require_grad();
        let made = generator.forward(tracked.clone());
        let gradients = squared_error(made, images.clone().autodiff()).sum().backward();
        let gradient = tracked.grad(&gradients).expect("the code is a tracked leaf of the loss");
        first = first * BETA1 + gradient.clone() * (1.0 - BETA1);
        second = second * BETA2 + gradient.square() * (1.0 - BETA2);
        let exponent = f64::from(step);
        let mean = first.clone() / (1.0 - BETA1.powf(exponent));
        let spread = (second.clone() / (1.0 - BETA2.powf(exponent))).sqrt() + EPSILON;
        let along = std::f64::consts::PI * (exponent - 1.0) / f64::from(STEPS);
        code = code - mean / spread * (LEARNING_RATE * 0.5 * (1.0 + along.cos()));
    }
    code
}
