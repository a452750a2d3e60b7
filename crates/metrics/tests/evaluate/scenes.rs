//! Captions and scenes: a model, towers and a witness that know every scene.

use crate::models::{figure, strip, value};
use burn::tensor::{Device, Int, Tensor, TensorData};
use genlab_classifier::ClassifierConfig;
use genlab_core::{
    Align, Batch, Conditions, ControlKind, Describe, Generative, InitContext, NoRuns,
    Noise as Draws, OpenedRun, Oracle, Sample, SampleRequest, Scalars, Seed, Start, Words,
    checkpoint::{self, CheckpointState},
    condition::Captions,
    nn::TextConfig,
    vocabulary::Vocabulary,
};
use genlab_data::{Dataset, LoadOptions, Values, load, scenes::Scene};
use genlab_metrics::{Evaluation, Evaluator, Judge, Settings};
use genlab_results::Plot;
use std::{collections::HashMap, sync::Arc};

/// Every fourth sample is the scene of another caption.
const WRONG: usize = 4;

/// Few scenes of this dataset; those of the test split are known by heart.
fn few(name: &str) -> Dataset {
    let all = load(name, &LoadOptions::default()).expect("a dataset that is drawn");
    Dataset { train: all.train.take(300), test: all.test.take(400), ..all }
}

fn scenes() -> Dataset {
    few("scenes-32")
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

/// Knows what every picture shows, but takes every fourth of the test split for the next one where it is careless.
struct Witness {
    seen: HashMap<Vec<u32>, Scene>,
    vocabulary: Vocabulary,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Care {
    Careful,
    Careless,
}

impl Witness {
    fn new(dataset: &Dataset, care: Care) -> Self {
        let device = Device::flex();
        let read = |values: &Values, mistaken: bool| -> HashMap<Vec<u32>, Scene> {
            let pixels = values.shape().pixels();
            let pictures = floats(values.tensor(0..values.len(), &device));
            let scenes = values.scenes.as_ref().expect("scenes").rows();
            let taken =
                |row: usize| (row + usize::from(mistaken && row % WRONG == 0)) % scenes.len();
            let pictures = pictures.chunks(pixels).enumerate();
            pictures.map(|(row, picture)| (bits(picture), scenes[taken(row)].clone())).collect()
        };
        let mut seen = read(&dataset.train, false);
        seen.extend(read(&dataset.test, care == Care::Careless));
        Self { seen, vocabulary: dataset.vocabulary().expect("words").clone() }
    }

    /// What it has seen in each value.
    fn scenes(&self, values: Tensor<4>) -> Vec<&Scene> {
        let count = values.dims()[0];
        let pictures = floats(values);
        pictures.chunks(pictures.len() / count).map(|picture| &self.seen[&bits(picture)]).collect()
    }

    /// A number for each value, from what it has seen and whether the caption is true of that.
    fn told(
        &self,
        values: Tensor<4>,
        captions: Tensor<2, Int>,
        number: impl Fn(&Scene, bool) -> f64,
    ) -> Tensor<1> {
        let words: Vec<i64> = captions.into_data().convert::<i64>().try_to_vec().expect("words");
        let words: Vec<u32> = words.into_iter().map(|word| word as u32).collect();
        let texts = words.chunks(self.vocabulary.length()).map(|words| self.vocabulary.text(words));
        let of = |(scene, text): (&Scene, String)| {
            let is_true = scene.captions().iter().any(|caption| caption.text() == text);
            number(scene, is_true) as f32
        };
        let numbers: Vec<f32> = self.scenes(values).into_iter().zip(texts).map(of).collect();
        let count = numbers.len();
        Tensor::from_data(TensorData::new(numbers, [count]), &Device::flex())
    }
}

impl Generative for Witness {
    fn num_params(&self) -> usize {
        0
    }
    fn objective(&self, _batch: &Batch, _noise: Draws) -> Scalars {
        Scalars::new()
    }
    fn describer(&self) -> Option<&dyn Describe> {
        Some(self)
    }
    fn oracles(&self) -> Vec<(&'static str, Oracle)> {
        vec![("language", Oracle::Captions)]
    }
}

impl Describe for Witness {
    /// Whatever the caption of the dataset mentions first, it begins with the other object.
    fn describe(&self, values: Tensor<4>) -> Tensor<2, Int> {
        let other = |scene: &Scene| {
            let captions = scene.captions();
            let other = captions.iter().find(|caption| **caption != scene.caption);
            other.unwrap_or(&scene.caption).text()
        };
        let texts: Vec<String> = self.scenes(values).into_iter().map(other).collect();
        self.vocabulary.tensor(&texts, &Device::flex())
    }

    fn log_likelihood(&self, values: Tensor<4>, captions: Tensor<2, Int>) -> Tensor<1> {
        self.told(values, captions, |scene, is_true| {
            if is_true { -(scene.captions().len() as f64).ln() } else { -20.0 }
        })
    }

    fn matching(&self, values: Tensor<4>, captions: Tensor<2, Int>) -> Tensor<1> {
        self.told(values, captions, |_, is_true| if is_true { 0.9 } else { 0.1 })
    }
}

/// Draws the ink that it is told in white, but in every fourth sample nothing; and nothing at all where it is told nothing.
struct Tracer;

impl Generative for Tracer {
    fn num_params(&self) -> usize {
        0
    }
    fn objective(&self, _batch: &Batch, _noise: Draws) -> Scalars {
        Scalars::new()
    }
    fn conditions(&self) -> Conditions {
        Conditions::default().with_control(ControlKind::Mask)
    }
    fn sampler(&self) -> Option<&dyn Sample> {
        Some(self)
    }
}

impl Sample for Tracer {
    fn sample(&self, request: &SampleRequest) -> Tensor<4> {
        let Some(ink) = request.condition.control.clone() else {
            return Tensor::zeros([request.count, 3, 32, 32], &Device::flex());
        };
        let drawn = request.rows().map(|row| f32::from(u8::from(row as usize % WRONG != 0)));
        let drawn = TensorData::new(drawn.collect(), [request.count, 1, 1, 1]);
        ink.repeat_dim(1, 3) * Tensor::<4>::from_data(drawn, &Device::flex())
    }

    fn network_calls(&self, _request: &SampleRequest) -> usize {
        1
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

/// What is found of all of them.
pub(crate) fn evaluations() -> [Evaluation; 4] {
    let dataset = scenes();
    let painter = evaluate(&dataset, Some(towers(&dataset)), &Painter(dataset.clone()));
    let noisy = few("scenes-32-noisy");
    let witness = evaluate(&noisy, None, &Witness::new(&noisy, Care::Careful));
    let librarian = evaluate(&dataset, None, &Librarian::new(&dataset));
    [painter, librarian, witness, evaluate(&dataset, None, &Tracer)]
}

#[test]
fn towers_that_know_every_scene_find_every_caption_and_a_judge_reads_what_was_drawn() {
    let [painter, librarian, _, tracer] = evaluations();
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
    // A sample without ink has none in common with a scene.
    let overlap = value(&tracer, "control/iou");
    assert!((overlap - 0.75).abs() < 1e-9, "{overlap}");
    let Plot::Table { rows, .. } = &figure(&tracer, "control").plot else { panic!("a table") };
    let overlaps: Vec<&str> = rows.iter().map(|row| row[2].as_str()).collect();
    assert_eq!(overlaps[..3], ["0.750", "0.000", "1.000"]);
    let chance: f64 = overlaps[3].parse().expect("a number");
    assert!((0.02..0.1).contains(&chance), "{chance}");
    // The judge reads more digits where there is ink than where there is none, and most of all in the scenes.
    let [traced, blank, real] =
        [0, 1, 2].map(|row: usize| rows[row][3].parse::<f64>().expect("a share"));
    assert!(blank < traced && traced < real, "{blank} {traced} {real}");
    assert_eq!(strip(&tracer, "controlled"), (36, 12));
}

#[test]
fn a_witness_is_right_about_every_picture_and_every_caption() {
    let noisy = few("scenes-32-noisy");
    let witness = evaluate(&noisy, None, &Witness::new(&noisy, Care::Careful));
    for name in ["exact_one", "exact_two", "unseen", "auroc", "filter_auroc"] {
        assert_eq!(value(&witness, &format!("description/{name}")), 1.0, "{name}");
    }
    let trained = witness.metrics.iter().find(|m| m.name == "description/filter_auroc");
    let trained = trained.expect("some captions are wrong");
    assert_eq!((trained.split.as_str(), trained.n), ("train", 300));
    let entropy = noisy.test.scenes.as_ref().expect("scenes").entropy_of_captions();
    assert!((value(&witness, "description/nll") - entropy).abs() < 1e-6, "{entropy}");
    let known = noisy.train.scenes.as_ref().expect("scenes").entropy_of_captions();
    let [oracle] = &witness.oracles[..] else { panic!("{:?}", witness.oracles) };
    assert_eq!((oracle.scalar.as_str(), oracle.value), ("language", known));
    assert!(witness.notes.iter().any(|note| note.contains("says what pictures show")));
}

#[test]
fn a_careless_witness_is_wrong_about_every_fourth() {
    let dataset = scenes();
    let witness = evaluate(&dataset, None, &Witness::new(&dataset, Care::Careless));
    let objects = |count: usize| {
        let scenes = dataset.test.scenes.as_ref().expect("scenes").rows();
        let rows = (0..scenes.len()).filter(|row| scenes[*row].objects.len() == count);
        let right = rows.clone().filter(|row| row % WRONG != 0).count();
        right as f64 / rows.count() as f64
    };
    for (name, count) in [("exact_one", 1), ("exact_two", 2)] {
        let found = value(&witness, &format!("description/{name}"));
        // Now and then the next picture shows the same.
        assert!((found - objects(count)).abs() < 0.03, "{name}: {found}");
    }
    // Own captions are probable three times in four, those of the next pictures once in four: 9/16 + 6/16 / 2.
    let area = value(&witness, "description/auroc");
    assert!((area - 0.75).abs() < 0.02, "{area}");
    let clean = witness.metrics.iter().all(|metric| metric.name != "description/filter_auroc");
    assert!(clean, "no caption of scenes-32 is wrong");
    let surprise = value(&witness, "description/nll");
    assert!((4.5..6.0).contains(&surprise), "{surprise}");
}

#[test]
fn the_mask_of_a_scene_is_about_what_its_objects_cover() {
    let scenes = scenes().test.take(200);
    let masks = floats(ControlKind::Mask.of(scenes.tensor(0..scenes.len(), &Device::flex())));
    let truth = scenes.scenes.as_ref().expect("scenes");
    let overlap = |(row, mask): (usize, &[f32])| {
        let objects = truth.masks(row);
        let covered = |pixel: usize| objects.iter().any(|object| object.whole[pixel]);
        let (mut both, mut either) = (0.0, 0.0);
        for (pixel, ink) in mask.iter().enumerate() {
            let (ink, covered) = (*ink > 0.5, covered(pixel));
            both += f64::from(u8::from(ink && covered));
            either += f64::from(u8::from(ink || covered));
        }
        both / either
    };
    let mean = masks.chunks(32 * 32).enumerate().map(overlap).sum::<f64>() / 200.0;
    // Where ink covers a third to a half of a pixel, by its colour, the two differ.
    assert!((0.82..0.92).contains(&mean), "{mean}");
}
