//! Pairs that do not match, taken from the batch.

use crate::loss::both_count;
use burn::tensor::{Bool, DType, Int, Tensor};
use genlab_core::Noise;
use std::ops::Range;

/// What a logarithm is taken of at least.
const LEAST: f64 = 1e-30;
/// The logit of what is no negative.
const NEVER: f64 = -1e30;

/// Hard negatives: for each picture a wrong caption and for each caption a wrong picture, the likelier drawn the nearer they
/// are in the space of vectors (section 3.2 of arXiv:2201.12086, as in Li et al. 2021, arXiv:2107.07651).
pub(super) struct Negatives {
    /// Of the captions that are held beside each picture.
    pub(super) captions: Drawn,
    /// Of the pictures that are held beside each caption.
    pub(super) pictures: Drawn,
}

/// A row of the batch for each row of it.
pub(super) struct Drawn {
    /// `[B]`
    pub(super) rows: Tensor<1, Int>,
    /// 1 where its caption is another, 0 where there is none to draw, `[B]`.
    pub(super) wrong: Tensor<1>,
}

impl Negatives {
    /// `similarities` `[B, B]` are the logits of the contrastive loss, off the graph, a row for each picture. Row i draws from
    /// row `rows.start + i` of `noise`. Rows whose weight is 0 and not 1, `[B]`, are no negatives.
    pub(super) fn drawn(
        captions: &Tensor<2, Int>,
        weights: &Tensor<1>,
        similarities: &Tensor<2>,
        noise: Noise,
        rows: &Range<u64>,
    ) -> Self {
        let (shape, device) = (similarities.dims(), similarities.device());
        let never = alike(captions).bool_or(both_count(weights).equal_elem(0.0));
        let of = |name: &str, logits: Tensor<2>| {
            let uniform = noise.uniform(name, 0, rows.clone(), shape, &device);
            drawn(logits, &never, uniform)
        };
        Self {
            captions: of("captioner/wrong-caption", similarities.clone()),
            pictures: of("captioner/wrong-picture", similarities.clone().transpose()),
        }
    }
}

/// Whose captions `[B, T]` say the same, word by word, `[B, B]`: no negatives of each other. Each is like itself.
fn alike(captions: &Tensor<2, Int>) -> Tensor<2, Bool> {
    let [count, length] = captions.dims();
    let along = |dim: usize| -> Tensor<3, Int> {
        captions.clone().unsqueeze_dim::<3>(dim).expand([count, count, length])
    };
    along(0).equal(along(1)).all_dim(2).squeeze_dim::<2>(2)
}

/// A column for each row of `logits` `[B, C]`, drawn with probability softmax(logits) from those that are not `never`: the
/// argmax of logits and Gumbel noise −ln(−ln u), for draws u in [0, 1) that are `uniform` `[B, C]` (Gumbel 1954).
fn drawn(logits: Tensor<2>, never: &Tensor<2, Bool>, uniform: Tensor<2>) -> Drawn {
    let gumbel = uniform.clamp_min(LEAST).log().neg().clamp_min(LEAST).log().neg();
    let best = (logits + gumbel).mask_fill(never.clone(), NEVER).argmax(1).cast(DType::I32);
    let none = never.clone().float().gather(1, best.clone());
    Drawn { rows: best.squeeze_dim::<1>(1), wrong: none.neg().squeeze_dim::<1>(1) + 1.0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;
    use genlab_core::{Phase, Seed};

    fn rows(drawn: &Drawn) -> Vec<i32> {
        drawn.rows.clone().into_data().try_into_vec().expect("i32")
    }

    fn wrong(drawn: Drawn) -> Vec<f32> {
        drawn.wrong.into_data().try_into_vec().expect("f32")
    }

    #[test]
    fn captions_are_alike_word_by_word() {
        let captions =
            Tensor::<2, Int>::from_ints([[2, 3, 0], [2, 3, 4], [2, 3, 0]], &Device::flex());
        let alike = alike(&captions).float().into_data().try_into_vec::<f32>().expect("f32");
        assert_eq!(alike, [1.0, 0.0, 1.0, 0.0, 1.0, 0.0, 1.0, 0.0, 1.0]);
    }

    #[test]
    fn negatives_are_drawn_by_their_probability_and_never_alike() {
        let device = Device::flex();
        let count = 4000;
        // Columns 1 to 3 weigh 1, 2 and 3; the likeliest of all is alike.
        let logits = Tensor::<2>::from_floats([[9.0, 0.0, 2.0_f32.ln(), 3.0_f32.ln()]], &device);
        let alike = Tensor::<2>::from_floats([[1.0, 0.0, 0.0, 0.0]], &device).equal_elem(1.0);
        let (logits, alike): (Tensor<2>, Tensor<2, Bool>) =
            (logits.expand([count, 4]), alike.expand([count, 4]));
        let noise = Seed(0).during(Phase::Train);
        let uniform = noise.uniform("test", 0, 0..count as u64, [count, 4], &device);
        let drawn = drawn(logits, &alike, uniform);
        let rows = rows(&drawn);
        let share =
            |column: i32| rows.iter().filter(|row| **row == column).count() as f64 / count as f64;
        assert_eq!(share(0), 0.0);
        for (column, weight) in [(1, 1.0), (2, 2.0), (3, 3.0)] {
            let expected: f64 = weight / 6.0;
            let deviation = (expected * (1.0 - expected) / count as f64).sqrt();
            let found = share(column);
            assert!((found - expected).abs() < 5.0 * deviation, "{column}: {found}");
        }
        assert!(wrong(drawn).iter().all(|wrong| *wrong == 1.0));
    }

    #[test]
    fn where_all_captions_say_the_same_nothing_is_wrong() {
        let device = Device::flex();
        let noise = Seed(0).during(Phase::Train);
        let among = |captions: [[i32; 2]; 3], weights: [f32; 3]| {
            let captions = Tensor::<2, Int>::from_ints(captions, &device);
            let weights = Tensor::from_floats(weights, &device);
            let similarities = Tensor::zeros([3, 3], &device);
            Negatives::drawn(&captions, &weights, &similarities, noise, &(0..3))
        };
        let of = |captions| among(captions, [1.0; 3]);
        let Negatives { captions, pictures } = of([[2, 3], [2, 3], [4, 4]]);
        for drawn in [captions, pictures] {
            assert_eq!(rows(&drawn)[..2], [2, 2]);
            assert_eq!(wrong(drawn), [1.0; 3]);
        }
        assert_eq!(wrong(of([[2, 3]; 3]).captions), [0.0; 3]);
        // Nor is one that does not count.
        let Negatives { captions, .. } = among([[2, 3], [2, 3], [4, 4]], [1.0, 1.0, 0.0]);
        assert_eq!(wrong(captions)[..2], [0.0; 2]);
    }
}
