//! New values out of given ones.

use super::SampleRequest;
use burn::tensor::Tensor;

/// What is to be made of given values.
#[derive(Clone, Debug)]
#[expect(clippy::large_enum_variant, reason = "there is one task at a time")]
pub enum Task {
    /// The values are noisy, x + σ ε with ε standard normal: draws of x.
    Denoise {
        /// σ, in the units of the values.
        sigma: f64,
    },
    /// Values that resemble the given ones: noised and drawn from there.
    Vary {
        /// From above 0 to 1: the share of the way from noise that is taken anew. 1 is a sample.
        strength: f64,
    },
    /// Values that agree with the given ones where they are known.
    Inpaint {
        /// `[B, C, H, W]`, or `[1, C, H, W]` for all alike: 1 where a number is known, 0 where it is not.
        known: Tensor<4>,
        /// How much is spent on what the known numbers say of the others; 0 only puts them in their places.
        iterations: usize,
    },
}

/// Makes values out of given ones by the noise that samples are made of.
pub trait Edit {
    /// What `task` makes of `values` `[count, C, H, W]` of the dataset's space, one for each sample of `request`:
    /// the same shape and space. Value i depends on its own row and on sample i's noise alone.
    fn edit(&self, values: Tensor<4>, task: &Task, request: &SampleRequest) -> Tensor<4>;

    /// `values` on the way to noise, at `frames` of the moments that samples pass the other way: the first frame is
    /// the values themselves, the last where samples begin.
    fn noised(&self, values: Tensor<4>, frames: usize, request: &SampleRequest) -> Vec<Tensor<4>>;
}
