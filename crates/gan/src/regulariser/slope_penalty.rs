//! A penalty on the critic's slope without a gradient of a gradient (docs/adr/0013).

use burn::tensor::Tensor;
use genlab_core::{
    Check, Fault,
    settings::{at_least, positive},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// γ/2 E‖∇D(x)‖² (Eq. 9 of Mescheder et al. 2018, arXiv:1801.04406) with the slope taken from two points
/// per value. D is the critic's logit; slopes are per unit of its input, in which values in [0, 1] lie
/// in [−1, 1] and others have standard deviation 1.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct SlopePenalty {
    /// γ, above 0.
    pub weight: f64,
    /// Standard deviation of the perturbations, above 0, in units of the critic's input.
    pub sigma: f64,
}

impl Default for SlopePenalty {
    fn default() -> Self {
        // StyleGAN's published code has a weight of 10 (arXiv:1812.04948); with it a small critic of 28x28
        // digits hardly learns to tell. The perturbation is about a grey level: too small to leave the
        // neighbourhood of a value, too large for rounding to matter (docs/adr/0013 has the numbers).
        Self { weight: 1.0, sigma: 0.01 }
    }
}

impl Check for SlopePenalty {
    fn check(&self) -> Result<(), Fault> {
        positive("weight", self.weight)?;
        positive("sigma", self.sigma)?;
        // Below, f32 has no difference left.
        at_least("sigma", self.sigma, 1e-4)
    }
}

impl SlopePenalty {
    /// Mean over the batch of the squared slope of `critic` (`[B, C, H, W]` to `[B]`) at `points`, `[1]`.
    /// `directions` are standard normal, of the same shape. Costs two passes of the critic.
    pub fn squared_slope(
        &self,
        critic: &dyn Fn(Tensor<4>) -> Tensor<1>,
        points: Tensor<4>,
        directions: Tensor<4>,
    ) -> Tensor<1> {
        let step = directions * self.sigma;
        let ahead = critic(points.clone() + step.clone());
        let behind = critic(points - step);
        squared_slopes(ahead, behind, self.sigma).mean()
    }

    /// What the squared slope is multiplied by in the loss: γ/2.
    pub fn factor(&self) -> f64 {
        self.weight / 2.0
    }
}

/// (D(x + σε) − D(x − σε))² / (4σ²) from the logits at both ends, `[B]` each and together: an estimate of
/// ‖∇D(x)‖² for standard normal ε. For a linear critic, whose slope is w, it has mean ‖w‖² and
/// variance 2‖w‖⁴; otherwise the mean is ‖∇D‖² + σ² ∇D · ∇ΔD + O(σ⁴).
pub fn squared_slopes(ahead: Tensor<1>, behind: Tensor<1>, sigma: f64) -> Tensor<1> {
    (ahead - behind).square() / (4.0 * sigma * sigma)
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::{Device, TensorData};
    use genlab_core::{Phase, Seed};

    /// Enough draws that a mean of squares is known to half a percent.
    const DRAWS: usize = 100_000;
    /// The point at which slopes are estimated.
    const POINT: [f64; 3] = [0.3, -0.2, 0.5];

    fn directions() -> Tensor<2> {
        let noise = Seed(3).during(Phase::Evaluate);
        noise.normal("test/slope", 0, 0..DRAWS as u64, [DRAWS, 3], &Device::flex())
    }

    fn vector(x: [f64; 3]) -> Tensor<2> {
        Tensor::from_data(TensorData::new(x.map(|x| x as f32).to_vec(), [3, 1]), &Device::flex())
    }

    fn dot(a: [f64; 3], b: [f64; 3]) -> f64 {
        a.iter().zip(b).map(|(a, b)| a * b).sum()
    }

    /// w · x of rows x.
    fn along(x: &Tensor<2>, w: [f64; 3]) -> Tensor<1> {
        x.clone().matmul(vector(w)).squeeze_dim::<1>(1)
    }

    /// One estimate at [`POINT`] per direction.
    fn estimates(critic: impl Fn(&Tensor<2>) -> Tensor<1>, sigma: f64) -> Vec<f64> {
        let (point, step) = (vector(POINT).transpose(), directions() * sigma);
        let (ahead, behind) = (critic(&(point.clone() + step.clone())), critic(&(point - step)));
        let slopes = squared_slopes(ahead, behind, sigma).into_data();
        slopes.try_into_vec::<f32>().expect("f32").into_iter().map(f64::from).collect()
    }

    fn mean(values: &[f64]) -> f64 {
        values.iter().sum::<f64>() / values.len() as f64
    }

    #[test]
    fn a_linear_critics_slope_is_met_on_average_with_the_variance_of_one_direction() {
        let w = [1.0, -2.0, 0.5];
        for sigma in [0.01, 1.0] {
            let slopes = estimates(|x| along(x, w), sigma);
            let (expected, average) = (dot(w, w), mean(&slopes));
            // Five standard errors of either: √(2 / n) and √(56 / n) / 2 of their values.
            assert!((average / expected - 1.0).abs() < 0.023, "{average} is not {expected}");
            let squares: Vec<f64> = slopes.iter().map(|s| (s - average).powi(2)).collect();
            let (expected, variance) = (2.0 * expected * expected, mean(&squares));
            assert!((variance / expected - 1.0).abs() < 0.06, "{variance} is not {expected}");
        }
    }

    #[test]
    fn curvature_adds_nothing() {
        let w = [1.0, -2.0, 0.5];
        let bowl = |x: &Tensor<2>| {
            let from_point = x.clone() - vector(POINT).transpose();
            from_point.square().sum_dim(1).squeeze_dim::<1>(1) * 3.0
        };
        let bent = estimates(|x| along(x, w) + bowl(x), 0.5);
        let straight = estimates(|x| along(x, w), 0.5);
        for (bent, straight) in bent.iter().zip(straight) {
            assert!((bent - straight).abs() < 1e-3 * (1.0 + straight), "{bent} and {straight}");
        }
    }

    #[test]
    fn a_wave_is_seen_through_a_blur_as_its_closed_form_says() {
        // D = sin(w · x) has the mean cos²(w · x) (1 − exp(−2σ²‖w‖²)) / (2σ²).
        let w = [1.0, -0.8, 0.6];
        for sigma in [0.01, 0.1, 0.5, 2.0] {
            let average = mean(&estimates(|x| along(x, w).sin(), sigma));
            let blurred = (1.0 - (-2.0 * sigma * sigma * dot(w, w)).exp()) / (2.0 * sigma * sigma);
            let expected = dot(w, POINT).cos().powi(2) * blurred;
            assert!((average / expected - 1.0).abs() < 0.023, "{sigma}: {average}, {expected}");
        }
    }

    #[test]
    fn the_bias_at_a_smooth_critic_grows_with_the_square_of_the_perturbation() {
        let units = [[1.0, -0.8, 0.6], [-0.4, 0.9, 1.1]];
        let critic = |x: &Tensor<2>| along(x, units[0]).tanh() + along(x, units[1]).tanh();
        // tanh′ = 1 − t² and tanh‴ = (1 − t²)(6t² − 2).
        let (mut slope, mut of_laplacian) = ([0.0; 3], [0.0; 3]);
        for w in units {
            let t = dot(w, POINT).tanh();
            for d in 0..3 {
                slope[d] += (1.0 - t * t) * w[d];
                of_laplacian[d] += (1.0 - t * t) * (6.0 * t * t - 2.0) * dot(w, w) * w[d];
            }
        }
        // The same directions throughout, so that their own scatter cancels.
        let linear = mean(&estimates(|x| along(x, slope), 0.1));
        for sigma in [0.05, 0.1, 0.2] {
            let bias = mean(&estimates(critic, sigma)) - linear;
            let expected = sigma * sigma * dot(slope, of_laplacian);
            assert!((bias / expected - 1.0).abs() < 0.15, "{sigma}: {bias} is not {expected}");
        }
    }
}
