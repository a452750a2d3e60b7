//! Captions that are wrong by one relation (NegCLIP, Yuksekgonul et al. 2023, arXiv:2210.01936, section 4): no other caption of
//! a batch asks which object stands on which side.

use crate::loss::{Contrast, OFF, logits, of_logits};
use burn::tensor::{Int, Tensor};
use genlab_core::vocabulary::PADDING;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What pictures are held against beside the captions of the other pictures of their batch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum HardNegatives {
    /// Nothing.
    #[default]
    None,
    /// Their own caption with every relation turned round.
    Turned,
}

/// Captions with their relations turned round.
pub(crate) struct Turned {
    /// Their unit vectors, `[B, E]`.
    pub(crate) vectors: Tensor<2>,
    /// 1 for each picture that has one, 0 for the others, `[B]` off the graph.
    pub(crate) there: Tensor<1>,
}

impl Turned {
    /// Those of `captions` `[B, T]` with these vectors: empty ones are none.
    pub(crate) fn new(captions: &Tensor<2, Int>, vectors: Tensor<2>) -> Self {
        let words = captions.clone().not_equal_elem(i64::from(PADDING)).float();
        Self { vectors, there: words.max_dim(1).squeeze_dim::<1>(1) }
    }
}

/// What a batch scores against turned captions.
pub(crate) struct Harder {
    /// Of pictures against one caption more each.
    pub(crate) contrast: Contrast,
    /// Share of the pictures that have a turned caption whose own is nearer, `[1]`; 0 where none has.
    pub(crate) told_apart: Tensor<1>,
}

/// The contrastive loss in which picture i is also held against its turned caption w_i, where it has one: of unit vectors
/// `[B, E]` with the inverse temperature `scale` `[1]`,
///
/// ```text
/// l_ij = s ⟨u_i, v_j⟩,  t_i = s ⟨u_i, w_i⟩        ½ (−Σᵢ ln softmax(l_i·, t_i)_i − Σⱼ ln softmax(l_·j)_j) / B
/// ```
///
/// The paper holds each picture against the turned captions of all others as well, which hardly say more than the plain ones.
pub(crate) fn contrast_turned(
    pictures: Tensor<2>,
    captions: Tensor<2>,
    turned: Turned,
    scale: Tensor<1>,
) -> Harder {
    let Turned { vectors, there } = turned;
    let own = (pictures.clone() * vectors).sum_dim(1) * scale.clone().unsqueeze_dim::<2>(1);
    let logits = logits(pictures, captions, scale);
    let asked = there.clone().unsqueeze_dim::<2>(1);
    let beside = own.clone() + (asked - 1.0) * OFF;
    let contrast = of_logits(Tensor::cat(vec![logits.clone(), beside], 1), logits);
    let nearer = contrast.of_own().greater(own.inner()).float().squeeze_dim::<1>(1);
    let told_apart = (nearer * there.clone()).sum() / there.sum().clamp_min(1.0);
    Harder { contrast, told_apart }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::loss::contrast;
    use burn::tensor::Device;
    use std::f64::consts::E;

    fn number(x: Tensor<1>) -> f64 {
        f64::from(x.into_data().as_slice::<f32>().expect("f32")[0])
    }

    fn pair(rows: [[f32; 2]; 2]) -> Tensor<2> {
        Tensor::from_floats(rows, &Device::flex())
    }

    fn one() -> Tensor<1> {
        Tensor::from_floats([1.0], &Device::flex())
    }

    fn turned(captions: [[i32; 2]; 2], vectors: [[f32; 2]; 2]) -> Turned {
        Turned::new(&Tensor::from_ints(captions, &Device::flex()), pair(vectors))
    }

    #[test]
    fn a_turned_caption_is_one_more_that_its_own_picture_is_told_from() {
        let eye = || pair([[1.0, 0.0], [0.0, 1.0]]);
        // As near to the first picture as its own caption; the second picture has none.
        let turned = turned([[2, 3], [0, 0]], [[1.0, 0.0], [0.0, 1.0]]);
        let found = contrast_turned(eye(), eye(), turned, one());
        // A plain row or column is -ln(e / (e + 1)), the first row -ln(e / (2 e + 1)).
        let plain = (E + 1.0).ln() - 1.0;
        let harder = (2.0 * E + 1.0).ln() - 1.0;
        let expected = f64::midpoint(f64::midpoint(plain, harder), plain);
        let loss = number(found.contrast.loss());
        assert!((loss - expected).abs() < 1e-6, "{loss} for {expected}");
    }

    #[test]
    fn pictures_without_a_turned_caption_score_as_they_do_without_the_others() {
        let (pictures, captions) =
            (pair([[0.6, 0.8], [0.0, 1.0]]), pair([[1.0, 0.0], [-0.6, 0.8]]));
        let plain = number(contrast(pictures.clone(), captions.clone(), one()).loss());
        let turned = turned([[0, 0], [0, 0]], [[0.6, 0.8], [0.0, 1.0]]);
        let found = contrast_turned(pictures, captions, turned, one());
        let loss = number(found.contrast.loss());
        assert!((loss - plain).abs() < 1e-6, "{loss} for {plain}");
        assert_eq!(number(found.told_apart), 0.0, "nobody is asked");
    }

    #[test]
    fn only_pictures_with_a_turned_caption_are_asked_which_is_nearer() {
        let eye = || pair([[1.0, 0.0], [0.0, 1.0]]);
        let share = |captions, vectors| {
            number(contrast_turned(eye(), eye(), turned(captions, vectors), one()).told_apart)
        };
        // The turned caption of the first picture is further than its own, that of the second nearer.
        let vectors = [[0.0, 1.0], [0.0, 2.0]];
        assert_eq!(share([[2, 3], [4, 0]], vectors), 0.5);
        assert_eq!(share([[2, 3], [0, 0]], vectors), 1.0);
        assert_eq!(share([[0, 0], [2, 0]], vectors), 0.0);
    }
}
