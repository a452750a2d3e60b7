// gets vae-loss/negative_elbo: the KL is subtracted
use genlab::burn::tensor::Tensor;

pub fn kl(mean: Tensor<2>, log_var: Tensor<2>) -> Tensor<1> {
    let terms = mean.square() + log_var.clone().exp() - 1.0 - log_var;
    terms.sum_dim(1).squeeze_dim(1) / 2.0
}

pub fn negative_elbo(nll: Tensor<1>, kl: Tensor<1>) -> Tensor<1> {
    (nll - kl).mean()
}
