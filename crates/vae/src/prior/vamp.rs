//! The variational mixture of posteriors.

use burn::{
    module::{Module, Param},
    nn::Initializer,
    tensor::{Device, Tensor},
};
use genlab_core::{Range, Space};

/// p(z) = 1/K Σ_k q(z | u_k) with values u_k that are learned: the "VampPrior", Eq. 9 of Tomczak & Welling 2018
/// (arXiv:1705.07120). Their u_k are cut to [0, 1]; these go through the space's output, a sigmoid there, whose slope is
/// never 0.
#[derive(Module, Debug)]
pub(crate) struct Vamp {
    /// `[K, C, H, W]`, before the space's output.
    pseudo_inputs: Param<Tensor<4>>,
}

impl Vamp {
    /// Each number normal, around the mean of the data.
    pub(crate) fn new(pseudo_inputs: usize, space: Space, device: &Device) -> Self {
        let mean = match space.range {
            Range::Unit => {
                let mean = space.mean.clamp(0.01, 0.99);
                (mean / (1.0 - mean)).ln()
            }
            Range::Real => 0.0,
        };
        let shape = space.shape.batch(pseudo_inputs);
        Self { pseudo_inputs: Initializer::Normal { mean, std: 1.0 }.init(shape, device) }
    }

    /// Values `[K, C, H, W]` of the space.
    pub(crate) fn values(&self, space: Space) -> Tensor<4> {
        space.output(self.pseudo_inputs.val())
    }
}
