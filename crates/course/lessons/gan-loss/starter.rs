//! The losses of a GAN: see assignment.md.

use genlab::burn::tensor::Tensor;

/// What the critic minimises: values `[B, N]` to `[1]`. `critic` gives logits `[B]`; `fake` comes from the generator.
pub fn critic_loss(
    critic: &dyn Fn(Tensor<2>) -> Tensor<1>,
    real: Tensor<2>,
    fake: Tensor<2>,
) -> Tensor<1> {
    todo!("the critic's loss")
}

/// What the generator minimises: values `[B, N]` to `[1]`.
pub fn generator_loss(critic: &dyn Fn(Tensor<2>) -> Tensor<1>, fake: Tensor<2>) -> Tensor<1> {
    todo!("the generator's loss")
}
