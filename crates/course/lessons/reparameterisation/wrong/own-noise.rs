// gets reparameterisation/silence: do you draw noise of your own?
use genlab::burn::tensor::{Distribution, Tensor};

pub fn reparameterise(mean: Tensor<2>, log_var: Tensor<2>, noise: Tensor<2>) -> Tensor<2> {
    let own = noise.random_like(Distribution::Normal(0.0, 1.0));
    mean + (log_var / 2.0).exp() * own
}
