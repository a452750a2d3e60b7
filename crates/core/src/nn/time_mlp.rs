//! Affine layers that know the time: the network of diffusion on points and short series.

use super::{
    class_embedding::ClassEmbedding,
    interval::{Interval, SpanEmbedding, told},
    linear::Linear,
    past_embedding::PastEmbedding,
    predicted::Predicted,
    time::sinusoidal_embedding,
};
use crate::{
    condition::{Condition, Conditions},
    settings::{Check, Fault, even, size},
    space::Space,
};
use burn::{
    module::Module,
    tensor::{Device, Tensor},
};
use genlab_kernels::silu;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Size of a [`TimeMlp`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct TimeMlpConfig {
    /// Width of the hidden layers.
    pub width: usize,
    /// Residual blocks of two layers each.
    pub blocks: usize,
    /// Size of the time embedding, even and at least 4.
    pub time_embedding_dim: usize,
}

impl Default for TimeMlpConfig {
    fn default() -> Self {
        Self { width: 128, blocks: 2, time_embedding_dim: 64 }
    }
}

impl Check for TimeMlpConfig {
    fn check(&self) -> Result<(), Fault> {
        size("width", self.width)?;
        size("blocks", self.blocks)?;
        even("time_embedding_dim", self.time_embedding_dim, 4)
    }
}

impl TimeMlpConfig {
    /// A network from values of `space` around zero to as many numbers, told what `conditions` say.
    pub fn init(&self, conditions: Conditions, space: Space, device: &Device) -> TimeMlp {
        let Self { width, blocks, time_embedding_dim } = *self;
        let size = space.shape.pixels();
        TimeMlp {
            stem: Linear::new(size, width, device),
            time_in: Linear::new(time_embedding_dim, width, device),
            blocks: (0..blocks).map(|_| Block::new(width, device)).collect(),
            head: Linear::zeros(width, size, device),
            variance: None,
            class: conditions
                .classes
                .map(|classes| ClassEmbedding::new(classes, width, 1.0, device)),
            past: conditions.past.map(|length| PastEmbedding::new(length, width, space, device)),
            span: None,
            time_embedding_dim,
        }
    }
}

/// Values and times to values.
#[derive(Module, Debug)]
pub struct TimeMlp {
    stem: Linear,
    time_in: Linear,
    blocks: Vec<Block>,
    head: Linear,
    variance: Option<Linear>,
    class: Option<ClassEmbedding>,
    past: Option<PastEmbedding>,
    span: Option<SpanEmbedding>,
    time_embedding_dim: usize,
}

impl TimeMlp {
    /// The same, told of spans of time as well.
    pub fn with_spans(self, device: &Device) -> Self {
        let width = self.time_in.bias.lazy_shape()[0];
        Self { span: Some(SpanEmbedding::new(self.time_embedding_dim, width, device)), ..self }
    }

    /// The same, which also says how sure it is: by a second last layer, which starts at zero.
    pub fn with_variance(self, device: &Device) -> Self {
        let [width, size] = self.head.weight.lazy_shape().dims();
        Self { variance: Some(Linear::zeros(width, size, device)), ..self }
    }

    /// `values` `[B, N]`, `times` `[B]` (the step number, any real) and what is told of each, to `[B, N]`.
    pub fn forward(
        &self,
        values: Tensor<2>,
        times: impl Into<Interval>,
        condition: &Condition,
    ) -> Tensor<2> {
        self.predict(values, times, condition).target
    }

    /// The same with its variance, where it was built with one.
    pub fn predict(
        &self,
        values: Tensor<2>,
        times: impl Into<Interval>,
        condition: &Condition,
    ) -> Predicted<2> {
        let batch = values.dims()[0];
        let Interval { time, span } = times.into();
        let time = self.time_in.forward(sinusoidal_embedding(time, self.time_embedding_dim));
        let told = told(time, (self.class.as_ref(), condition), (self.span.as_ref(), span));
        let mut x = self.stem.forward(values);
        if let Some(past) = &self.past {
            x = x + past.forward(condition, batch);
        }
        let x = self.blocks.iter().fold(x, |x, block| block.forward(x, told.clone()));
        let x = silu(x);
        let variance = self.variance.as_ref().map(|head| head.forward(x.clone()));
        Predicted { target: self.head.forward(x), variance }
    }
}

/// Two layers with a skip around, told the time in between.
#[derive(Module, Debug)]
struct Block {
    first: Linear,
    told: Linear,
    second: Linear,
}

impl Block {
    fn new(width: usize, device: &Device) -> Self {
        Self {
            first: Linear::new(width, width, device),
            told: Linear::new(width, width, device),
            second: Linear::new(width, width, device),
        }
    }

    /// Both `[B, width]`.
    fn forward(&self, x: Tensor<2>, told: Tensor<2>) -> Tensor<2> {
        let h = self.first.forward(silu(x.clone())) + self.told.forward(told);
        x + self.second.forward(silu(h))
    }
}
