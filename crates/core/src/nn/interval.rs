//! How a network is told of a stretch of time instead of an instant.

use super::{class_embedding::ClassEmbedding, linear::Linear, time::sinusoidal_embedding};
use crate::condition::Condition;
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

/// What every block of a network starts from: the embedded time `[B, size]`, the class and the span where the network
/// is told them, added up and activated.
pub(super) fn told(
    mut time: Tensor<2>,
    (class, condition): (Option<&ClassEmbedding>, &Condition),
    span: (Option<&SpanEmbedding>, Option<Tensor<1>>),
) -> Tensor<2> {
    let batch = time.dims()[0];
    if let Some(class) = class {
        time = time + class.forward(condition, batch);
    }
    if let (Some(embedding), Some(span)) = span {
        time = time + embedding.forward(span);
    }
    silu(time)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        condition::Conditions,
        nn::{DitConfig, TimeMlpConfig, UNetConfig},
        params::{named_params, update_params},
        shape::ImageShape,
        space::Space,
    };
    use burn::tensor::Int;

    fn numbers<const D: usize>(x: Tensor<D>) -> Vec<f32> {
        x.into_data().try_into_vec().expect("f32")
    }

    fn apart(a: &[f32], b: &[f32]) -> f32 {
        a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
    }

    #[test]
    fn no_span_adds_nothing_and_any_other_does() {
        let embedding = SpanEmbedding::new(8, 6, &Device::flex());
        let told = numbers(embedding.forward(Tensor::from_floats([0.0, 3.0], &Device::flex())));
        assert!(apart(&told[..6], &[0.0; 6]) < 1e-6, "{told:?}");
        assert!(apart(&told[6..], &[0.0; 6]) > 1e-2, "{told:?}");
    }

    /// `plain` and `told` are fresh networks of one kind, the latter with spans.
    fn each_row_follows_its_span<M: Module>(
        plain: &M,
        told: M,
        forward: impl Fn(&M, Interval) -> Tensor<1>,
    ) {
        let names = |net: &M| {
            let names = named_params(net).into_iter().map(|param| param.name);
            names.filter(|name| !name.starts_with("span.")).collect::<Vec<_>>()
        };
        assert_eq!(names(plain), names(&told));
        assert!(named_params(&told).len() > named_params(plain).len());

        // Layers that start at zero do not.
        let told = update_params(told, &mut |_, _, value| {
            let places = Tensor::<1, Int>::arange(0..value.dims()[0] as i64, &Device::flex());
            value + (places.float() * 0.7).sin() * 0.1
        });
        let time = Tensor::<1>::from_floats([4.0, 7.0], &Device::flex());
        let made = |span: Option<[f32; 2]>| {
            let span = span.map(|span| Tensor::from_floats(span, &Device::flex()));
            numbers(forward(&told, Interval { time: time.clone(), span }))
        };
        let instant = made(None);
        assert!(apart(&made(Some([0.0, 0.0])), &instant) < 1e-4);
        let long = made(Some([0.0, 3.0]));
        let half = instant.len() / 2;
        assert!(apart(&long[..half], &instant[..half]) < 1e-4, "a row follows another's span");
        let changed = apart(&long[half..], &instant[half..]);
        assert!(changed > 1e-4, "a span changes only {changed}");
    }

    #[test]
    fn networks_follow_the_span_of_each_row_and_are_the_same_as_ever_at_an_instant() {
        let device = Device::flex();
        let space = Space::images(ImageShape::new(1, 8, 8));
        let untold = Condition::default();
        let values = Tensor::<1, Int>::arange(0..128, &device).float().sin();
        let images = || values.clone().reshape([2, 1, 8, 8]);
        let flat = |x: Tensor<4>| x.flatten::<1>(0, 3);
        // Groups of several channels: of one alone normalisation would take away all that is told.
        let unet = UNetConfig {
            channels: vec![8, 8],
            norm_groups: 2,
            time_embedding_dim: 8,
            ..UNetConfig::default()
        };
        each_row_follows_its_span(
            &unet.init(Conditions::default(), space, &device),
            unet.init(Conditions::default(), space, &device).with_spans(&device),
            |net, times| flat(net.forward(images(), times, &untold)),
        );
        let dit = DitConfig { width: 8, depth: 1, heads: 2, ..DitConfig::default() };
        each_row_follows_its_span(
            &dit.init(1, None, &device),
            dit.init(1, None, &device).with_spans(&device),
            |net, times| flat(net.forward(images(), times, &untold)),
        );
        let mlp = |device| TimeMlpConfig::default().init(Conditions::default(), space, device);
        each_row_follows_its_span(&mlp(&device), mlp(&device).with_spans(&device), |net, times| {
            net.forward(images().flatten::<2>(1, 3), times, &untold).flatten::<1>(0, 1)
        });
    }
}
