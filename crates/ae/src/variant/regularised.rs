//! L = L_rec + β/2 |z|² + λ R(θ): small codes and a decoder of little slope in place of a VAE's noise, with a density that
//! is fitted on the codes afterwards (Ghosh et al. 2020, arXiv:1903.12436, Eq. 11 to 13).

use super::Penalty;
use burn::{
    module::{Module, ModuleVisitor, Param},
    tensor::Tensor,
};
use genlab_core::{Check, Fault, nn::Autoencoder, settings::non_negative};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Rounds of power iteration. The start is the same in every step, so there is nothing to keep.
const ROUNDS: usize = 8;

/// Small codes and a smooth decoder.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Regularised {
    /// β.
    pub code_weight: f64,
    /// R.
    pub decoder: DecoderPenalty,
    /// λ.
    pub decoder_weight: f64,
}

/// R(θ), a sum over the weights W of the decoder's layers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum DecoderPenalty {
    /// Σ |W|_F².
    L2,
    /// Σ σ(W)² with the largest singular value σ (Yoshida & Miyato 2017, arXiv:1705.10941, Eq. 4). Ghosh et al. divide
    /// each W by σ(W) instead.
    Spectral,
}

impl Default for Regularised {
    fn default() -> Self {
        Self { code_weight: 0.01, decoder: DecoderPenalty::L2, decoder_weight: 1e-3 }
    }
}

impl Check for Regularised {
    fn check(&self) -> Result<(), Fault> {
        non_negative("code_weight", self.code_weight)?;
        non_negative("decoder_weight", self.decoder_weight)
    }
}

impl Regularised {
    /// Both terms, of a batch that was encoded as `codes` `[B, L]`.
    pub(super) fn penalties(&self, net: &Autoencoder, codes: &Tensor<2>) -> [Penalty; 2] {
        let mut sum = Sum { of: self.decoder, total: None };
        net.decoder().visit(&mut sum);
        let decoder = sum.total.expect("a decoder has a weight");
        [
            Penalty { name: "code_norm", value: half_square(codes), weight: self.code_weight },
            Penalty { name: "decoder_norm", value: decoder, weight: self.decoder_weight },
        ]
    }
}

/// |z|² / 2, a mean over the batch, `[1]`.
fn half_square(codes: &Tensor<2>) -> Tensor<1> {
    codes.clone().square().sum_dim(1).mean() * 0.5
}

/// Adds up a penalty of all weights; biases have no slope.
struct Sum {
    of: DecoderPenalty,
    total: Option<Tensor<1>>,
}

impl ModuleVisitor for Sum {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if D < 2 {
            return;
        }
        let weight = param.val();
        let own = match self.of {
            DecoderPenalty::L2 => weight.square().sum(),
            DecoderPenalty::Spectral => {
                largest_singular_value(weight.flatten::<2>(1, D - 1)).square()
            }
        };
        self.total = Some(match self.total.take() {
            Some(total) => total + own,
            None => own,
        });
    }
}

/// σ(W) = uᵀ W v `[1]` of a matrix `[m, n]`, with u and v from power iteration, which count as constants.
fn largest_singular_value(weight: Tensor<2>) -> Tensor<1> {
    let w = weight.clone().inner();
    let [_, n] = w.dims();
    // No matrix that learning comes by is orthogonal to it.
    let start: Vec<f32> = (0..n).map(|i| (1.0 + i as f32).cos()).collect();
    let start = Tensor::<1>::from_floats(start.as_slice(), &w.device());
    let mut v: Tensor<2> = unit(start.reshape([n, 1]));
    let mut u = unit(w.clone().matmul(v.clone()));
    for _ in 0..ROUNDS {
        v = unit(w.clone().transpose().matmul(u));
        u = unit(w.clone().matmul(v.clone()));
    }
    let [u, v] = [u, v].map(Tensor::from_inner);
    (weight.matmul(v) * u).sum()
}

/// A column of length 1.
fn unit(column: Tensor<2>) -> Tensor<2> {
    let length = column.clone().square().sum().sqrt().clamp_min(1e-12).reshape([1, 1]);
    column / length
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;
    use genlab_core::{
        ImageShape, Seed, Space,
        nn::{BackboneConfig, init_module},
    };

    fn number(x: Tensor<1>) -> f64 {
        f64::from(x.into_data().try_into_vec::<f32>().unwrap()[0])
    }

    #[test]
    fn the_largest_singular_value_of_a_known_matrix_is_found_and_its_gradient_is_u_v() {
        let device = Device::flex().autodiff();
        // U diag(5, 2) V with rotations U and V by the angles of (3, 4) and (5, 12).
        let w = [
            [
                0.6 * 5.0 * (5.0 / 13.0) - 0.8 * 2.0 * (12.0 / 13.0),
                -0.6 * 5.0 * (12.0 / 13.0) - 0.8 * 2.0 * (5.0 / 13.0),
            ],
            [
                0.8 * 5.0 * (5.0 / 13.0) + 0.6 * 2.0 * (12.0 / 13.0),
                -0.8 * 5.0 * (12.0 / 13.0) + 0.6 * 2.0 * (5.0 / 13.0),
            ],
        ];
        let w = Tensor::<2>::from_floats(w, &device).require_grad();
        let sigma = largest_singular_value(w.clone());
        let slopes = sigma.backward();
        assert!((number(sigma.inner()) - 5.0).abs() < 1e-4);
        let slope = w.grad(&slopes).unwrap().into_data().try_into_vec::<f32>().unwrap();
        let expected = [0.6 * 5.0 / 13.0, -0.6 * 12.0 / 13.0, 0.8 * 5.0 / 13.0, -0.8 * 12.0 / 13.0];
        assert!(
            slope.iter().zip(expected).all(|(a, b)| (f64::from(*a) - b).abs() < 1e-3),
            "{slope:?}"
        );
    }

    #[test]
    fn the_terms_are_the_squares_of_codes_and_of_the_decoders_weights() {
        let space = Space::images(ImageShape::new(1, 4, 3));
        let net = init_module(Seed(2), "test/net", &Device::flex(), |device| {
            Autoencoder::new(&BackboneConfig::mlp([]), 2, space, device)
        });
        let net = net.valid();
        let codes = Tensor::<2>::from_floats([[3.0, 4.0], [0.0, 1.0]], &Device::flex());
        let [code, decoder] = Regularised::default().penalties(&net, &codes);
        assert!((number(code.value) - 6.5).abs() < 1e-6);
        // An affine decoder's weight times unit codes, less its bias, is its rows.
        let rows = net.decode(Tensor::<2>::from_floats([[1.0, 0.0], [0.0, 1.0]], &Device::flex()));
        let bias = net.decode(Tensor::zeros([2, 2], &Device::flex()));
        let expected = number((rows - bias).square().sum());
        assert!((number(decoder.value) / expected - 1.0).abs() < 1e-4);
    }
}
