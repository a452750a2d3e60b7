//! The plan with weights in it.

use super::plan::{Step, Unit};
use crate::features::weights::{Weights, WeightsError, filled};
use burn::tensor::{
    Device, Tensor,
    activation::relu,
    module::{avg_pool2d, max_pool2d},
    ops::{AvgPoolOptions, MaxPoolOptions},
};
use genlab_core::nn::{Conv2d, Conv2dConfig};

/// Epsilon of torchvision's `BasicConv2d`.
const EPSILON: f64 = 1e-3;
const WINDOW: [usize; 2] = [3, 3];

/// Layers one after the other.
pub(super) struct Layers {
    layers: Vec<Layer>,
    outputs: usize,
}

enum Layer {
    /// A convolution and ReLU.
    Unit(Conv2d),
    MaxPool(MaxPoolOptions<2>),
    MeanPool(AvgPoolOptions<2>),
    Branches(Vec<Layers>),
}

/// Where weights come from and where they go.
#[derive(Clone, Copy)]
struct Source<'a> {
    weights: &'a dyn Weights,
    device: &'a Device,
}

impl Layers {
    /// The layers of `steps` on an input of so many channels.
    pub(super) fn new(
        steps: &[Step],
        channels: usize,
        weights: &dyn Weights,
        device: &Device,
    ) -> Result<Self, WeightsError> {
        Self::under("", steps, channels, Source { weights, device })
    }

    fn under(
        prefix: &str,
        steps: &[Step],
        channels: usize,
        source: Source<'_>,
    ) -> Result<Self, WeightsError> {
        let mut outputs = channels;
        let mut layers = Vec::with_capacity(steps.len());
        for step in steps {
            layers.push(match step {
                Step::Unit(unit) => {
                    let name = format!("{prefix}{}", unit.name);
                    let inputs = std::mem::replace(&mut outputs, unit.outputs);
                    Layer::Unit(folded(&name, unit, inputs, source)?)
                }
                &Step::MaxPool { stride, padding } => Layer::MaxPool(
                    MaxPoolOptions::new(WINDOW).with_stride([stride; 2]).with_padding([padding; 2]),
                ),
                Step::MeanPool => Layer::MeanPool(
                    AvgPoolOptions::new(WINDOW)
                        .with_stride([1, 1])
                        .with_padding([1, 1])
                        .with_count_include_pad(false),
                ),
                Step::Branches(name, branches) => {
                    let dot = if name.is_empty() { "" } else { "." };
                    let prefix = format!("{prefix}{name}{dot}");
                    let branch = |steps: &Vec<Step>| Self::under(&prefix, steps, outputs, source);
                    let branches = branches.iter().map(branch).collect::<Result<Vec<_>, _>>()?;
                    outputs = branches.iter().map(Self::outputs).sum();
                    Layer::Branches(branches)
                }
            });
        }
        Ok(Self { layers, outputs })
    }

    /// Channels that come out.
    pub(super) fn outputs(&self) -> usize {
        self.outputs
    }

    /// `[B, C, H, W]` to `[B, outputs, H', W']`.
    pub(super) fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        self.layers.iter().fold(x, |x, layer| match layer {
            Layer::Unit(convolution) => relu(convolution.forward(x)),
            Layer::MaxPool(options) => max_pool2d(x, options.clone()),
            Layer::MeanPool(options) => avg_pool2d(x, options.clone()),
            Layer::Branches(branches) => {
                let maps = branches.iter().map(|branch| branch.forward(x.clone())).collect();
                Tensor::cat(maps, 1)
            }
        })
    }
}

/// A convolution that does what `conv` and `bn` do one after the other in inference:
/// `γ (w∗x − μ) / √(σ² + ε) + β`, in f64.
fn folded(
    name: &str,
    unit: &Unit,
    inputs: usize,
    source: Source<'_>,
) -> Result<Conv2d, WeightsError> {
    let &Unit { outputs, kernel, stride, padding, .. } = unit;
    let shape = [outputs, inputs, kernel[0], kernel[1]];
    let mut weight = source.weights.tensor(&format!("{name}.conv.weight"), &shape)?;
    let norm = |part| source.weights.tensor(&format!("{name}.bn.{part}"), &[outputs]);
    let (gamma, beta) = (norm("weight")?, norm("bias")?);
    let (mean, variance) = (norm("running_mean")?, norm("running_var")?);
    let mut bias = Vec::with_capacity(outputs);
    for (o, taps) in weight.chunks_exact_mut(inputs * kernel[0] * kernel[1]).enumerate() {
        let scale = f64::from(gamma[o]) / (f64::from(variance[o]) + EPSILON).sqrt();
        for tap in taps {
            *tap = (f64::from(*tap) * scale) as f32;
        }
        bias.push((f64::from(beta[o]) - f64::from(mean[o]) * scale) as f32);
    }
    let config =
        Conv2dConfig::new([inputs, outputs], kernel).with_stride([stride; 2]).with_padding(padding);
    Ok(filled(config, weight, bias, source.device))
}
