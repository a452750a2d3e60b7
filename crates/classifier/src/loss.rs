//! The share of right answers.

use burn::tensor::{Int, Tensor};

/// 1 for each row whose largest logit is its label's, else 0: `[B]`.
pub(crate) fn right(logits: Tensor<2>, labels: &Tensor<1, Int>) -> Tensor<1> {
    logits.argmax(1).squeeze_dim::<1>(1).equal(labels.clone()).float()
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;

    fn logits(device: &Device) -> Tensor<2> {
        // Probabilities 1/2, 1/4, 1/4 and 1/3 each.
        let [half, quarter] = [0.5_f32.ln(), 0.25_f32.ln()];
        Tensor::from_floats([[half, quarter, quarter], [2.0, 2.0, 2.0]], device)
    }

    fn host(x: Tensor<1>) -> Vec<f32> {
        x.into_data().try_into_vec::<f32>().expect("f32")
    }

    #[test]
    fn right_is_what_has_its_label_first() {
        let device = Device::flex();
        let of = |labels| host(right(logits(&device), &Tensor::from_ints(labels, &device)));
        assert_eq!(of([0, 0])[0], 1.0);
        assert_eq!(of([1, 0])[0], 0.0);
    }
}
