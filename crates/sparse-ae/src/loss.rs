//! The penalty that keeps a code sparse.

use burn::tensor::Tensor;

/// Σ_j |h_j| of codes `[B, L]`, `[B]`. With weight λ it is the L1 term of basis pursuit: the
/// gradient on each active unit is λ, however small the unit is, which is what drives units to
/// exactly zero.
pub fn l1_penalty(codes: Tensor<2>) -> Tensor<1> {
    codes.abs().sum_dim(1).squeeze_dim::<1>(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;

    #[test]
    fn the_penalty_is_the_sum_of_magnitudes() {
        let codes = Tensor::from_floats([[1.0, -2.0, 0.0], [0.5, 0.0, 0.0]], &Device::flex());
        assert_eq!(l1_penalty(codes).into_data().as_slice::<f32>().expect("f32"), [3.0, 0.5]);
    }
}
