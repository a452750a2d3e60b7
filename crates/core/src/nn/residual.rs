//! A block that adds to what goes through it.

use super::conv::{Conv2d, Conv2dConfig};
use burn::{
    module::Module,
    tensor::{Device, Tensor, activation::relu},
};

/// x + conv(a(conv(a(x)))) with 3×3 convolutions and a (leaky) ReLU a before each: the pre-activation unit of
/// He et al. 2016 (arXiv:1603.05027, figure 1b) without normalisation. Its last convolution starts at zero, so that
/// a network starts as the one without blocks (Fixup, Zhang et al. 2019, arXiv:1901.09321).
#[derive(Module, Debug)]
pub(super) struct ResidualBlock {
    first: Conv2d,
    second: Conv2d,
}

impl ResidualBlock {
    /// A block on maps of so many channels.
    pub(super) fn new(channels: usize, device: &Device) -> Self {
        let conv = Conv2dConfig::same3([channels, channels]);
        Self { first: conv.init(device), second: conv.init_zeros(device) }
    }

    /// `[B, C, H, W]` to the same shape; `negative_slope` is that of the activation below zero.
    pub(super) fn forward(&self, x: Tensor<4>, negative_slope: f64) -> Tensor<4> {
        let inner = self.first.forward(activated(x.clone(), negative_slope));
        x + self.second.forward(activated(inner, negative_slope))
    }
}

/// max(x, 0) + s min(x, 0).
pub(super) fn activated(x: Tensor<4>, negative_slope: f64) -> Tensor<4> {
    if negative_slope > 0.0 { genlab_kernels::leaky_relu(x, negative_slope) } else { relu(x) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_starts_as_the_identity_and_learns_what_to_add() {
        let device = Device::flex().autodiff();
        let mut block = ResidualBlock::new(3, &device);
        let x = Tensor::<1>::from_floats([0.5, -1.0, 2.0], &device).reshape([1, 3, 1, 1]);
        let read = |x: Tensor<4>| x.inner().into_data().try_into_vec::<f32>().expect("f32");
        assert_eq!(read(block.forward(x.clone(), 0.2)), [0.5, -1.0, 2.0]);
        let gradients = block.forward(x.clone(), 0.2).sum().backward();
        assert!(
            block
                .second
                .weight
                .val()
                .grad(&gradients)
                .expect("a gradient")
                .abs()
                .max()
                .into_data()
                .as_slice::<f32>()
                .expect("f32")[0]
                > 0.0
        );
        // With both convolutions the identity it adds the activation of x.
        for conv in [&mut block.first, &mut block.second] {
            let weight = Tensor::<4>::zeros([3, 3, 3, 3], &device);
            let eye = Tensor::<2>::eye(3, &device).reshape([3, 3, 1, 1]);
            let weight = weight.slice_assign([0..3, 0..3, 1..2, 1..2], eye);
            conv.weight = conv.weight.clone().map(|_| weight.clone());
            conv.bias = conv.bias.clone().map(|bias| bias.zeros_like());
        }
        let found = read(block.forward(x, 0.5));
        for (found, expected) in found.iter().zip([1.0, -1.25, 4.0]) {
            assert!((found - expected).abs() < 1e-6, "{found}");
        }
    }
}
