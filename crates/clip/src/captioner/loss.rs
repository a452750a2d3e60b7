//! The three losses of section 3.2 of arXiv:2201.12086, beside the contrastive one of [`crate::loss`].

use burn::tensor::{DType, Int, Tensor, activation::log_sigmoid};
use genlab_core::{loss::cross_entropy, vocabulary::PADDING};

/// Whether pairs match, and what it costs to say so.
pub(super) struct Matched {
    /// Binary cross-entropy of each pair, `[B]` nats.
    pub(super) losses: Tensor<1>,
    /// 1 for each pair that is told rightly, off the graph, `[B]`.
    pub(super) right: Tensor<1>,
}

/// −ln σ(±l) for logits l of pairs, `[B]`, with 1 for those that match and −1 for those that do not in `sides`.
pub(super) fn matching(logits: Tensor<1>, sides: Tensor<1>) -> Matched {
    let toward = logits * sides;
    let right = toward.clone().inner().greater_elem(0.0).float();
    Matched { losses: log_sigmoid(toward).neg(), right }
}

/// ln p(caption | picture) = Σₜ ln softmax(l_t)_{w_t} of captions `[B, T]`, from the logits of their words `[B, T, words]`:
/// over all words and the first padding, which says that there are no more, `[B]` nats.
pub(super) fn log_likelihood(logits: Tensor<3>, captions: &Tensor<2, Int>) -> Tensor<1> {
    let [batch, length, words] = logits.dims();
    let of_words = captions.clone().reshape([batch * length]);
    let surprise = cross_entropy(logits.reshape([batch * length, words]), &of_words, 0.0);
    let surprise: Tensor<2> = surprise.reshape([batch, length]) * said(captions);
    surprise.sum_dim(1).squeeze_dim::<1>(1).neg()
}

/// 1 for each word of captions `[B, T]` and for the padding after the last, 0 for all other padding.
fn said(captions: &Tensor<2, Int>) -> Tensor<2> {
    let [batch, length] = captions.dims();
    let words = captions.clone().not_equal_elem(i64::from(PADDING)).float().sum_dim(1);
    let places =
        Tensor::<1, Int>::arange(0..length as i64, (&captions.device(), DType::I32)).float();
    let places: Tensor<2> = places.unsqueeze_dim::<2>(0).expand([batch, length]);
    let words: Tensor<2> = words.expand([batch, length]);
    places.lower_equal(words).float()
}

/// The mean of `losses` `[B]` over the rows that count: whose weight is 1 and not 0. 0 where none does.
pub(super) fn mean(losses: Tensor<1>, weights: &Tensor<1>) -> Tensor<1> {
    (losses * weights.clone()).sum() / weights.clone().sum().clamp_min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;

    fn host(x: Tensor<1>) -> Vec<f32> {
        x.into_data().try_into_vec().expect("f32")
    }

    #[test]
    fn whoever_cannot_tell_pays_ln_two_and_certainty_pays_for_its_errors() {
        let device = Device::flex();
        let logits = Tensor::from_floats([0.0, 0.0, 40.0, 40.0, -3.0], &device);
        let sides = Tensor::from_floats([1.0, -1.0, 1.0, -1.0, -1.0], &device);
        let Matched { losses, right } = matching(logits, sides);
        let expected = [2.0_f32.ln(), 2.0_f32.ln(), 0.0, 40.0, (-3.0_f32).exp().ln_1p()];
        for (found, expected) in host(losses).iter().zip(expected) {
            assert!((found - expected).abs() < 1e-5, "{found} for {expected}");
        }
        assert_eq!(host(right), [0.0, 0.0, 1.0, 0.0, 1.0]);
    }

    #[test]
    fn a_caption_is_its_words_and_its_end() {
        let device = Device::flex();
        let captions =
            Tensor::<2, Int>::from_ints([[2, 1, 0, 0], [0, 0, 0, 0], [3, 3, 3, 3]], &device);
        let said = said(&captions).into_data().try_into_vec::<f32>().expect("f32");
        assert_eq!(said[..4], [1.0, 1.0, 1.0, 0.0]);
        assert_eq!(said[4..8], [1.0, 0.0, 0.0, 0.0]);
        assert_eq!(said[8..], [1.0; 4]);
        // Four words as likely each: ln 4 for every one that counts.
        let nats = host(log_likelihood(Tensor::zeros([3, 4, 4], &device), &captions));
        for (found, count) in nats.iter().zip([3.0, 1.0, 4.0]) {
            assert!((found + count * 4.0_f32.ln()).abs() < 1e-5, "{found}");
        }
    }

    #[test]
    fn rows_that_do_not_count_change_nothing() {
        let device = Device::flex();
        let losses = Tensor::<1>::from_floats([1.0, 100.0, 3.0], &device);
        let of = |weights: [f32; 3]| {
            host(mean(losses.clone(), &Tensor::from_floats(weights, &device)))[0]
        };
        assert_eq!(of([1.0, 0.0, 1.0]), 2.0);
        assert_eq!(of([0.0; 3]), 0.0);
    }
}
