//! Muon (Jordan et al. 2024, <https://kellerjordan.github.io/posts/muon/>): momentum whose matrices
//! are made nearly orthogonal, so that a step moves all directions of a layer alike.
//!
//! ```text
//! m ← μ m + (1 − μ) g
//! O = NewtonSchulz((1 − μ) g + μ m)                    Nesterov
//! W ← W − η √max(1, rows / columns) O
//!
//! NewtonSchulz(G):  X = G / max(‖G‖, 10⁻⁷), then five times
//!                   X ← a X + (b X Xᵀ + c (X Xᵀ)²) X   with (a, b, c) = (3.4445, −4.7750, 2.0315)
//! ```
//!
//! ‖G‖ is the Frobenius norm. The iteration takes singular values to between about 0.7 and 1.2, not
//! to 1: its coefficients buy speed with that. Rows are a layer's outputs, columns its inputs. A
//! convolution's `[out, in, k_h, k_w]` is the matrix `[out, in·k_h·k_w]`; the `[in, out]` of
//! [`crate::nn::Linear`] is orthogonalised as it lies and gets its rate as its transpose. The
//! `[in, out, k_h, k_w]` of a transposed convolution cannot be told from a convolution's by its shape
//! and is taken like one, as PyTorch code does.
//!
//! Where implementations differ: the authors' iterates in bf16, and so does PyTorch's, here it is
//! f32. PyTorch takes 2-D parameters only and decays weights by 0.1 unless told otherwise; here
//! nothing decays. Its `adjust_lr_fn = "original"` is the rate above, and the default;
//! `"match_rms_adamw"` (Liu et al. 2025, arXiv:2502.16982) has 0.2 √max(rows, columns) in its place,
//! for rates of AdamW's size.

use super::{adam::AdamConfig, step::Step};
use crate::settings::{Check, Fault, positive, share, size, within};
use burn::tensor::Tensor;
use genlab_kernels::lerp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Coefficients of X, X Xᵀ X and (X Xᵀ)² X: the steepest at 0 among those that stay near 1.
const QUINTIC: [f64; 3] = [3.4445, -4.7750, 2.0315];
/// Below this norm a gradient counts as zero.
const NORM_FLOOR: f64 = 1e-7;

/// Muon for weights of two or more dimensions, Adam for the rest.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct MuonConfig {
    /// Decay μ of the mean of gradients, in [0, 1).
    pub momentum: f64,
    /// Newton–Schulz steps, from 1.
    pub newton_schulz_steps: usize,
    /// The Adam of biases, normalisations and layers that the model excludes.
    pub adam: MuonAdamConfig,
}

impl Default for MuonConfig {
    fn default() -> Self {
        Self { momentum: 0.95, newton_schulz_steps: 5, adam: MuonAdamConfig::default() }
    }
}

/// The Adam of what Muon does not train. Warm-up, schedule and clipping are shared.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct MuonAdamConfig {
    /// Peak learning rate, above 0.
    pub learning_rate: f64,
    /// Decay β1 of the mean of gradients, in [0, 1).
    pub beta1: f64,
    /// Decay β2 of the mean of squared gradients, in [0, 1).
    pub beta2: f64,
    /// ε, above 0: added to the root of the second moment.
    pub epsilon: f64,
}

impl Default for MuonAdamConfig {
    fn default() -> Self {
        let AdamConfig { beta1, beta2, epsilon } = AdamConfig::default();
        Self { learning_rate: 1e-3, beta1, beta2, epsilon }
    }
}

impl Check for MuonConfig {
    fn check(&self) -> Result<(), Fault> {
        share("momentum", self.momentum)?;
        size("newton_schulz_steps", self.newton_schulz_steps)?;
        within("adam", &self.adam)
    }
}

impl Check for MuonAdamConfig {
    fn check(&self) -> Result<(), Fault> {
        positive("learning_rate", self.learning_rate)?;
        share("beta1", self.beta1)?;
        share("beta2", self.beta2)?;
        positive("epsilon", self.epsilon)
    }
}

impl MuonAdamConfig {
    /// What it is but for the rate.
    pub(super) fn adam(&self) -> AdamConfig {
        AdamConfig { beta1: self.beta1, beta2: self.beta2, epsilon: self.epsilon }
    }
}

/// √max(1, outputs / inputs) of a weight of that shape: the factor on its rate.
pub(super) fn rate_factor(shape: &[usize]) -> f64 {
    let (outputs, inputs) = match *shape {
        [inputs, outputs] => (outputs, inputs),
        [outputs, ref inputs @ ..] => (outputs, inputs.iter().product()),
        [] => (1, 1),
    };
    (outputs as f64 / inputs as f64).max(1.0).sqrt()
}

impl MuonConfig {
    /// One update of a weight with `rows` entries in its first dimension: the new value and momentum.
    pub(super) fn step(
        &self,
        rows: usize,
        value: Tensor<1>,
        momentum: Tensor<1>,
        gradient: Tensor<1>,
        step: Step,
    ) -> (Tensor<1>, Tensor<1>) {
        let [n] = value.dims();
        let momentum = lerp(momentum, gradient.clone(), 1.0 - self.momentum);
        let ahead = lerp(gradient, momentum.clone(), self.momentum);
        let matrix = ahead.reshape([rows, n / rows]);
        let update = orthogonalised(matrix, self.newton_schulz_steps).reshape([n]);
        (value - update * step.learning_rate, momentum)
    }
}

/// U Vᵀ of the singular value decomposition U S Vᵀ of `matrix` `[rows, columns]`, roughly.
fn orthogonalised(matrix: Tensor<2>, steps: usize) -> Tensor<2> {
    let [rows, columns] = matrix.dims();
    // The square X Xᵀ is smaller this way round, and the result's transpose is that of the transpose.
    if rows > columns {
        return orthogonalised(matrix.transpose(), steps).transpose();
    }
    let norm = matrix.clone().square().sum().sqrt().clamp_min(NORM_FLOOR);
    let x = matrix / norm.reshape([1, 1]);
    if 2 * columns > 3 * rows { by_squares(x, steps) } else { by_products(x, steps) }
}

/// The iteration as it is written: 4 r² c + 2 r³ operations a step, for r rows and c columns.
fn by_products(mut x: Tensor<2>, steps: usize) -> Tensor<2> {
    let [a, b, c] = QUINTIC;
    for _ in 0..steps {
        let square = x.clone().matmul(x.clone().transpose());
        let polynomial = square.clone() * b + square.clone().matmul(square) * c;
        x = x.clone() * a + polynomial.matmul(x);
    }
    x
}

/// The same for wide matrices by their squares alone: with S = X Xᵀ and P = a I + b S + c S² the iteration takes X to
/// P X and S to P S P = P² S, and the product Q of all P is applied to X once: 4 r² c operations and 8 r³ a step.
fn by_squares(x: Tensor<2>, steps: usize) -> Tensor<2> {
    let [a, b, c] = QUINTIC;
    let mut square = x.clone().matmul(x.clone().transpose());
    let mut product: Option<Tensor<2>> = None;
    for step in 0..steps {
        let polynomial = square.clone() * b + square.clone().matmul(square.clone()) * c;
        let applied = |to: Tensor<2>| to.clone() * a + polynomial.clone().matmul(to);
        product = Some(match product {
            Some(product) => applied(product),
            None => polynomial.clone() + Tensor::eye(square.dims()[0], &square.device()) * a,
        });
        if step + 1 < steps {
            square = applied(applied(square));
        }
    }
    match product {
        Some(product) => product.matmul(x),
        None => x,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;

    #[test]
    fn singular_values_become_nearly_one_and_zeros_stay() {
        // A diagonal's singular values are its entries: each follows the polynomial by itself.
        let device = Device::flex();
        let diagonal = [0.9_f32, 0.4, 0.2, 0.0];
        let matrix = Tensor::<1>::from_floats(diagonal, &device).reshape([4, 1])
            * Tensor::<2>::eye(4, &device);
        let made = orthogonalised(matrix, 5).into_data().try_into_vec::<f32>().expect("f32");
        let norm = diagonal.iter().map(|s| s * s).sum::<f32>().sqrt();
        for (i, made) in made.chunks(4).enumerate() {
            let mut expected = f64::from(diagonal[i] / norm);
            for _ in 0..5 {
                let [a, b, c] = QUINTIC;
                expected = a * expected + b * expected.powi(3) + c * expected.powi(5);
            }
            for (j, &made) in made.iter().enumerate() {
                let expected = if i == j { expected } else { 0.0 };
                assert!((f64::from(made) - expected).abs() < 1e-5, "{i} {j}: {made}, {expected}");
            }
            assert!(diagonal[i] == 0.0 || (0.65..1.25).contains(&made[i]));
        }
    }

    #[test]
    fn both_ways_to_iterate_end_at_one_matrix() {
        let device = Device::flex();
        let values: Vec<f32> = (0..6 * 20_u16).map(|i| (f32::from(i) * 1.7).sin()).collect();
        let x = Tensor::<1>::from_floats(values.as_slice(), &device).reshape([6, 20]) / 8.0;
        for steps in [1, 5] {
            let [a, b] = [by_products(x.clone(), steps), by_squares(x.clone(), steps)];
            let apart = (a - b).abs().max().into_data().try_into_vec::<f32>().expect("f32")[0];
            assert!(apart < 1e-4, "{steps}: {apart}");
        }
    }

    #[test]
    fn rates_grow_with_outputs_per_input() {
        assert_eq!(rate_factor(&[2, 8]), 2.0); // linear: [in, out]
        assert_eq!(rate_factor(&[8, 2]), 1.0);
        assert_eq!(rate_factor(&[36, 1, 3, 3]), 2.0); // convolution: [out, in, k, k]
        assert_eq!(rate_factor(&[4, 64, 3, 3]), 1.0);
    }
}
