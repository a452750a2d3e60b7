//! How a network is told what time it is.

use burn::tensor::{Tensor, TensorData};

/// Sinusoidal embedding of times `[B]` to `[B, size]`: sines then cosines of t·ω with
/// ω_i = 10000^(−i / (size/2 − 1)) (Vaswani et al. 2017, arXiv:1706.03762, section 3.5, in the
/// arrangement of Ho et al. 2020's code). `size` is even and at least 4.
pub fn sinusoidal_embedding(times: Tensor<1>, size: usize) -> Tensor<2> {
    let half = size / 2;
    let frequencies: Vec<f32> = (0..half)
        .map(|i| (-(10_000_f64.ln()) * i as f64 / (half - 1) as f64).exp() as f32)
        .collect();
    let frequencies =
        Tensor::<1>::from_data(TensorData::new(frequencies, [half]), &times.device().inner());
    let angles = times.unsqueeze_dim::<2>(1).matmul(frequencies.unsqueeze_dim::<2>(0));
    Tensor::cat(vec![angles.clone().sin(), angles.cos()], 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;

    #[test]
    fn time_zero_is_all_zero_sines_and_unit_cosines() {
        let t = Tensor::<1>::from_floats([0.0, 2.0], &Device::flex());
        let data = sinusoidal_embedding(t, 8).into_data();
        let e = data.as_slice::<f32>().expect("f32");
        assert_eq!(e[..8], [0.0, 0.0, 0.0, 0.0, 1.0, 1.0, 1.0, 1.0]);
        assert!((e[8] - 2.0_f32.sin()).abs() < 1e-6);
        assert!((e[15] - (2.0_f32 * 1e-4).cos()).abs() < 1e-6);
    }
}
