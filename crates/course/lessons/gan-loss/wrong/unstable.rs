// gets gan-loss/extreme_logits: a logit of 200 makes a loss infinite or no number
use genlab::burn::tensor::{Tensor, activation::sigmoid};

pub fn critic_loss(
    critic: &dyn Fn(Tensor<2>) -> Tensor<1>,
    real: Tensor<2>,
    fake: Tensor<2>,
) -> Tensor<1> {
    let [real, fake] = [critic(real), critic(fake.detach())].map(sigmoid);
    -real.log().mean() - (-fake + 1.0).log().mean()
}

pub fn generator_loss(critic: &dyn Fn(Tensor<2>) -> Tensor<1>, fake: Tensor<2>) -> Tensor<1> {
    -sigmoid(critic(fake)).log().mean()
}
