//! The judge's network: 3×3 convolutions, one hidden layer, one linear classifier.

use super::Architecture;
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
    pub(super) fn init(architecture: &Architecture, device: &Device) -> Self {
        Self {
            convolutions: configs(architecture).iter().map(|config| config.init(device)).collect(),
            hidden: Linear::new(architecture.flat_width(), architecture.features, device),
            classes: Linear::new(architecture.features, architecture.classes, device),
        }
    }

    /// With zeros, to be filled from a file: nothing is drawn.
    pub(super) fn zeros(architecture: &Architecture, device: &Device) -> Self {
        Self {
            convolutions: configs(architecture)
                .iter()
                .map(|config| config.init_zeros(device))
                .collect(),
            hidden: Linear::zeros(architecture.flat_width(), architecture.features, device),
            classes: Linear::zeros(architecture.features, architecture.classes, device),
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

fn configs(architecture: &Architecture) -> Vec<Conv2dConfig> {
    let mut inputs = architecture.shape.channels;
    let mut configs = Vec::new();
    for &(outputs, stride) in architecture.convolutions.iter() {
        configs.push(Conv2dConfig::same3([inputs, outputs]).with_stride([stride, stride]));
        inputs = outputs;
    }
    configs
}
