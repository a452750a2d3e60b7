// gets vae-loss/kl: log_var is read as ln σ
use genlab::burn::tensor::Tensor;

pub fn kl(mean: Tensor<2>, log_var: Tensor<2>) -> Tensor<1> {
    let sigma = log_var.exp();
    let terms = mean.square() + sigma.clone().square() - 1.0 - sigma.square().log();
    terms.sum_dim(1).squeeze_dim(1) / 2.0
}

pub fn negative_elbo(nll: Tensor<1>, kl: Tensor<1>) -> Tensor<1> {
    (nll + kl).mean()
}
