//! Attention of places to one another.

use super::linear::Linear;
use burn::{
    module::Module,
    tensor::{Device, Tensor},
};
use genlab_kernels::attention;

/// Multi-head self-attention (Vaswani et al. 2017, arXiv:1706.03762, section 3.2.2).
///
/// Queries, keys and values have a layer each: slices of one would each send back a gradient of the whole.
#[derive(Module, Debug)]
pub(super) struct SelfAttention {
    q: Linear,
    k: Linear,
    v: Linear,
    out: Linear,
    heads: usize,
}

impl SelfAttention {
    /// `heads` divides `width`.
    pub(super) fn new(width: usize, heads: usize, device: &Device) -> Self {
        let layer = || Linear::new(width, width, device);
        Self { q: layer(), k: layer(), v: layer(), out: layer(), heads }
    }

    /// One head whose last layer starts at zero, so that all of it starts as nothing.
    pub(super) fn zeros(width: usize, device: &Device) -> Self {
        Self { out: Linear::zeros(width, width, device), ..Self::new(width, 1, device) }
    }

    /// `[B, T, width]` to the same.
    pub(super) fn forward(&self, x: Tensor<3>) -> Tensor<3> {
        let [batch, tokens, width] = x.dims();
        let x = x.reshape([batch * tokens, width]);
        let by_head = |layer: &Linear| {
            let shape = [batch, tokens, self.heads, width / self.heads];
            layer.forward(x.clone()).reshape(shape).swap_dims(1, 2)
        };
        let y = attention(by_head(&self.q), by_head(&self.k), by_head(&self.v));
        let y = self.out.forward(y.swap_dims(1, 2).reshape([batch * tokens, width]));
        y.reshape([batch, tokens, width])
    }
}
