//! Gaussian numbers whose standard deviations are learned: one for all of them (Rybkin et al. 2021,
//! arXiv:2006.13202), or each its own, as in appendix C.2 of Kingma & Welling 2014 (arXiv:1312.6114).

use burn::tensor::Tensor;

/// −log Π N(x; μ, σ²) = Σ ½ (x − μ)²/σ² + log σ + ½ log 2π of each value, `[B]` nats; all others
/// `[B, C, H, W]`.
pub fn gaussian_nll_of_each(
    means: Tensor<4>,
    log_sigma: Tensor<4>,
    values: Tensor<4>,
) -> Tensor<1> {
    let standard = (values - means) * log_sigma.clone().neg().exp();
    let half_log_tau = 0.5 * std::f64::consts::TAU.ln();
    let nll = standard.square() * 0.5 + log_sigma + half_log_tau;
    nll.flatten::<2>(1, 3).sum_dim(1).squeeze_dim::<1>(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numbers;
    use burn::tensor::Device;
    use genlab_core::loss::gaussian_nll;

    fn tensor(values: [f32; 4]) -> Tensor<4> {
        Tensor::<1>::from_floats(values, &Device::flex()).reshape([2, 2, 1, 1])
    }

    #[test]
    fn each_number_has_its_own_density() {
        let nll = gaussian_nll_of_each(
            tensor([0.3, -1.0, 0.9, 2.0]),
            tensor([0.5, 0.02, 0.1, 3.0].map(f32::ln)),
            tensor([0.0, -1.0, 1.0, -4.0]),
        );
        // SciPy 1.17: -norm.logpdf([0, -1, 1, -4], [0.3, -1, 0.9, 2], [0.5, 0.02, 0.1, 3]), by twos.
        for (found, exact) in numbers(nll).into_iter().zip([-2.587_293_12, 3.133_904_26]) {
            assert!((found - exact).abs() < 1e-5, "{found} {exact}");
        }
    }

    #[test]
    fn equal_deviations_make_it_the_density_with_one() {
        let (means, values) = (tensor([0.3, 0.2, 0.9, 0.4]), tensor([0.0, 0.5, 1.0, 0.4]));
        let one = gaussian_nll(means.clone(), values.clone(), 0.2);
        let each = gaussian_nll_of_each(means, tensor([0.2_f32.ln(); 4]), values);
        for (a, b) in numbers(one).into_iter().zip(numbers(each)) {
            assert!((a - b).abs() < 1e-5, "{a} {b}");
        }
    }
}
