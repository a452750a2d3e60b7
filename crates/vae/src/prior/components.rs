//! A mixture of Gaussians of codes: its density and its draws.

use burn::tensor::{Int, Tensor};

/// p(z) = Σ_k π_k N(z; μ_k, diag σ_k²).
#[derive(Clone, Debug)]
pub(crate) struct Components {
    /// log π, `[K]`.
    pub(crate) log_weights: Tensor<1>,
    /// μ, `[K, L]`.
    pub(crate) mean: Tensor<2>,
    /// log σ², `[K, L]`.
    pub(crate) log_var: Tensor<2>,
}

impl Components {
    /// log p(z) of codes `[N, L]`, `[N]` nats: a log-sum-exp over components.
    pub(crate) fn log_density(&self, codes: Tensor<2>) -> Tensor<1> {
        let [components, dimensions] = self.mean.dims();
        let row = |x: Tensor<2>| x.reshape([1, components, dimensions]);
        let offset = codes.unsqueeze_dim::<3>(1) - row(self.mean.clone());
        let squares = offset.square() * row(self.log_var.clone().neg().exp());
        let constant = self.log_var.clone().sum_dim(1).squeeze_dim::<1>(1) * 0.5
            + 0.5 * dimensions as f64 * std::f64::consts::TAU.ln();
        let log_joint = squares.sum_dim(2).squeeze_dim::<2>(2) * -0.5
            + (self.log_weights.clone() - constant).unsqueeze_dim::<2>(0);
        let greatest = log_joint.clone().detach().max_dim(1);
        let sum = (log_joint - greatest.clone()).exp().sum_dim(1);
        (sum.log() + greatest).squeeze_dim::<1>(1)
    }

    /// Codes `[N, L]`: of each row the component that `uniform` `[N]` falls on, and μ + σ ⊙ ε there with `noise` `[N, L]`.
    pub(crate) fn draw(&self, uniform: Tensor<1>, noise: Tensor<2>) -> Tensor<2> {
        let [components, _] = self.mean.dims();
        let reached = self.log_weights.clone().exp().cumsum(0).unsqueeze_dim::<2>(0);
        let passed = uniform.unsqueeze_dim::<2>(1).greater_equal(reached).int().sum_dim(1);
        // The sum of all weights may fall short of 1 by a rounding error.
        let chosen: Tensor<1, Int> = passed.clamp_max(components as i64 - 1).squeeze_dim::<1>(1);
        let (mean, log_var) = (self.mean.clone(), self.log_var.clone());
        mean.select(0, chosen.clone()) + (log_var.select(0, chosen) * 0.5).exp() * noise
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numbers;
    use burn::tensor::{Device, TensorData};

    fn components() -> Components {
        let device = Device::flex();
        Components {
            log_weights: Tensor::from_floats([0.2_f32.ln(), 0.5_f32.ln(), 0.3_f32.ln()], &device),
            mean: Tensor::from_floats([[0.0, 0.0], [3.0, -1.0], [-2.0, 0.5]], &device),
            log_var: Tensor::from_floats([[0.0, 0.0], [-2.0, 1.0], [0.5, -3.0]], &device),
        }
    }

    #[test]
    fn its_density_is_the_sum_over_components() {
        let device = Device::flex();
        let codes = Tensor::from_floats([[0.0, 0.0], [2.5, 1.0], [-9.0, 20.0]], &device);
        // SciPy 1.17: logsumexp of log π_k + norm.logpdf(z, μ_k, σ_k) summed over both coordinates.
        let exact = [-3.328_286_5, -3.655_868_9, -243.947_315];
        for (found, exact) in numbers(components().log_density(codes)).into_iter().zip(exact) {
            assert!((found - exact).abs() < 1e-5 * f64::abs(exact), "{found} {exact}");
        }
    }

    #[test]
    fn draws_come_from_each_component_as_often_as_it_weighs_and_spread_as_it_does() {
        let count = 1000;
        let device = Device::flex();
        let uniform: Vec<f32> = (0..count).map(|i| (i as f32 + 0.5) / count as f32).collect();
        let uniform = Tensor::<1>::from_data(TensorData::new(uniform, [count]), &device);
        let still = numbers(components().draw(uniform.clone(), Tensor::zeros([count, 2], &device)));
        for (mean, share) in [([0.0, 0.0], 200), ([3.0, -1.0], 500), ([-2.0, 0.5], 300)] {
            let found = still.chunks(2).filter(|code| **code == mean).count();
            assert_eq!(found, share, "{mean:?}");
        }
        let moved = numbers(components().draw(uniform, Tensor::ones([count, 2], &device)));
        let last = &moved[2 * count - 2..];
        assert!((last[0] - (-2.0 + 0.25_f64.exp())).abs() < 1e-5, "{last:?}");
        assert!((last[1] - (0.5 + (-1.5_f64).exp())).abs() < 1e-5, "{last:?}");
    }
}
