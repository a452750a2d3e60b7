//! The judge's network: 3×3 convolutions, one hidden layer, one linear classifier.

use super::JudgeSpec;
use burn::{
    module::Module,
    tensor::{Device, Tensor, activation::relu},
};
use genlab_core::nn::{Conv2d, Conv2dConfig, Linear};

/// What one forward pass gives.
pub(super) struct JudgeOutput {
    /// `[B, features]`: the hidden layer before its ReLU.
    pub(super) features: Tensor<2>,
    /// `[B, classes]`.
    pub(super) logits: Tensor<2>,
}

#[derive(Module, Debug)]
pub(super) struct JudgeNet {
    convolutions: Vec<Conv2d>,
    pub(super) hidden: Linear,
    pub(super) classes: Linear,
}

impl JudgeNet {
    /// With random weights, for training.
    pub(super) fn init(spec: &JudgeSpec, device: &Device) -> Self {
        Self {
            convolutions: configs(spec).iter().map(|config| config.init(device)).collect(),
            hidden: Linear::new(flat_width(spec), spec.features, device),
            classes: Linear::new(spec.features, spec.classes, device),
        }
    }

    /// With zeros, to be filled from a file: nothing is drawn.
    pub(super) fn zeros(spec: &JudgeSpec, device: &Device) -> Self {
        Self {
            convolutions: configs(spec).iter().map(|config| config.init_zeros(device)).collect(),
            hidden: Linear::zeros(flat_width(spec), spec.features, device),
            classes: Linear::zeros(spec.features, spec.classes, device),
        }
    }

    /// Images `[B, C, H, W]` in [0, 1].
    pub(super) fn forward(&self, images: Tensor<4>) -> JudgeOutput {
        let mut x = images;
        for convolution in &self.convolutions {
            x = relu(convolution.forward(x));
        }
        let features = self.hidden.forward(x.flatten(1, 3));
        let logits = self.classes.forward(relu(features.clone()));
        JudgeOutput { features, logits }
    }
}

fn configs(spec: &JudgeSpec) -> Vec<Conv2dConfig> {
    let mut inputs = spec.shape.channels;
    let mut configs = Vec::new();
    for &(outputs, stride) in spec.convolutions {
        configs.push(Conv2dConfig::same3([inputs, outputs]).with_stride([stride, stride]));
        inputs = outputs;
    }
    configs
}

/// Values that reach the hidden layer: a padded 3×3 convolution rounds up.
fn flat_width(spec: &JudgeSpec) -> usize {
    let (mut height, mut width) = (spec.shape.height, spec.shape.width);
    let mut channels = spec.shape.channels;
    for &(outputs, stride) in spec.convolutions {
        (height, width) = (height.div_ceil(stride), width.div_ceil(stride));
        channels = outputs;
    }
    channels * height * width
}
