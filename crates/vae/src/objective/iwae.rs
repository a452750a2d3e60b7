//! The importance-weighted bound.

use burn::tensor::Tensor;

/// −log (1/k) Σ_i w_i of each value, `[B]` nats, from log w `[k, B]`: Eq. 8 of Burda et al. 2016 (arXiv:1509.00519).
/// Its gradient weighs each draw by its share of Σ w. −ELBO for k = 1.
pub fn iwae(log_weights: Tensor<2>) -> Tensor<1> {
    let [draws, _] = log_weights.dims();
    // A constant for each value: it leaves both the bound and its gradient as they are.
    let greatest = log_weights.clone().detach().max_dim(0);
    let sum = (log_weights - greatest.clone()).exp().sum_dim(0);
    (sum.log() + greatest - (draws as f64).ln()).neg().squeeze_dim::<1>(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numbers;
    use burn::tensor::Device;

    #[test]
    fn weights_are_averaged_before_the_logarithm_and_share_the_gradient() {
        let device = Device::flex().autodiff();
        // Weights 1, 2, 3, 6, and the same times e⁻⁵⁰⁰, which no f32 can hold.
        let logs = [1.0_f32, 2.0, 3.0, 6.0].map(|w| [w.ln(), w.ln() - 500.0]);
        let log_weights = Tensor::<2>::from_floats(logs, &device).require_grad();
        let bound = iwae(log_weights.clone());
        let [near, far] = numbers(bound.clone())[..] else { panic!("two values") };
        assert!((near + 3.0_f64.ln()).abs() < 1e-6, "{near}");
        assert!((far - 500.0 + 3.0_f64.ln()).abs() < 1e-3, "{far}");
        let gradient = numbers(log_weights.grad(&bound.sum().backward()).expect("a leaf"));
        for (pair, share) in gradient.chunks(2).zip([1.0, 2.0, 3.0, 6.0]) {
            assert!(pair.iter().all(|g| (g + share / 12.0).abs() < 1e-4), "{gradient:?}");
        }
    }

    #[test]
    fn one_draw_makes_it_the_negative_elbo() {
        let log_weights = Tensor::<2>::from_floats([[-3.0, 1.5]], &Device::flex());
        assert_eq!(numbers(iwae(log_weights)), [3.0, -1.5]);
    }
}
