//! Free bits: a dimension that says little costs no less than one that says nothing.

use burn::tensor::Tensor;

/// Σ_j max(λ, mean over the batch of KL_j) in nats, of `[B, L]`: appendix C.8 of Kingma et al. 2016 (arXiv:1606.04934)
/// with one dimension per group.
pub fn free_bits(kl: Tensor<2>, nats: f64) -> Tensor<1> {
    kl.mean_dim(0).clamp_min(nats).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numbers;
    use burn::tensor::Device;

    #[test]
    fn only_what_is_above_the_threshold_on_average_costs_and_moves() {
        let device = Device::flex().autodiff();
        let kl = Tensor::<2>::from_floats([[2.0, 0.1], [0.0, 0.3]], &device).require_grad();
        let cost = free_bits(kl.clone(), 0.5);
        assert!((numbers(cost.clone())[0] - 1.5).abs() < 1e-6);
        let gradient = kl.grad(&cost.backward()).expect("a leaf");
        assert_eq!(numbers(gradient), [0.5, 0.0, 0.5, 0.0]);
    }
}
