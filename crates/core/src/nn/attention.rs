//! Attention of places to one another, and to words.

use super::linear::Linear;
use burn::{
    module::Module,
    tensor::{Device, Tensor},
};
use genlab_kernels::attention;

/// Multi-head attention (Vaswani et al. 2017, arXiv:1706.03762, section 3.2.2).
///
/// Queries, keys and values have a layer each: slices of one would each send back a gradient of the whole.
#[derive(Module, Debug)]
pub struct Attention {
    q: Linear,
    k: Linear,
    v: Linear,
    out: Linear,
    heads: usize,
}

impl Attention {
    /// Of tokens of `width` numbers to those of `seen`; `heads` divides `width`.
    pub fn new(width: usize, seen: usize, heads: usize, device: &Device) -> Self {
        let layer = |inputs| Linear::new(inputs, width, device);
        Self { q: layer(width), k: layer(seen), v: layer(seen), out: layer(width), heads }
    }

    /// The same with a last layer that starts at zero, so that all of it starts as nothing.
    pub(super) fn zeros(width: usize, seen: usize, heads: usize, device: &Device) -> Self {
        Self { out: Linear::zeros(width, width, device), ..Self::new(width, seen, heads, device) }
    }

    /// Self-attention: `[B, T, width]` to the same.
    pub fn forward(&self, x: Tensor<3>) -> Tensor<3> {
        self.toward(x.clone(), x)
    }

    /// Cross-attention: tokens `[B, T, width]` look at others `[B, S, seen]`, to `[B, T, width]`.
    pub fn toward(&self, x: Tensor<3>, seen: Tensor<3>) -> Tensor<3> {
        let [batch, tokens, width] = x.dims();
        let by_head = |layer: &Linear, of: Tensor<3>| {
            let [batch, tokens, inputs] = of.dims();
            let shape = [batch, tokens, self.heads, width / self.heads];
            let y = layer.forward(of.reshape([batch * tokens, inputs]));
            y.reshape(shape).swap_dims(1, 2)
        };
        let keys = by_head(&self.k, seen.clone());
        let y = attention(by_head(&self.q, x), keys, by_head(&self.v, seen));
        let y = self.out.forward(y.swap_dims(1, 2).reshape([batch * tokens, width]));
        y.reshape([batch, tokens, width])
    }
}
