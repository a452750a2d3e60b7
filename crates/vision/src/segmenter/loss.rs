//! What masks cost.

use crate::focal::focal;
use burn::tensor::Tensor;
use genlab_core::{Segmented, nn::sigmoid};

/// The dice loss (Milletari et al. 2016, arXiv:1606.04797) as SAM has it, without squares and with 1 on both sides of the
/// bar: of logits `[B, M, N]` and the truth `[B, 1, N]`, `[B, M]` in [0, 1],
///
/// ```text
/// 1 − (2 Σ p t + 1) / (Σ p + Σ t + 1)
/// ```
pub(super) fn dice(logits: Tensor<3>, truth: Tensor<3>) -> Tensor<2> {
    let p = sigmoid(logits);
    let both = (p.clone() * truth.clone()).sum_dim(2);
    let all = p.sum_dim(2) + truth.sum_dim(2);
    (-(both * 2.0 + 1.0) / (all + 1.0) + 1.0).squeeze_dim(2)
}

/// Intersection over union of masks, pixels whose logits `[B, M, N]` are above 0, and the truth `[B, 1, N]`: `[B, M]`, 0
/// where both are empty.
pub(super) fn iou(logits: Tensor<3>, truth: Tensor<3>) -> Tensor<2> {
    let mask = logits.greater_elem(0.0).float();
    let both = (mask.clone() * truth.clone()).sum_dim(2);
    let either = mask.sum_dim(2) + truth.sum_dim(2) - both.clone();
    (both / either.clamp_min(1.0)).squeeze_dim(2)
}

/// What an answer costs, means over the batch, `[1]` each.
pub(super) struct Cost {
    /// Of the candidate that costs least for the most part.
    pub(super) mask: Tensor<1>,
    /// Squared error of the predicted intersections over union, over all candidates.
    pub(super) quality: Tensor<1>,
    /// Intersection over union of the candidate that is predicted to be the best.
    pub(super) iou: Tensor<1>,
}

/// What the other candidates learn together, beside the best: ε of section 3.3 of Rupprecht et al. 2017 (arXiv:1612.00197). A
/// candidate that never is the best would otherwise never learn.
const OTHERS: f64 = 0.05;

/// Section 3 of arXiv:2304.02643, "Losses and training": `focal_weight` times the focal loss and the dice loss, of the best
/// candidate and a little of the others, so that candidates may differ; and the error of what is predicted of all of them. The
/// truth is `[B, 1, H, W]`.
pub(super) fn cost(answer: &Segmented, truth: Tensor<4>, focal_weight: f64) -> Cost {
    let (logits, truth) = (answer.masks.clone().flatten::<3>(2, 3), truth.flatten::<3>(2, 3));
    let focal = focal(logits.clone(), truth.clone()).mean_dim(2).squeeze_dim::<2>(2);
    let each = focal * focal_weight + dice(logits.clone(), truth.clone());
    let actual = iou(logits.inner(), truth);
    let chosen = actual.clone().gather(1, answer.chosen().unsqueeze_dim(1));
    let best = each.clone().min_dim(1);
    let others = match each.dims() {
        [_, 1] => best.clone(),
        [_, count] => (each.sum_dim(1) - best.clone()) / (count - 1) as f64,
    };
    Cost {
        mask: (best * (1.0 - OTHERS) + others * OTHERS).mean(),
        quality: (answer.predicted.clone() - actual).square().mean(),
        iou: chosen.mean(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::{Device, TensorData};
    use serde_json::Value;
    use std::{fs, path::Path};

    fn numbers(value: &Value) -> Vec<f32> {
        let numbers = value.as_array().expect("numbers").iter();
        numbers.map(|x| x.as_f64().expect("a number") as f32).collect()
    }

    fn near(found: Tensor<2>, expected: &[f32], what: &str) {
        let found: Vec<f32> = found.into_data().try_into_vec().expect("f32");
        assert_eq!(found.len(), expected.len());
        for (found, expected) in found.iter().zip(expected) {
            let apart = (found - expected).abs();
            assert!(apart < 3e-6 * expected.abs().max(1.0), "{what}: {found} for {expected}");
        }
    }

    #[test]
    fn they_are_those_of_pytorch() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../../tests/oracles/fixtures/segmentation_loss.json");
        let text = fs::read_to_string(path).expect("tests/oracles/segmentation_loss.py makes it");
        let cases: Value = serde_json::from_str(&text).expect("JSON");
        let cases = cases["cases"].as_array().expect("cases");
        assert!(cases.len() > 2);
        for case in cases {
            let truth = numbers(&case["truth"]);
            let (pixels, logits) = (truth.len(), numbers(&case["logits"]));
            let tensor = |numbers: Vec<f32>| -> Tensor<3> {
                let shape = [1, numbers.len() / pixels, pixels];
                Tensor::from_data(TensorData::new(numbers, shape), &Device::flex())
            };
            let (logits, truth) = (tensor(logits), tensor(truth));
            let mean = focal(logits.clone(), truth.clone()).mean_dim(2).squeeze_dim::<2>(2);
            near(mean, &numbers(&case["focal"]), "focal");
            near(dice(logits.clone(), truth.clone()), &numbers(&case["dice"]), "dice");
            near(iou(logits, truth), &numbers(&case["iou"]), "IoU");
        }
    }

    #[test]
    fn the_best_candidate_learns_most_and_every_prediction_does() {
        let device = Device::flex();
        let tracked = |x: Tensor<4>| x.autodiff().require_grad();
        // The second candidate is right, the first is wrong.
        let masks = tracked(Tensor::from_floats([[[[-2.0, 2.0]], [[2.0, -2.0]]]], &device));
        let predicted = Tensor::<2>::from_floats([[0.5, 0.5]], &device).autodiff().require_grad();
        let answer = Segmented { masks: masks.clone(), predicted: predicted.clone() };
        let truth = Tensor::from_floats([[[[1.0, 0.0]]]], &device);
        let Cost { mask, quality, .. } = cost(&answer, truth, 20.0);
        let gradients = (mask + quality).backward();
        let host = |x: Tensor<4>| -> Vec<f32> { x.into_data().try_into_vec().expect("f32") };
        let slope = host(masks.grad(&gradients).expect("a tracked leaf"));
        assert!(slope[0] < 0.0 && slope[1] > 0.0 && slope[2] < 0.0 && slope[3] > 0.0, "{slope:?}");
        // Taken for the truth, each of the two would learn as much from being as wrong.
        let alone = |masks: Tensor<4>| {
            let masks = tracked(masks);
            let answer = Segmented {
                masks: masks.clone(),
                predicted: Tensor::<2>::from_floats([[0.5]], &device).autodiff(),
            };
            let truth = Tensor::from_floats([[[[1.0, 0.0]]]], &device);
            let gradients = cost(&answer, truth, 20.0).mask.backward();
            host(masks.grad(&gradients).expect("a tracked leaf"))
        };
        for (candidate, share) in [(0, OTHERS), (1, 1.0 - OTHERS)] {
            let own = alone(answer.masks.clone().inner().narrow(1, candidate, 1));
            let (found, expected) = (slope[2 * candidate], own[0] * share as f32);
            assert!((found - expected).abs() < 1e-6, "{found} for {expected}");
        }
        let slope = predicted.grad(&gradients).expect("a tracked leaf");
        let slope: Vec<f32> = slope.into_data().try_into_vec().expect("f32");
        // Half of them: ½ (0.5 − 0)² + ½ (0.5 − 1)².
        assert_eq!(slope, [0.5, -0.5]);
    }
}
