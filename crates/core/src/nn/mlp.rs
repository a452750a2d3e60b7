//! A stack of affine layers.

use super::linear::Linear;
use burn::{
    module::Module,
    tensor::{
        Device, Tensor,
        activation::{leaky_relu, relu},
    },
};

/// Affine layers, each followed by a ReLU, or by one that leaks.
#[derive(Module, Debug)]
pub struct Mlp {
    layers: Vec<Linear>,
    negative_slope: f64,
}

impl Mlp {
    /// Layers of the given widths after `inputs`.
    pub fn new(inputs: usize, widths: &[usize], device: &Device) -> Self {
        let sizes: Vec<usize> = std::iter::once(inputs).chain(widths.iter().copied()).collect();
        let layers = sizes.windows(2).map(|w| Linear::new(w[0], w[1], device)).collect();
        Self { layers, negative_slope: 0.0 }
    }

    /// The same with this slope below zero.
    #[must_use]
    pub fn leaking(self, negative_slope: f64) -> Self {
        Self { negative_slope, ..self }
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
            if self.negative_slope > 0.0 { leaky_relu(x, self.negative_slope) } else { relu(x) }
        })
    }
}
