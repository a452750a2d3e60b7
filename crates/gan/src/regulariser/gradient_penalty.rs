//! A slope of one between real and generated values.

use burn::tensor::Tensor;
use genlab_core::{
    Check, Fault,
    settings::{at_least, positive},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// λ E[(‖∇D(x̂)‖ − 1)²] at x̂ = u x + (1 − u) G(z) with u uniform in [0, 1): Eq. 3 of Gulrajani et al. 2017
/// (arXiv:1704.00028). Slopes are per unit of the critic's input, as in [`super::SlopePenalty`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct GradientPenalty {
    /// λ, above 0.
    pub weight: f64,
    /// Half the length of the stretch along which the slope is taken, above 0, in units of the critic's input.
    pub sigma: f64,
}

impl Default for GradientPenalty {
    fn default() -> Self {
        // λ is that of the paper's experiments. A direction has length 1 here and not √n, so a stretch of
        // a hundredth is shorter than that of `SlopePenalty`; rounding stays below a thousandth.
        Self { weight: 10.0, sigma: 0.1 }
    }
}

impl Check for GradientPenalty {
    fn check(&self) -> Result<(), Fault> {
        positive("weight", self.weight)?;
        at_least("sigma", self.sigma, 1e-3)
    }
}

impl GradientPenalty {
    /// E[(‖∇D‖ − 1)²] of `critic` (`[B, C, H, W]` to `[B]`) at `points`, `[1]`. With e the unit vector along
    /// ∇D, a constant for gradients, (D(x + σe) − D(x − σe)) / 2σ has the value ‖∇D‖ and its gradient in
    /// the weights, up to terms of order σ²: to turn e changes ‖∇D‖ · e to second order alone. Costs three passes
    /// of the critic.
    pub fn distance_from_one(
        &self,
        critic: &dyn Fn(Tensor<4>) -> Tensor<1>,
        points: Tensor<4>,
    ) -> Tensor<1> {
        let step = steepest(critic, points.clone()) * self.sigma;
        let ahead = critic(points.clone() + step.clone());
        let behind = critic(points - step);
        let slope = (ahead - behind) / (2.0 * self.sigma);
        (slope - 1.0).square().mean()
    }
}

/// u x + (1 − u) x′ row by row, with u `[B, 1, 1, 1]`.
pub fn interpolated(real: Tensor<4>, fake: Tensor<4>, u: Tensor<4>) -> Tensor<4> {
    fake.clone() + (real - fake) * u
}

/// The unit vector of each row along which `critic` grows fastest, off the graph. It is zero where the
/// critic is flat.
fn steepest(critic: &dyn Fn(Tensor<4>) -> Tensor<1>, points: Tensor<4>) -> Tensor<4> {
    let points = points.autodiff().require_grad();
    let gradients = critic(points.clone()).sum().backward();
    let slope = points.grad(&gradients).expect("the points are a tracked leaf of the score");
    let rows = slope.dims()[0];
    let length = slope.clone().square().reshape([rows as i32, -1]).sum_dim(1).sqrt();
    slope / (length + f64::from(f32::MIN_POSITIVE)).reshape([rows, 1, 1, 1])
}

#[cfg(test)]
mod tests {
    use super::{super::tests::tensor, *};

    fn number(x: Tensor<1>) -> f32 {
        x.into_data().as_slice::<f32>().expect("f32")[0]
    }

    /// D(x) = w · x of rows with two coordinates.
    fn along(x: Tensor<4>, w: [f32; 2]) -> Tensor<1> {
        let w = Tensor::<1>::from_floats(w, &x.device()).reshape([1, 2, 1, 1]);
        let rows = x.dims()[0];
        (x * w).sum_dim(1).reshape([rows])
    }

    #[test]
    fn a_linear_critic_is_as_far_from_one_as_its_slope() {
        let points = tensor([[0.3, -1.0], [2.0, 0.5]]);
        let penalty = GradientPenalty::default();
        let distance = |w| number(penalty.distance_from_one(&|x| along(x, w), points.clone()));
        assert!((distance([3.0, -4.0]) - 16.0).abs() < 1e-3, "{}", distance([3.0, -4.0]));
        assert!(distance([0.6, 0.8]).abs() < 1e-6);
        assert!((distance([0.0, 0.0]) - 1.0).abs() < 1e-6, "{}", distance([0.0, 0.0]));
    }

    #[test]
    fn value_and_gradient_are_those_of_pytorchs_double_backward() {
        // tests/oracles/gradient_penalty.py: D(x) = Σ tanh(a w · x) at these points, with respect to a.
        let points = tensor([[0.3, -0.2], [-0.5, 0.4], [0.1, 0.7]]);
        let a = Tensor::<1>::from_floats([1.3], &points.device()).autodiff().require_grad();
        let critic = |x: Tensor<4>| {
            let scaled = |w| (along(x.clone(), w) * a.clone()).tanh();
            scaled([1.0, -0.8]) + scaled([-0.4, 0.9])
        };
        let penalty = GradientPenalty { sigma: 0.01, ..GradientPenalty::default() };
        let value = penalty.distance_from_one(&critic, points.clone());
        let gradient = number(a.grad(&value.backward()).expect("a gradient"));
        let value = number(value.inner());
        assert!((value - VALUE).abs() < 2e-4 * VALUE, "{value}");
        assert!((gradient - GRADIENT).abs() < 2e-3 * GRADIENT.abs(), "{gradient}");
    }

    const VALUE: f32 = 0.248_129_5;
    const GRADIENT: f32 = -0.161_250_5;

    #[test]
    fn interpolates_lie_between_their_ends() {
        let (real, fake) = (tensor([[1.0, 2.0], [3.0, 4.0]]), tensor([[0.0, 0.0], [5.0, 2.0]]));
        let u = Tensor::<1>::from_floats([0.25, 1.0], &real.device()).reshape([2, 1, 1, 1]);
        let between = interpolated(real, fake, u).into_data().try_into_vec::<f32>().expect("f32");
        assert_eq!(between, [0.25, 0.5, 3.0, 4.0]);
    }
}
