//! Spectral normalisation (Miyato et al. 2018, arXiv:1802.05957).

use burn::{
    module::{Module, ModuleMapper, Param},
    tensor::{DType, Int, Tensor},
};
use genlab_core::{
    Check, Fault,
    settings::{at_most, size},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Rounds beyond which a step would be nothing but power iteration.
const MOST_ROUNDS: usize = 100;

/// Keeps a norm of 0 from dividing.
const EPSILON: f64 = 1e-12;

/// W / σ(W) in place of each weight W of the critic (Eq. 8 of arXiv:1802.05957), with σ(W) its largest
/// singular value, so that no layer stretches its input. A convolution's `[C_out, C_in, K, K]` counts as
/// the matrix `[C_out, C_in K²]`; biases stay.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct SpectralNorm {
    /// Rounds of power iteration, at least 1. They start anew in each step, so that the critic is a
    /// function of its weights alone; Miyato et al. go on from the step before and take one.
    pub power_iterations: usize,
}

impl Default for SpectralNorm {
    fn default() -> Self {
        // Within a few percent on freshly drawn weights, whose singular values lie closest.
        Self { power_iterations: 10 }
    }
}

impl Check for SpectralNorm {
    fn check(&self) -> Result<(), Fault> {
        size("power_iterations", self.power_iterations)?;
        at_most("power_iterations", self.power_iterations, MOST_ROUNDS)
    }
}

impl SpectralNorm {
    /// `module` with every parameter of two or more dimensions normalised. Its parameters are functions
    /// of those of `module`, which gradients reach.
    pub fn normalised<M: Module>(self, module: M) -> M {
        module.map(&mut Normalise(self))
    }
}

struct Normalise(SpectralNorm);

impl ModuleMapper for Normalise {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        if D < 2 {
            return param;
        }
        param.map(|weight| {
            let dims = weight.dims();
            let matrix = weight.clone().reshape([dims[0], dims[1..].iter().product::<usize>()]);
            let sigma = largest_singular_value(matrix, self.0.power_iterations);
            weight / (sigma + EPSILON).reshape([1; D])
        })
    }
}

/// σ(W) of `[M, N]` as uᵀ W v, `[1]`, with vectors from so many rounds of power iteration (Algorithm 1 of
/// arXiv:1802.05957) that count as constants for gradients. It is never above the true value.
pub fn largest_singular_value(weight: Tensor<2>, power_iterations: usize) -> Tensor<1> {
    let constant = weight.clone().inner();
    let rows = constant.dims()[0] as i64;
    // A fixed vector without symmetries: no weight has a reason to be orthogonal to it.
    let start = Tensor::<1, Int>::arange(1..rows + 1, (&constant.device(), DType::I32));
    let mut u = unit(start.float().sin().unsqueeze_dim::<2>(1));
    let mut v = u.clone();
    for _ in 0..power_iterations {
        v = unit(constant.clone().transpose().matmul(u));
        u = unit(constant.clone().matmul(v.clone()));
    }
    (u * weight.matmul(v)).sum()
}

/// `[N, 1]` at length 1.
fn unit(x: Tensor<2>) -> Tensor<2> {
    let length = x.clone().square().sum().sqrt().reshape([1, 1]);
    x / (length + EPSILON)
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;
    use genlab_core::{Phase, Seed, nn::Linear};

    fn number(x: Tensor<1>) -> f32 {
        x.into_data().as_slice::<f32>().expect("f32")[0]
    }

    fn normal(shape: [usize; 2]) -> Tensor<2> {
        let noise = Seed(7).during(Phase::Evaluate);
        noise.normal("test/weight", 0, 0..shape[0] as u64, shape, &Device::flex())
    }

    #[test]
    fn known_singular_values_are_found() {
        let device = Device::flex();
        let stretched = Tensor::from_floats([[3.0, 0.0, 0.0], [0.0, -1.0, 0.0]], &device);
        assert!((number(largest_singular_value(stretched, 10)) - 3.0).abs() < 1e-5);
        // The golden ratio squared is the largest eigenvalue of [[2, 1], [1, 1]].
        let sheared = Tensor::from_floats([[1.0, 1.0], [0.0, 1.0]], &device);
        assert!((number(largest_singular_value(sheared, 10)) - 1.618_034).abs() < 1e-5);
    }

    #[test]
    fn the_crowded_singular_values_of_fresh_weights_are_met_within_five_percent() {
        let weight = normal([64, 512]);
        let exact = number(largest_singular_value(weight.clone(), 2000));
        let found =
            number(largest_singular_value(weight, SpectralNorm::default().power_iterations));
        assert!(found <= exact * 1.000_01 && found > exact * 0.95, "{found} beside {exact}");
    }

    #[test]
    fn a_normalised_layer_forgets_the_scale_of_its_weights_and_gradients_reach_them() {
        let layer = Linear::new(5, 3, &Device::flex().autodiff());
        let mut scaled = layer.clone();
        scaled.weight = scaled.weight.map(|weight| weight * 4.0);
        let x = normal([6, 5]);
        let norm = SpectralNorm::default();
        let [one, other] =
            [&layer, &scaled].map(|layer| norm.normalised(layer.clone()).forward(x.clone()));
        let apart = (one.clone() - other).abs().max();
        assert!(number(apart.inner()) < 1e-5);
        // Along the weights themselves nothing changes, so the gradient is orthogonal to them.
        let gradients = one.square().sum().backward();
        let weight = layer.weight.val();
        let gradient = weight.grad(&gradients).expect("a gradient");
        let size = number(gradient.clone().square().sum().sqrt());
        let along = number((gradient * weight.inner()).sum());
        assert!(size > 0.1 && along.abs() < 1e-4 * size, "{along} of {size}");
    }

    #[test]
    fn a_weight_of_zeros_stays_what_it_is() {
        let device = Device::flex();
        let layer = SpectralNorm::default().normalised(Linear::zeros(4, 2, &device));
        assert_eq!(number(layer.weight.val().abs().max()), 0.0);
    }
}
