//! A cutter, which cuts out what is asked for.

use super::{WRONG, bits, evaluate, floats, scenes};
use crate::models::value;
use burn::tensor::{Device, Tensor, TensorData};
use genlab_core::{
    Batch, Generative, Mark, Noise as Draws, Prompts, Scalars, Segment, Segmented, objects::edges,
};
use genlab_data::{Dataset, Values};
use genlab_metrics::Evaluation;
use std::collections::HashMap;

/// Cuts out of the scenes of the test split what a click lies on or a box lies around, and nothing out of others. From clicks on
/// every fourth scene it prefers a mask without the object's uppermost pixels, and says how much that overlaps.
struct Cutter {
    scenes: HashMap<Vec<u32>, usize>,
    test: Values,
}

impl Cutter {
    fn new(dataset: &Dataset) -> Self {
        let test = dataset.test.clone();
        let pictures = floats(test.tensor(0..test.len(), &Device::flex()));
        let pictures = pictures.chunks(test.shape().pixels()).map(bits);
        Self { scenes: pictures.zip(0..).collect(), test }
    }

    /// Where the object of a scene is seen that is asked for first.
    fn asked(&self, scene: usize, mark: i64, places: &[f32]) -> Vec<bool> {
        let width = self.test.shape().width;
        let masks = self.test.scenes.as_ref().expect("scenes").masks(scene);
        let pixel = places[1] as usize * width + places[0] as usize;
        let is = |mask: &Vec<bool>| {
            let map: Vec<u8> = mask.iter().map(|seen| u8::from(*seen)).collect();
            if mark == i64::from(Mark::Inside.number()) {
                mask[pixel]
            } else {
                edges(&map, width, 1) == places[..4]
            }
        };
        masks.into_iter().map(|mask| mask.visible).find(is).expect("a prompt for an object")
    }
}

impl Generative for Cutter {
    fn num_params(&self) -> usize {
        0
    }
    fn objective(&self, _batch: &Batch, _noise: Draws) -> Scalars {
        Scalars::new()
    }
    fn segmenter(&self) -> Option<&dyn Segment> {
        Some(self)
    }
}

impl Segment for Cutter {
    fn segment(&self, values: Tensor<4>, prompts: &Prompts) -> Segmented {
        let [count, _, height, width] = values.dims();
        let [_, asked, _] = prompts.places.dims();
        let places: Vec<f32> = prompts.places.clone().into_data().try_to_vec().expect("floats");
        let marks = prompts.marks.clone().into_data().convert::<i64>();
        let marks: Vec<i64> = marks.try_to_vec().expect("marks");
        let (mut masks, mut predicted) = (Vec::new(), Vec::new());
        for (row, picture) in floats(values).chunks(self.test.shape().pixels()).enumerate() {
            let scene = self.scenes.get(&bits(picture)).copied();
            let (places, mark) = (&places[2 * asked * row..], marks[asked * row]);
            let truth = scene.map(|scene| self.asked(scene, mark, places));
            let truth = truth.unwrap_or_else(|| vec![false; height * width]);
            let top = truth.iter().position(|seen| *seen).unwrap_or(0) / width;
            let part = truth.iter().enumerate().map(|(at, seen)| *seen && at / width > top);
            let part: Vec<bool> = part.collect();
            let size = |mask: &[bool]| mask.iter().filter(|seen| **seen).count() as f32;
            let hasty = scene.is_some_and(|scene| scene % WRONG == 0)
                && mark == i64::from(Mark::Inside.number())
                && prompts.mask.is_none();
            // All of the truth is in the truth; of a part the part; of everything the truth.
            predicted.push(if hasty { 0.0 } else { size(&truth).min(1.0) });
            predicted.push(size(&part) / size(&truth).max(1.0));
            predicted.push(size(&truth) / (height * width) as f32);
            for mask in [truth, part, vec![true; height * width]] {
                masks.extend(mask.into_iter().map(|seen| if seen { 1.0_f32 } else { -1.0 }));
            }
        }
        let device = Device::flex();
        Segmented {
            masks: Tensor::from_data(TensorData::new(masks, [count, 3, height, width]), &device),
            predicted: Tensor::from_data(TensorData::new(predicted, [count, 3]), &device),
        }
    }
}

/// What is found of it.
pub(super) fn evaluation(dataset: &Dataset) -> Evaluation {
    evaluate(dataset, None, &Cutter::new(dataset))
}

#[test]
fn a_segmenter_that_knows_every_scene_cuts_all_of_an_object_out_and_is_told_by_how_much_it_errs() {
    let found = evaluation(&scenes());
    let of = |name: &str| value(&found, &format!("segmentation/{name}"));
    for name in ["point_best_iou", "second_click_iou", "box_iou"] {
        assert_eq!(of(name), 1.0, "{name}");
    }
    // A row of pixels is missing from objects of ten to fifteen rows in a quarter of the scenes.
    for name in ["point_iou", "unseen_iou"] {
        assert!((0.95..0.999).contains(&of(name)), "{name}: {}", of(name));
    }
    // It takes the best mask of a quarter of the scenes for nothing, and knows how good those are that it chooses.
    assert!((0.5..0.95).contains(&of("predicted")), "{}", of("predicted"));
    assert!(of("predicted_chosen") > 0.999, "{}", of("predicted_chosen"));
    assert_eq!(of("fashion_iou"), 0.0, "it has never seen any");
    assert!((0.2..0.95).contains(&of("component_iou")), "{}", of("component_iou"));
    assert!(found.notes.iter().any(|note| note.contains("the model cuts objects out")));
    let names: Vec<&str> = found.figures.iter().map(|figure| figure.name.as_str()).collect();
    assert_eq!(names, ["segmented", "segmentation"]);
}
