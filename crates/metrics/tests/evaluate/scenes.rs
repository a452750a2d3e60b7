//! Captions and scenes: a model, towers and a segmenter that know every scene.

use crate::models::value;
use burn::tensor::{Device, Int, Tensor, TensorData};
use genlab_classifier::ClassifierConfig;
use genlab_core::{
    Align, Batch, Conditions, Generative, InitContext, Mark, NoRuns, Noise as Draws, OpenedRun,
    Prompts, Sample, SampleRequest, Scalars, Seed, Segment, Segmented, Start, Words,
    checkpoint::{self, CheckpointState},
    condition::Captions,
    nn::TextConfig,
    objects::edges,
};
use genlab_data::{Dataset, LoadOptions, Values, load};
use genlab_metrics::{Evaluation, Evaluator, Judge, Settings};
use std::{collections::HashMap, sync::Arc};

/// Every fourth sample is the scene of another caption.
const WRONG: usize = 4;

/// Few scenes of `scenes-32`; those of the test split are known by heart.
fn scenes() -> Dataset {
    let all = load("scenes-32", &LoadOptions::default()).expect("scenes-32 is embedded");
    Dataset { train: all.train.take(300), test: all.test.take(400), ..all }
}

/// Holds each scene where its caption is: a place for every word at every place of it. Other pictures are where a caption without
/// words is.
struct Librarian {
    captions: HashMap<Vec<u32>, Vec<i64>>,
    words: Words,
}

fn bits(numbers: &[f32]) -> Vec<u32> {
    numbers.iter().map(|v| v.to_bits()).collect()
}

fn floats(values: Tensor<4>) -> Vec<f32> {
    values.into_data().try_to_vec().expect("floats")
}

impl Librarian {
    fn new(dataset: &Dataset) -> Self {
        let (device, words) = (Device::flex(), dataset.words().expect("scenes"));
        let read = |values: &Values| {
            let pixels = values.shape().pixels();
            let pictures = floats(values.tensor(0..values.len(), &device));
            let captions = values.captions(0..values.len(), &device).expect("scenes");
            let [_, length] = captions.dims();
            let captions: Vec<i64> =
                captions.into_data().convert::<i64>().try_to_vec().expect("words");
            let of = |(picture, caption): (&[f32], &[i64])| (bits(picture), caption.to_vec());
            pictures.chunks(pixels).zip(captions.chunks(length)).map(of).collect::<Vec<_>>()
        };
        let captions = [&dataset.train, &dataset.test].into_iter().flat_map(read).collect();
        Self { captions, words }
    }
}

impl Generative for Librarian {
    fn num_params(&self) -> usize {
        0
    }
    fn objective(&self, _batch: &Batch, _noise: Draws) -> Scalars {
        Scalars::new()
    }
    fn aligner(&self) -> Option<&dyn Align> {
        Some(self)
    }
}

impl Align for Librarian {
    fn values(&self, values: Tensor<4>) -> Tensor<2> {
        let count = values.dims()[0];
        let (pictures, silence) = (floats(values), vec![0; self.words.length]);
        let said: Vec<i64> = pictures
            .chunks(pictures.len() / count)
            .flat_map(|picture| self.captions.get(&bits(picture)).unwrap_or(&silence).clone())
            .collect();
        let data = TensorData::new(said, [count, self.words.length]);
        self.captions(Tensor::from_data(data, &Device::flex()))
    }

    fn captions(&self, captions: Tensor<2, Int>) -> Tensor<2> {
        let [_, length] = captions.dims();
        let places: Tensor<3> = captions.one_hot(self.words.numbers).float();
        places.flatten::<2>(1, 2) / (length as f64).sqrt()
    }
}

/// Draws the scenes of the test split, every fourth one place further on.
struct Painter(Dataset);

impl Generative for Painter {
    fn num_params(&self) -> usize {
        0
    }
    fn objective(&self, _batch: &Batch, _noise: Draws) -> Scalars {
        Scalars::new()
    }
    fn conditions(&self) -> Conditions {
        let words = self.0.words().expect("scenes");
        let captions = Some(Captions { words, text: TextConfig::default() });
        Conditions { captions, ..Conditions::default() }
    }
    fn sampler(&self) -> Option<&dyn Sample> {
        Some(self)
    }
}

impl Sample for Painter {
    fn sample(&self, request: &SampleRequest) -> Tensor<4> {
        let test = &self.0.test;
        let shown = |row: usize| (row + usize::from(row % WRONG == 0)) % test.len();
        let rows: Vec<usize> = request.rows().map(|row| shown(row as usize)).collect();
        test.select(&rows).tensor(0..rows.len(), &Device::flex())
    }

    fn network_calls(&self, _request: &SampleRequest) -> usize {
        1
    }
}

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

/// The librarian as a finished run.
fn towers(dataset: &Dataset) -> Judge {
    let device = Device::flex();
    let context = InitContext {
        space: dataset.space,
        classes: Some(2),
        past: None,
        words: None,
        objects: None,
        total_images: 1,
        device: device.clone(),
        seed: Seed(0),
        runs: Arc::new(NoRuns),
        start: Start::Fresh,
    };
    let other = ClassifierConfig::default().init(&context).expect("a classifier");
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = checkpoint::save(folder.path(), other.as_ref(), CheckpointState::default());
    let (_, state) = checkpoint::read(&path.expect("writable"), &device).expect("just written");
    let run = OpenedRun {
        model: "librarian".into(),
        settings: serde_json::Value::Null,
        space: dataset.space,
        classes: None,
        frozen: Box::new(Librarian::new(dataset)),
        state,
    };
    Judge::opened("librarian", "00", run, dataset, &device).expect("finite vectors")
}

fn evaluate(dataset: &Dataset, judge: Option<Judge>, model: &dyn Generative) -> Evaluation {
    let settings = Settings { samples: 400, ..Settings::default() };
    Evaluator::new(dataset, judge, &Device::flex(), Seed(0), settings).evaluate(model, &|_| ())
}

/// What is found of all three.
pub(crate) fn evaluations() -> [Evaluation; 3] {
    let dataset = scenes();
    let painter = evaluate(&dataset, Some(towers(&dataset)), &Painter(dataset.clone()));
    let librarian = evaluate(&dataset, None, &Librarian::new(&dataset));
    [painter, librarian, evaluate(&dataset, None, &Cutter::new(&dataset))]
}

#[test]
fn towers_that_know_every_scene_find_every_caption_and_a_judge_reads_what_was_drawn() {
    let [painter, librarian, _] = evaluations();
    for name in ["recall_at_1", "digit", "phrase", "unseen", "relation"] {
        assert_eq!(value(&librarian, &format!("alignment/{name}")), 1.0, "{name}");
    }
    // Three of four are the scenes that were asked for, and the judge reads nine of ten without a fault.
    let drawn = value(&painter, "captions/all");
    assert!((0.6..0.76).contains(&drawn), "{drawn}");
    assert!((0.6..0.9).contains(&value(&painter, "captions/digit")));
    // Of the others the towers see some of the words in their places.
    let score = value(&painter, "captions/clip_score");
    assert!((0.76..0.999).contains(&score), "{score}");
    let rank = value(&painter, "captions/clip_rank");
    assert!((0.6..1.0).contains(&rank), "{rank}");
}

#[test]
fn a_segmenter_that_knows_every_scene_cuts_all_of_an_object_out_and_is_told_by_how_much_it_errs() {
    let dataset = scenes();
    let found = evaluate(&dataset, None, &Cutter::new(&dataset));
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
