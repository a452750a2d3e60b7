//! Cross-entropy with smoothed targets, and the share of right answers.

use burn::tensor::{Int, Tensor, activation::log_softmax};

/// −Σₖ tₖ ln pₖ of each row, in nats `[B]`, with p = softmax(logits) and targets that give `smoothing` of their
/// mass to all classes evenly: tₖ = (1 − s) [k = y] + s / K, Eq. 7 of Szegedy et al. 2016 (arXiv:1512.00567).
/// `labels` `[B]` are y.
pub(crate) fn cross_entropy(
    logits: Tensor<2>,
    labels: &Tensor<1, Int>,
    smoothing: f64,
) -> Tensor<1> {
    let log_probabilities = log_softmax(logits, 1);
    let of_label = log_probabilities.clone().gather(1, labels.clone().unsqueeze_dim(1));
    let evenly = log_probabilities.mean_dim(1);
    -(of_label * (1.0 - smoothing) + evenly * smoothing).squeeze_dim(1)
}

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
    fn it_is_the_surprise_at_the_label_and_some_of_that_at_all_classes() {
        let device = Device::flex();
        let labels = Tensor::from_ints([0, 2], &device);
        let plain = host(cross_entropy(logits(&device), &labels, 0.0));
        let (two, three) = (2.0_f32.ln(), 3.0_f32.ln());
        assert!((plain[0] - two).abs() < 1e-6 && (plain[1] - three).abs() < 1e-6, "{plain:?}");
        // 0.7 ln 2 + 0.3 (ln 2 + 2 ln 4) / 3 = 0.7 ln 2 + 0.5 ln 2.
        let smoothed = host(cross_entropy(logits(&device), &labels, 0.3));
        assert!((smoothed[0] - 1.2 * two).abs() < 1e-6, "{smoothed:?}");
        assert!((smoothed[1] - three).abs() < 1e-6, "{smoothed:?}");
    }

    #[test]
    fn right_is_what_has_its_label_first() {
        let device = Device::flex();
        let of = |labels| host(right(logits(&device), &Tensor::from_ints(labels, &device)));
        assert_eq!(of([0, 0])[0], 1.0);
        assert_eq!(of([1, 0])[0], 0.0);
    }
}
