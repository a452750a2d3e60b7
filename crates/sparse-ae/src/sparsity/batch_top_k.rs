//! The largest units of a batch: values that need more units take them from values that need fewer.

use super::top_k::{keep_from, largest};
use burn::tensor::Tensor;

/// The k B largest of activations `[B, L]`, none negative, with the smallest that is kept, `[1]` (Bussmann et al. 2024,
/// arXiv:2412.06410, Eq. 5 and 6). Once training is over a batch decides nothing: units are on from a threshold
/// upwards, the mean of the smallest kept ones over training.
pub(super) fn batch_top_k(activations: Tensor<2>, k: usize) -> (Tensor<2>, Tensor<1>) {
    let [batch, units] = activations.dims();
    let all = activations.clone().detach().reshape([1, batch * units]);
    let least = largest(all, k * batch);
    let threshold = least.clone().reshape([1]).inner();
    (keep_from(activations, least), threshold)
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;

    #[test]
    fn the_largest_of_the_batch_stay_wherever_they_are() {
        let rows = Tensor::from_floats([[0.9, 0.7, 0.8], [0.1, 0.6, 0.0]], &Device::flex());
        let (kept, least) = batch_top_k(rows, 2);
        let kept = kept.into_data();
        assert_eq!(kept.as_slice::<f32>().expect("f32"), [0.9, 0.7, 0.8, 0.0, 0.6, 0.0]);
        assert_eq!(least.into_data().as_slice::<f32>().expect("f32"), [0.6]);
    }
}
