//! L = L_rec + λ |J_f(x)|_F² with the Jacobian J_f(x) of the encoder f at x: codes change little where values do (Rifai
//! et al. 2011, ICML, Eq. 5 to 7).

use super::Penalty;
use crate::{coder::Coder, config::CodeActivation};
use burn::tensor::Tensor;
use genlab_core::{
    Batch, Check, Fault, Noise,
    nn::Linear,
    settings::{non_negative, positive},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Codes change little where values do.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Contractive {
    /// λ.
    pub weight: f64,
    /// How far a value is moved along a random direction of ±1 in each number, where the encoder is no single layer. It is
    /// in the units of the values.
    pub step: f64,
}

impl Default for Contractive {
    fn default() -> Self {
        // A hundredth of the range of pixels: small beside what bends an encoder, large beside f32's rounding.
        Self { weight: 0.1, step: 0.01 }
    }
}

impl Check for Contractive {
    fn check(&self) -> Result<(), Fault> {
        non_negative("weight", self.weight)?;
        positive("step", self.step)
    }
}

impl Contractive {
    /// The mean of |J_f(x)|² over a batch that was encoded as `codes`: in closed form for one layer, else an estimate by
    /// one direction per value.
    pub(super) fn penalty(
        self,
        coder: Coder<'_>,
        codes: &Tensor<2>,
        batch: &Batch,
        noise: Noise,
    ) -> Penalty {
        let per_value = if let Some(layer) = coder.net.affine_encoder() {
            // The encoder of real values reads them in standard units.
            of_one_layer(layer, coder.activation, codes) * coder.input_scale().powi(2)
        } else {
            let (shape, device) = (batch.values.dims(), batch.values.device());
            let direction = noise.signs("ae/direction", 0, batch.rows(), shape, &device);
            along(coder, batch.values.clone(), codes.clone(), direction, self.step)
        };
        Penalty { name: "jacobian", value: per_value.mean(), weight: self.weight }
    }
}

/// Eq. 6 of Rifai et al. 2011: Σ_j s'_j² Σ_i W_ij² for h = s(x W + b), with s' = h (1 − h) of a sigmoid and 1 of the
/// identity; `[B]`.
fn of_one_layer(layer: &Linear, activation: CodeActivation, codes: &Tensor<2>) -> Tensor<1> {
    let squares = layer.weight.val().square().sum_dim(0);
    let slopes = match activation {
        CodeActivation::Linear => codes.ones_like(),
        CodeActivation::Sigmoid => (codes.clone() * (-codes.clone() + 1.0)).square(),
    };
    (slopes * squares).sum_dim(1).squeeze_dim(1)
}

/// |f(x + ε v) − f(x)|² / ε² for each value: |J v|² up to O(ε). Its mean over directions v with E v vᵀ = I is |J|_F² up
/// to O(ε²), because what is odd in v cancels; `[B]`.
fn along(
    coder: Coder<'_>,
    values: Tensor<4>,
    codes: Tensor<2>,
    direction: Tensor<4>,
    step: f64,
) -> Tensor<1> {
    let moved = coder.encode(values + direction * step);
    ((moved - codes) / step).square().sum_dim(1).squeeze_dim(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::AeConfig;
    use burn::tensor::{Device, TensorData};
    use genlab_core::{
        ImageShape, Phase, Seed, Space,
        nn::{Autoencoder, BackboneConfig, init_module},
        testing::batch,
    };

    fn numbers(x: Tensor<1>) -> Vec<f64> {
        x.into_data().try_into_vec::<f32>().unwrap().into_iter().map(f64::from).collect()
    }

    fn one_layer(space: Space) -> Autoencoder {
        let device = Device::flex();
        let backbone = BackboneConfig::mlp([]);
        let net = init_module(Seed(2), "test/net", &device, |device| {
            Autoencoder::new(&backbone, 5, space, device)
        });
        burn::module::Module::valid(&net)
    }

    /// The sum over the unit directions is |J|_F² itself; a random direction is right on average.
    #[test]
    fn the_closed_form_is_the_finite_difference() {
        for (space, activation) in [
            (Space::images(ImageShape::new(1, 4, 3)), CodeActivation::Sigmoid),
            (Space::images(ImageShape::new(1, 4, 3)), CodeActivation::Linear),
            (Space::points(12, 0.5, 2.0), CodeActivation::Sigmoid),
        ] {
            let net = one_layer(space);
            let coder = Coder { net: &net, activation };
            let given = batch(space, 6, 0);
            let codes = coder.encode(given.values.clone());
            let noise = Seed(1).during(Phase::Train);
            let contractive = Contractive::default();
            let exact = numbers(contractive.penalty(coder, &codes, &given, noise).value)[0];

            let mut summed = 0.0;
            for at in 0..12 {
                let unit: Vec<f32> =
                    (0..12 * 6).map(|i| f32::from(u8::from(i % 12 == at))).collect();
                let shape = given.values.dims();
                let direction = Tensor::from_data(TensorData::new(unit, shape), &Device::flex());
                let found = along(coder, given.values.clone(), codes.clone(), direction, 0.01);
                summed += numbers(found.mean())[0];
            }
            assert!((summed / exact - 1.0).abs() < 1e-3, "{activation:?}: {summed} {exact}");

            let rounds = 2000;
            let estimates: Vec<f64> = (0..rounds)
                .map(|round| {
                    let shape = given.values.dims();
                    let rows = round * 6..round * 6 + 6;
                    let signs = noise.signs("test/direction", 0, rows, shape, &Device::flex());
                    let found = along(coder, given.values.clone(), codes.clone(), signs, 0.01);
                    numbers(found.mean())[0]
                })
                .collect();
            let mean = estimates.iter().sum::<f64>() / rounds as f64;
            let variance =
                estimates.iter().map(|e| (e - mean).powi(2)).sum::<f64>() / rounds as f64;
            let error = (variance / rounds as f64).sqrt();
            assert!((mean - exact).abs() < 4.0 * error + 1e-3 * exact, "{mean} {exact} ± {error}");
        }
    }

    #[test]
    fn a_deep_encoder_takes_the_finite_difference() {
        let space = Space::images(ImageShape::new(1, 4, 3));
        let net = init_module(Seed(2), "test/net", &Device::flex(), |device| {
            Autoencoder::new(&AeConfig::default().backbone, 5, space, device)
        });
        let net = burn::module::Module::valid(&net);
        let coder = Coder { net: &net, activation: CodeActivation::Linear };
        let given = batch(space, 6, 0);
        let codes = coder.encode(given.values.clone());
        let noise = Seed(1).during(Phase::Train);
        let found = Contractive::default().penalty(coder, &codes, &given, noise);
        let signs = noise.signs("ae/direction", 0, 0..6, given.values.dims(), &Device::flex());
        let moved = coder.encode(given.values.clone() + signs * 0.01);
        let expected = numbers(((moved - codes).square().sum() / (6.0 * 1e-4)).reshape([1]))[0];
        assert!((numbers(found.value)[0] / expected - 1.0).abs() < 1e-4);
    }
}
