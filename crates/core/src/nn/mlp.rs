//! A stack of affine layers.

use super::linear::Linear;
use burn::{
    module::Module,
    tensor::{
        Device, Tensor,
        activation::{leaky_relu, relu, tanh},
    },
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What follows each affine layer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum MlpActivation {
    /// max(0, x), or one that leaks.
    #[default]
    Relu,
    /// tanh x.
    Tanh,
}

/// Affine layers, each followed by a ReLU, by one that leaks, or by tanh.
#[derive(Module, Debug)]
pub struct Mlp {
    layers: Vec<Linear>,
    negative_slope: f64,
    #[module(skip)]
    activation: MlpActivation,
}

impl Mlp {
    /// Layers of the given widths after `inputs`.
    pub fn new(inputs: usize, widths: &[usize], device: &Device) -> Self {
        let sizes: Vec<usize> = std::iter::once(inputs).chain(widths.iter().copied()).collect();
        let layers = sizes.windows(2).map(|w| Linear::new(w[0], w[1], device)).collect();
        Self { layers, negative_slope: 0.0, activation: MlpActivation::Relu }
    }

    /// The same with this slope below zero.
    #[must_use]
    pub fn leaking(self, negative_slope: f64) -> Self {
        Self { negative_slope, ..self }
    }

    /// The same layers, each followed by `activation`.
    #[must_use]
    pub fn with(self, activation: MlpActivation) -> Self {
        Self { activation, ..self }
    }

    /// Whether there is no layer, so that what goes in comes out.
    pub fn is_empty(&self) -> bool {
        self.layers.is_empty()
    }

    /// The layer that reads the input, where there is one.
    pub fn first(&self) -> Option<&Linear> {
        self.layers.first()
    }

    /// `[B, inputs]` to `[B, last width]`.
    pub fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        self.layers.iter().fold(x, |x, layer| {
            let x = layer.forward(x);
            match self.activation {
                MlpActivation::Tanh => tanh(x),
                MlpActivation::Relu if self.negative_slope > 0.0 => {
                    leaky_relu(x, self.negative_slope)
                }
                MlpActivation::Relu => relu(x),
            }
        })
    }
}
