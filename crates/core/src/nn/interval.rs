//! How a network is told of a stretch of time instead of an instant.

use super::{linear::Linear, time::sinusoidal_embedding};
use burn::{
    module::Module,
    tensor::{Device, Tensor},
};
use genlab_kernels::silu;

/// The time of each row, `[B]`, and how long before it began what is asked about.
#[derive(Clone, Debug)]
pub struct Interval {
    /// Where it ends: the time of the values that are read.
    pub time: Tensor<1>,
    /// How long it is; None: no time at all, in every row.
    pub span: Option<Tensor<1>>,
}

/// An instant.
impl From<Tensor<1>> for Interval {
    fn from(time: Tensor<1>) -> Self {
        Self { time, span: None }
    }
}

/// Two affine layers on the sinusoidal embedding of a span, less what they make of no span at all: an instant is
/// told as to a network that knows no spans. (Geng et al. 2025, arXiv:2505.13447, table 1c, embed t and t − r.)
#[derive(Module, Debug)]
pub struct SpanEmbedding {
    span_in: Linear,
    span_out: Linear,
    embedding_dim: usize,
}

impl SpanEmbedding {
    /// From an embedding of `embedding_dim` numbers to `size`.
    pub fn new(embedding_dim: usize, size: usize, device: &Device) -> Self {
        Self {
            span_in: Linear::new(embedding_dim, size, device),
            span_out: Linear::new(size, size, device),
            embedding_dim,
        }
    }

    /// Spans `[B]` to what is added to the embedding of the time, `[B, size]`.
    pub fn forward(&self, span: Tensor<1>) -> Tensor<2> {
        let instant = Tensor::zeros([1], &span.device().inner());
        self.embedded(span) - self.embedded(instant)
    }

    fn embedded(&self, span: Tensor<1>) -> Tensor<2> {
        let embedded = sinusoidal_embedding(span, self.embedding_dim);
        self.span_out.forward(silu(self.span_in.forward(embedded)))
    }
}
