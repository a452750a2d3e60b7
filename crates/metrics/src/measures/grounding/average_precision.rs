//! How often boxes are right, by how sure the model is of them.

/// A box that was found, right or not.
#[derive(Clone, Copy, Debug)]
pub struct Detection {
    /// How sure the model is of it.
    pub score: f64,
    /// Whether it lies on what was asked for.
    pub right: bool,
}

/// Recalls at which precision is read off, from 0 to 1.
const RECALLS: u32 = 101;

/// Average precision as COCO has it (Lin et al. 2014, arXiv:1405.0312; pycocotools, `COCOeval.accumulate`) of detections among
/// `objects` that could be found, in [0, 1]: from the surest on, precision and recall of those so far; precision at a recall
/// is the best at that recall or any higher one, 0 where it is never reached; the mean over recalls of 0, 0.01, … 1. None where
/// nothing could be found. Detections of equal scores come all at once, where pycocotools takes the earlier one first: a model
/// that cannot tell them apart gains nothing by the order in which it is asked.
pub fn average_precision(detections: &[Detection], objects: usize) -> Option<f64> {
    if objects == 0 {
        return None;
    }
    let mut order: Vec<&Detection> = detections.iter().collect();
    order.sort_by(|a, b| b.score.total_cmp(&a.score));
    let (mut right, mut all) = (0_usize, 0_usize);
    let so_far = |equal: &[&Detection]| {
        right += equal.iter().filter(|detection| detection.right).count();
        all += equal.len();
        (right as f64 / objects as f64, right as f64 / all as f64)
    };
    let (recalls, mut precisions): (Vec<f64>, Vec<f64>) =
        order.chunk_by(|a, b| a.score.total_cmp(&b.score).is_eq()).map(so_far).unzip();
    for place in (1..precisions.len()).rev() {
        precisions[place - 1] = precisions[place - 1].max(precisions[place]);
    }
    let at = |step: u32| {
        // 0.01 times a number, as NumPy's linspace has it, and not the number over 100.
        let least = f64::from(step) * 0.01;
        let place = recalls.partition_point(|recall| *recall < least);
        precisions.get(place).copied().unwrap_or(0.0)
    };
    Some((0..RECALLS).map(at).sum::<f64>() / f64::from(RECALLS))
}

/// Intersection over union of two boxes, left, top, right and bottom edge each; 0 where both are empty.
pub fn iou(a: [f64; 4], b: [f64; 4]) -> f64 {
    let area =
        |[left, top, right, bottom]: [f64; 4]| (right - left).max(0.0) * (bottom - top).max(0.0);
    let both = area([a[0].max(b[0]), a[1].max(b[1]), a[2].min(b[2]), a[3].min(b[3])]);
    let either = area(a) + area(b) - both;
    if either > 0.0 { both / either } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;
    use std::{fs, path::Path};

    /// A question of the fixture, with the object where there is one, the box that was found, and how it overlaps.
    struct Question {
        object: Option<[f64; 4]>,
        found: [f64; 4],
        score: f64,
        iou: f64,
    }

    fn question(value: &Value) -> Question {
        let number = |value: &Value| value.as_f64().expect("a number");
        let edges = |value: &Value| [0, 1, 2, 3].map(|edge| number(&value[edge]));
        let object = &value["object"];
        Question {
            object: (!object.is_null()).then(|| edges(object)),
            found: edges(&value["found"]),
            score: number(&value["score"]),
            iou: number(&value["iou"]),
        }
    }

    #[test]
    fn it_is_that_of_pycocotools() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../../tests/oracles/fixtures/grounding_ap.json");
        let text = fs::read_to_string(path).expect("tests/oracles/grounding_ap.py makes it");
        let cases: Value = serde_json::from_str(&text).expect("JSON");
        let cases = cases["cases"].as_array().expect("cases");
        assert!(cases.len() > 3);
        for case in cases {
            let questions = case["questions"].as_array().expect("questions").iter();
            let questions: Vec<Question> = questions.map(question).collect();
            let objects = questions.iter().filter(|question| question.object.is_some()).count();
            let detection = |(number, question): (usize, &Question)| {
                let overlap = question.object.map_or(0.0, |object| iou(object, question.found));
                assert!((overlap - question.iou).abs() < 1e-9, "{overlap}: {}", question.iou);
                // Scores have six decimals; of equal ones pycocotools takes the earlier first.
                let score = question.score - 1e-9 * number as f64;
                Detection { score, right: overlap >= 0.5 }
            };
            let detections: Vec<Detection> = questions.iter().enumerate().map(detection).collect();
            let found = average_precision(&detections, objects).expect("objects");
            let expected = case["ap50"].as_f64().expect("a number");
            assert!((found - expected).abs() < 1e-6, "{found} for {expected}");
        }
    }

    #[test]
    fn what_is_found_first_counts_and_what_is_never_found_counts_as_well() {
        let detection = |score, right| Detection { score, right };
        let of = |detections: &[Detection], objects| average_precision(detections, objects);
        assert_eq!(of(&[], 0), None);
        assert_eq!(of(&[], 3), Some(0.0));
        assert_eq!(of(&[detection(0.9, true), detection(0.1, false)], 1), Some(1.0));
        assert_eq!(of(&[detection(0.1, true), detection(0.9, false)], 1), Some(0.5));
        // Half of the objects are never found: 51 recalls of 101 are reached.
        let half = of(&[detection(0.9, true)], 2).expect("objects");
        assert!((half - 51.0 / 101.0).abs() < 1e-12, "{half}");
    }

    #[test]
    fn whoever_gives_all_boxes_one_score_has_the_share_of_right_ones_in_whatever_order() {
        let all = [true, true, true, false].map(|right| Detection { score: 0.5, right });
        let turned: Vec<Detection> = all.iter().rev().copied().collect();
        for detections in [&all[..], &turned] {
            let found = average_precision(detections, 3).expect("objects");
            assert!((found - 0.75).abs() < 1e-12, "{found}");
        }
    }

    #[test]
    fn boxes_overlap_as_their_areas_do() {
        assert_eq!(iou([0.0, 0.0, 2.0, 2.0], [1.0, 1.0, 3.0, 3.0]), 1.0 / 7.0);
        assert_eq!(iou([0.0, 0.0, 1.0, 1.0], [2.0, 0.0, 3.0, 1.0]), 0.0);
        assert_eq!(iou([0.0; 4], [0.0; 4]), 0.0);
    }
}
