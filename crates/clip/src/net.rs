//! Two towers: one reads pictures, the other captions.

use burn::{
    module::{Module, Param},
    tensor::{Device, Int, Tensor},
};
use genlab_classifier::{Architecture, ClassifierNet};
use genlab_core::{Condition, Space, condition::Captions, nn::CaptionEmbedding};

/// The inverse temperature at most, as in section 2.5 of arXiv:2103.00020.
const MOST_SCALE: f64 = 100.0;
/// Below the root of this a vector's length is taken for it.
const EPSILON: f64 = 1e-12;

/// The towers and the temperature between them.
#[derive(Module, Debug)]
pub(crate) struct Towers {
    image: ClassifierNet,
    text: CaptionEmbedding,
    /// The logarithm of the inverse temperature, `[1]`.
    log_scale: Param<Tensor<1>>,
    #[module(skip)]
    space: Space,
}

impl Towers {
    /// A fresh pair with this temperature; `architecture` has as many classes as an embedding has numbers.
    pub(crate) fn new(
        architecture: &Architecture,
        captions: Captions,
        temperature: f64,
        space: Space,
        device: &Device,
    ) -> Self {
        Self {
            image: ClassifierNet::init(architecture, device),
            text: CaptionEmbedding::new(captions, architecture.classes, 1.0, device),
            log_scale: log_scale(temperature, device),
            space,
        }
    }

    /// Values `[B, C, H, W]` to unit vectors `[B, E]`.
    pub(crate) fn pictures(&self, values: Tensor<4>) -> Tensor<2> {
        unit(self.image.forward(self.space.input(values)).logits)
    }

    /// Captions `[B, T]` to unit vectors `[B, E]`.
    pub(crate) fn captions(&self, captions: Tensor<2, Int>) -> Tensor<2> {
        let [count, _] = captions.dims();
        unit(self.text.forward(&Condition::of_captions(captions), count))
    }

    /// The inverse temperature, `[1]`.
    pub(crate) fn scale(&self) -> Tensor<1> {
        scale(&self.log_scale)
    }
}

/// The logarithm of the inverse of a temperature that is learned, `[1]`.
pub(crate) fn log_scale(temperature: f64, device: &Device) -> Param<Tensor<1>> {
    Param::from_tensor(Tensor::from_floats([-(temperature.ln()) as f32], device))
}

/// The inverse temperature, `[1]`.
pub(crate) fn scale(log_scale: &Param<Tensor<1>>) -> Tensor<1> {
    log_scale.val().clamp_max(MOST_SCALE.ln()).exp()
}

/// Each row divided by its length.
pub(crate) fn unit(x: Tensor<2>) -> Tensor<2> {
    let length = (x.clone().square().sum_dim(1) + EPSILON).sqrt();
    x / length
}
