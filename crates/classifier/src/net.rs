//! The classifier's network: a transformer or 3×3 convolutions, affine layers, one hidden layer, one linear classifier.

use crate::architecture::Architecture;
use burn::{
    module::Module,
    tensor::{Device, Tensor, activation::relu},
};
use genlab_core::{
    Classified,
    nn::{Conv2d, Conv2dConfig, Linear, Mlp, Vit},
};

/// The network. Its parameters are called `transformer.*`, `convolutions.N.*`, `layers.layers.N.*`, `hidden.*` and
/// `classes.*`.
#[derive(Module, Debug)]
pub struct ClassifierNet {
    transformer: Option<Vit>,
    convolutions: Vec<Conv2d>,
    layers: Mlp,
    hidden: Linear,
    classes: Linear,
}

impl ClassifierNet {
    /// With random weights, for training.
    pub fn init(architecture: &Architecture, device: &Device) -> Self {
        let inputs = architecture.flat_width();
        let width = architecture.layers.last().copied().unwrap_or(inputs);
        let channels = architecture.shape.channels;
        Self {
            transformer: architecture.transformer.map(|config| config.init(channels, device)),
            convolutions: configs(architecture).iter().map(|config| config.init(device)).collect(),
            layers: Mlp::new(inputs, &architecture.layers, device),
            hidden: Linear::new(width, architecture.features, device),
            classes: Linear::new(architecture.features, architecture.classes, device),
        }
    }

    /// A judge's, of convolutions alone, with zeros to be filled from a file: nothing is drawn.
    pub fn zeros(architecture: &Architecture, device: &Device) -> Self {
        let convolutions = configs(architecture);
        Self {
            transformer: None,
            convolutions: convolutions.iter().map(|config| config.init_zeros(device)).collect(),
            layers: Mlp::new(0, &[], device),
            hidden: Linear::zeros(architecture.flat_width(), architecture.features, device),
            classes: Linear::zeros(architecture.features, architecture.classes, device),
        }
    }

    /// The module that reads the values.
    pub(crate) fn first(&self) -> &'static str {
        if self.transformer.is_some() {
            "transformer.stem"
        } else if !self.convolutions.is_empty() {
            "convolutions.0"
        } else if self.layers.is_empty() {
            "hidden"
        } else {
            "layers.layers.0"
        }
    }

    /// Values `[B, C, H, W]` as [`genlab_core::Space::input`] gives them. Features are the hidden layer before its
    /// ReLU.
    pub fn forward(&self, values: Tensor<4>) -> Classified {
        let x = match &self.transformer {
            Some(transformer) => transformer.forward(values),
            None => self.convolved(values).flatten(1, 3),
        };
        let features = self.hidden.forward(self.layers.forward(x));
        let logits = self.classes.forward(relu(features.clone()));
        Classified { features, logits }
    }

    /// How much each pixel's patch contributes to what the transformer makes of the same values, `[B, H, W]`; None without one.
    pub(crate) fn attended(&self, values: Tensor<4>) -> Option<Tensor<3>> {
        self.transformer.as_ref().map(|transformer| transformer.rollout(values))
    }

    /// What the convolutions make of values: the values, where there are none.
    fn convolved(&self, values: Tensor<4>) -> Tensor<4> {
        let layers = self.convolutions.iter();
        layers.fold(values, |x, convolution| relu(convolution.forward(x)))
    }
}

fn configs(architecture: &Architecture) -> Vec<Conv2dConfig> {
    let mut inputs = architecture.shape.channels;
    let mut configs = Vec::new();
    for &(outputs, stride) in architecture.convolutions.iter() {
        configs.push(Conv2dConfig::same3([inputs, outputs]).with_stride([stride, stride]));
        inputs = outputs;
    }
    configs
}
