//! The KL of a variational autoencoder: see assignment.md.

use genlab::burn::tensor::Tensor;

/// KL(N(μ, σ²) ‖ N(0, I)) in nats, a number for each value: `mean` and `log_var` (ln σ²) `[B, L]`, to `[B]`.
pub fn kl(mean: Tensor<2>, log_var: Tensor<2>) -> Tensor<1> {
    todo!("the KL")
}

/// The negative ELBO, mean over the batch: −ln p(x | z) and the KL of each value, both `[B]`, to `[1]`.
pub fn negative_elbo(nll: Tensor<1>, kl: Tensor<1>) -> Tensor<1> {
    todo!("the negative ELBO")
}
