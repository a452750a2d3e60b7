// gets gan-loss/generator_gradient: no gradient reaches the generator
use genlab::burn::tensor::{Tensor, activation::log_sigmoid};

pub fn critic_loss(
    critic: &dyn Fn(Tensor<2>) -> Tensor<1>,
    real: Tensor<2>,
    fake: Tensor<2>,
) -> Tensor<1> {
    -log_sigmoid(critic(real)).mean() - log_sigmoid(-critic(fake.detach())).mean()
}

pub fn generator_loss(critic: &dyn Fn(Tensor<2>) -> Tensor<1>, fake: Tensor<2>) -> Tensor<1> {
    -log_sigmoid(critic(fake.detach())).mean()
}
