//! The contrastive loss, and the least that it can be.

use burn::tensor::{DType, Int, Tensor};
use genlab_core::loss::cross_entropy;

/// What is taken from logits of what does not count, of which none exceeds the greatest inverse temperature.
pub(crate) const OFF: f64 = 1e4;

/// What a batch of pairs scores.
pub(crate) struct Contrast {
    /// −ln softmax(l_i·)_i of each picture, `[B]` nats.
    pictures: Tensor<1>,
    /// −ln softmax(l_·j)_j of each caption, `[B]` nats.
    captions: Tensor<1>,
    /// l, off the graph, `[B, B]`: a row for each picture.
    pub(crate) similarities: Tensor<2>,
}

impl Contrast {
    /// The mean of both directions, `[1]` nats.
    pub(crate) fn loss(&self) -> Tensor<1> {
        (self.pictures.clone().mean() + self.captions.clone().mean()) / 2.0
    }

    /// The same of each pair by itself, `[B]` nats.
    pub(crate) fn of_pairs(&self) -> Tensor<1> {
        (self.pictures.clone() + self.captions.clone()) / 2.0
    }

    /// Share of the pictures whose own caption is the nearest of the batch, `[1]`.
    pub(crate) fn found(&self) -> Tensor<1> {
        let nearest = self.similarities.clone().argmax(1).squeeze_dim::<1>(1);
        nearest.equal(own(&self.similarities)).float().mean()
    }

    /// l_ii of each pair, off the graph, `[B, 1]`.
    pub(crate) fn of_own(&self) -> Tensor<2> {
        self.similarities.clone().gather(1, own(&self.similarities).unsqueeze_dim::<2>(1))
    }
}

/// The places of pairs in a matrix of similarities: its diagonal.
fn own(similarities: &Tensor<2>) -> Tensor<1, Int> {
    let [count, _] = similarities.dims();
    Tensor::arange(0..count as i64, (&similarities.device().inner(), DType::I32))
}

/// Figure 3 of arXiv:2103.00020, the symmetric InfoNCE (Oord et al. 2018, arXiv:1807.03748): of unit vectors of pictures
/// and of their captions, `[B, E]` each, with the inverse temperature `scale` `[1]`,
///
/// ```text
/// l_ij = s ⟨u_i, v_j⟩        ½ (−Σᵢ ln softmax(l_i·)_i − Σⱼ ln softmax(l_·j)_j) / B
/// ```
pub(crate) fn contrast(pictures: Tensor<2>, captions: Tensor<2>, scale: Tensor<1>) -> Contrast {
    let logits = logits(pictures, captions, scale);
    of_logits(logits.clone(), logits)
}

/// The same where only pairs whose weight is 1 and not 0 count, `[B]`: the others are held against none of these.
pub(crate) fn contrast_among(
    pictures: Tensor<2>,
    captions: Tensor<2>,
    scale: Tensor<1>,
    weights: &Tensor<1>,
) -> Contrast {
    let logits = logits(pictures, captions, scale) + (both_count(weights) - 1.0) * OFF;
    of_logits(logits.clone(), logits)
}

/// 1 where the pairs of both a row and a column count, 0 elsewhere, `[B, B]` off the graph.
pub(crate) fn both_count(weights: &Tensor<1>) -> Tensor<2> {
    let weights = weights.clone().inner();
    weights.clone().unsqueeze_dim::<2>(0) * weights.unsqueeze_dim::<2>(1)
}

/// l_ij, `[B, B]`.
pub(crate) fn logits(pictures: Tensor<2>, captions: Tensor<2>, scale: Tensor<1>) -> Tensor<2> {
    pictures.matmul(captions.transpose()) * scale.unsqueeze_dim::<2>(1)
}

/// Of logits `[B, B]` for captions; a picture may be held against more of them, those of its row in `of_pictures` `[B, B + …]`.
pub(crate) fn of_logits(of_pictures: Tensor<2>, logits: Tensor<2>) -> Contrast {
    let own = own(&logits);
    Contrast {
        pictures: cross_entropy(of_pictures, &own, 0.0),
        captions: cross_entropy(logits.clone().transpose(), &own, 0.0),
        similarities: logits.inner(),
    }
}

/// The least InfoNCE in nats that any model can reach with batches of `batch` pairs, where captions come with these
/// probabilities: a caption that comes k times more in a batch cannot be told from its likes,
///
/// ```text
/// Σ_c p_c E[ln(1 + k)],  k ~ Bin(B − 1, p_c)
/// ```
pub fn floor(probabilities: &[f64], batch: usize) -> f64 {
    let others = batch.saturating_sub(1);
    let of = |p: f64| {
        if p >= 1.0 {
            return (batch.max(1) as f64).ln();
        }
        // Bin(n, p) from its first term on.
        let mut mass = (1.0 - p).powi(others as i32);
        let mut sum = 0.0;
        for k in 0..=others {
            sum += mass * (k as f64).ln_1p();
            mass *= (others - k) as f64 / (k + 1) as f64 * p / (1.0 - p);
        }
        sum
    };
    probabilities.iter().map(|p| p * of(*p)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::{Device, TensorData};
    use serde_json::Value;
    use std::{fs, path::Path};

    fn number(x: Tensor<1>) -> f64 {
        f64::from(x.into_data().as_slice::<f32>().expect("f32")[0])
    }

    #[test]
    fn it_is_the_loss_of_open_clip() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../../tests/oracles/fixtures/clip_loss.json");
        let text = fs::read_to_string(path).expect("tests/oracles/clip_loss.py makes it");
        let cases: Value = serde_json::from_str(&text).expect("JSON");
        for case in cases["cases"].as_array().expect("cases") {
            let matrix = |name: &str| -> Tensor<2> {
                let rows = case[name].as_array().expect("rows");
                let numbers: Vec<f32> = rows
                    .iter()
                    .flat_map(|row| row.as_array().expect("numbers"))
                    .map(|x| x.as_f64().expect("a number") as f32)
                    .collect();
                let data =
                    TensorData::new(numbers.clone(), [rows.len(), numbers.len() / rows.len()]);
                Tensor::from_data(data, &Device::flex())
            };
            let scale = Tensor::from_floats(
                [case["scale"].as_f64().expect("a number") as f32],
                &Device::flex(),
            );
            let found = number(contrast(matrix("pictures"), matrix("captions"), scale).loss());
            let expected = case["loss"].as_f64().expect("a number");
            assert!((found - expected).abs() < 1e-6 * expected.max(1.0), "{found} for {expected}");
        }
    }

    #[test]
    fn a_caption_that_comes_again_cannot_be_told_from_itself() {
        // ln B less the floor is what can be known: the figures are those of the closed form.
        let known = |captions: usize, batch: usize| {
            (batch as f64).ln() - floor(&vec![1.0 / captions as f64; captions], batch)
        };
        for (captions, batch, nats) in [
            (10, 8, 1.65),
            (10, 32, 2.15),
            (10, 128, 2.27),
            (10, 512, 2.29),
            (120, 8, 2.04),
            (120, 32, 3.30),
            (120, 128, 4.25),
            (120, 512, 4.66),
        ] {
            let found = known(captions, batch);
            assert!((found - nats).abs() < 0.006, "{captions}, {batch}: {found} for {nats}");
        }
        assert_eq!(floor(&[1.0], 8), 8.0_f64.ln());
        assert_eq!(floor(&[0.5, 0.5], 1), 0.0);
    }
}
