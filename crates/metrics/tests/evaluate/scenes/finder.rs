//! A finder, which knows where everything is that captions name.

use super::{WRONG, bits, evaluate, floats, scenes};
use crate::models::value;
use burn::tensor::{Device, Int, Tensor, TensorData};
use genlab_core::{
    Batch, Generative, Ground, Grounded, Noise as Draws, Scalars,
    objects::{EDGES, edges},
};
use genlab_data::{Dataset, Values, scenes::Caption};
use genlab_metrics::Evaluation;
use std::collections::HashMap;

/// Finds the phrases of the scenes of the test split, and is sure of it. In every fourth scene its boxes lie beside their objects,
/// and it is less sure. Of phrases that are not there it is not sure.
struct Finder {
    scenes: HashMap<Vec<u32>, usize>,
    test: Values,
}

impl Finder {
    fn new(dataset: &Dataset) -> Self {
        let test = dataset.test.clone();
        let pictures = floats(test.tensor(0..test.len(), &Device::flex()));
        let pictures = pictures.chunks(test.shape().pixels()).map(bits);
        Self { scenes: pictures.zip(0..).collect(), test }
    }

    /// How sure it is of the phrase of a caption whose digit is word `word`, and its box.
    fn find(&self, scene: usize, caption: &Caption, word: i64) -> (f32, [f32; EDGES]) {
        let scenes = self.test.scenes.as_ref().expect("scenes");
        let place = caption.digit_words().iter().position(|place| *place as i64 == word);
        let own = &scenes.rows()[scene].caption;
        let Some(place) = place.filter(|_| caption == own) else { return (0.1, [0.0; EDGES]) };
        let mask = scenes.masks(scene).swap_remove(place).visible;
        let map: Vec<u8> = mask.iter().map(|seen| u8::from(*seen)).collect();
        let [left, top, right, bottom] = edges(&map, self.test.shape().width, 1);
        if scene.is_multiple_of(WRONG) {
            (0.5, [right, top, right + 1.0, bottom])
        } else {
            (0.9, [left, top, right, bottom])
        }
    }
}

impl Generative for Finder {
    fn num_params(&self) -> usize {
        0
    }
    fn objective(&self, _batch: &Batch, _noise: Draws) -> Scalars {
        Scalars::new()
    }
    fn grounder(&self) -> Option<&dyn Ground> {
        Some(self)
    }
}

impl Ground for Finder {
    fn ground(
        &self,
        values: Tensor<4>,
        captions: Tensor<2, Int>,
        words: Tensor<2, Int>,
    ) -> Grounded {
        let ([count, most], [_, length]) = (words.dims(), captions.dims());
        let numbers = |words: Tensor<2, Int>| -> Vec<i64> {
            words.into_data().convert::<i64>().try_to_vec().expect("numbers")
        };
        let (captions, words) = (numbers(captions), numbers(words));
        let vocabulary = self.test.scenes.as_ref().expect("scenes").vocabulary();
        let (mut scores, mut boxes) = (Vec::new(), Vec::new());
        for (row, picture) in floats(values).chunks(self.test.shape().pixels()).enumerate() {
            let scene = self.scenes[&bits(picture)];
            let tokens = &captions[row * length..(row + 1) * length];
            let tokens: Vec<u32> = tokens.iter().map(|word| *word as u32).collect();
            let caption = Caption::parse(&vocabulary.text(&tokens)).expect("a caption");
            for word in &words[row * most..(row + 1) * most] {
                let (score, found) = self.find(scene, &caption, *word);
                scores.push(score);
                boxes.extend(found);
            }
        }
        let device = Device::flex();
        Grounded {
            scores: Tensor::from_data(TensorData::new(scores, [count, most]), &device),
            boxes: Tensor::from_data(TensorData::new(boxes, [count, most, EDGES]), &device),
        }
    }
}

/// What is found of it.
pub(super) fn evaluation(dataset: &Dataset) -> Evaluation {
    evaluate(dataset, None, &Finder::new(dataset))
}

#[test]
fn a_grounder_that_knows_every_scene_finds_all_but_what_it_puts_beside() {
    let dataset = scenes();
    let found = evaluation(&dataset);
    let of = |name: &str| value(&found, &format!("grounding/{name}"));
    let rows = dataset.test.scenes.as_ref().expect("scenes").rows();
    let phrases = |keep: &dyn Fn(usize) -> bool| -> f64 {
        let kept = rows.iter().enumerate().filter(|(row, _)| keep(*row));
        kept.map(|(_, scene)| scene.objects.len()).sum::<usize>() as f64
    };
    let right = phrases(&|row| row % WRONG != 0) / phrases(&|_| true);
    for name in ["recall", "mean_iou"] {
        assert!((of(name) - right).abs() < 1e-9, "{name}: {} for {right}", of(name));
    }
    assert!((0.5..1.0).contains(&of("unseen")), "{}", of("unseen"));
    // The right boxes are the surest, so precision is 1 up to their recall, and 0 beyond it.
    assert!((of("ap50") - right).abs() < 0.02, "{} for {right}", of("ap50"));
    assert!((0.2..=1.0).contains(&of("colour_blob")), "{}", of("colour_blob"));
    assert!(found.notes.iter().any(|note| note.contains("the model finds what captions name")));
    let names: Vec<&str> = found.figures.iter().map(|figure| figure.name.as_str()).collect();
    assert_eq!(names, ["grounded", "grounding"]);
}
