//! A painter of scenes, and towers that read what it draws.

use super::{WRONG, bits, evaluate, floats, scenes};
use crate::models::{digits, figure, value};
use burn::tensor::{Device, Int, Tensor, TensorData};
use genlab_classifier::ClassifierConfig;
use genlab_core::{
    Align, Batch, Conditions, Generative, InitContext, NoRuns, Noise as Draws, OpenedRun, Sample,
    SampleRequest, Scalars, Seed, Start, Words,
    checkpoint::{self, CheckpointState},
    condition::Captions,
    nn::TextConfig,
    vocabulary::{captions_of_classes, words_of_classes},
};
use genlab_data::{Dataset, Values};
use genlab_metrics::{Evaluation, Judge};
use genlab_results::Plot;
use std::{collections::HashMap, sync::Arc};

/// The librarian's inverse temperature.
const SCALE: f32 = 100.0;

/// Holds each picture where its caption, or its class, is: a place for every word at every place of it. Other pictures are where
/// a caption without words is.
struct Librarian {
    captions: HashMap<Vec<u32>, Vec<i64>>,
    words: Words,
}

impl Librarian {
    fn new(dataset: &Dataset) -> Self {
        let device = Device::flex();
        let classes = || words_of_classes(dataset.classes.as_ref().expect("labels").len());
        let words = dataset.words().unwrap_or_else(classes);
        let read = |values: &Values| {
            let pixels = values.shape().pixels();
            let Batch { values: pictures, labels, captions, .. } =
                values.batch(0..values.len(), &device);
            let pictures = floats(pictures);
            let captions = captions.or(labels.map(captions_of_classes)).expect("something is said");
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

    fn scale(&self) -> Tensor<1> {
        Tensor::from_floats([SCALE], &Device::flex())
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
        let shown = |row: usize| (row + usize::from(row.is_multiple_of(WRONG))) % test.len();
        let rows: Vec<usize> = request.rows().map(|row| shown(row as usize)).collect();
        test.select(&rows).tensor(0..rows.len(), &Device::flex())
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
        captions: None,
        frozen: Box::new(Librarian::new(dataset)),
        state,
    };
    Judge::opened("librarian", "00", run, dataset, &device).expect("finite vectors")
}

/// What is found of the painter, judged by the towers, of these, and of such that hold digits beside their classes.
pub(super) fn evaluations(dataset: &Dataset) -> [Evaluation; 3] {
    let painter = evaluate(dataset, Some(towers(dataset)), &Painter(dataset.clone()));
    let librarian = |dataset: &Dataset| evaluate(dataset, None, &Librarian::new(dataset));
    [painter, librarian(dataset), librarian(&digits())]
}

#[test]
fn towers_that_know_every_scene_find_every_caption_and_a_judge_reads_what_was_drawn() {
    let [painter, librarian, sorter] = evaluations(&scenes());
    for name in ["recall_at_1", "digit", "phrase", "unseen", "relation"] {
        assert_eq!(value(&librarian, &format!("alignment/{name}")), 1.0, "{name}");
    }
    assert_eq!(value(&sorter, "alignment/class"), 1.0);
    // Captions that share all words but one are e^-10 apart, and classes further.
    for (towers, most) in [(&librarian, 0.05), (&sorter, 1e-6)] {
        let above = value(towers, "alignment/above_floor");
        assert!((-1e-9..most).contains(&above), "{above}");
        let loss = value(towers, "alignment/infonce");
        let entry = towers.metrics.iter().find(|metric| metric.name == "alignment/infonce");
        let qualifier = entry.and_then(|metric| metric.qualifier.as_deref()).expect("its floor");
        let floor: f64 = qualifier.strip_prefix("floor ").expect("its floor").parse().unwrap();
        assert!((loss - above - floor).abs() < 1e-4, "{loss}, {above}, {floor}");
        // 400 scenes and 360 digits fill no batch of 512.
        let Plot::Table { rows, .. } = &figure(towers, "infonce-table").plot else {
            panic!("a table");
        };
        assert_eq!(rows.iter().map(|row| row[0].as_str()).collect::<Vec<_>>(), ["8", "32", "128"]);
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
