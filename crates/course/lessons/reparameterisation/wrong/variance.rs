// gets reparameterisation/codes: the noise is multiplied by σ² = exp(log_var)
use genlab::burn::tensor::Tensor;

pub fn reparameterise(mean: Tensor<2>, log_var: Tensor<2>, noise: Tensor<2>) -> Tensor<2> {
    mean + log_var.exp() * noise
}
