//! A witness, who says what pictures show.

use super::{WRONG, bits, evaluate, few, floats, scenes};
use crate::models::value;
use burn::tensor::{Device, Int, Tensor, TensorData};
use genlab_core::{
    Batch, Describe, Generative, Noise as Draws, Oracle, Scalars, vocabulary::Vocabulary,
};
use genlab_data::{Dataset, Values, scenes::Scene};
use genlab_metrics::Evaluation;
use genlab_results::Plot;
use std::collections::HashMap;

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
            let taken = |row: usize| {
                (row + usize::from(mistaken && row.is_multiple_of(WRONG))) % scenes.len()
            };
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

    /// Whatever it says, it looks at the upper half.
    fn attended(&self, values: Tensor<4>, captions: Tensor<2, Int>) -> Option<Tensor<4>> {
        let ([count, _, height, width], [_, words]) = (values.dims(), captions.dims());
        let half =
            |weight: f32| Tensor::full([count, words, height / 2, width], weight, &Device::flex());
        Some(Tensor::cat(vec![half(0.25), half(0.0)], 2))
    }
}

/// What is found of a careful one.
pub(super) fn evaluation(dataset: &Dataset) -> Evaluation {
    evaluate(dataset, None, &Witness::new(dataset, Care::Careful))
}

#[test]
fn a_witness_is_right_about_every_picture_and_every_caption() {
    let noisy = few("scenes-32-noisy");
    let witness = evaluation(&noisy);
    for name in ["exact_one", "exact_two", "unseen", "auroc", "filter_auroc"] {
        assert_eq!(value(&witness, &format!("description/{name}")), 1.0, "{name}");
    }
    let trained = witness.metrics.iter().find(|m| m.name == "description/filter_auroc");
    let trained = trained.expect("some captions are wrong");
    assert_eq!((trained.split.as_str(), trained.n), ("train", 300));
    let entropy = noisy.test.scenes.as_ref().expect("scenes").entropy_of_captions();
    let entropy = entropy.expect("two objects at most");
    assert!((value(&witness, "description/nll") - entropy).abs() < 1e-6, "{entropy}");
    assert!(witness.oracles.is_empty(), "wrong captions have another entropy");
    assert!(witness.notes.iter().any(|note| note.contains("says what pictures show")));
}

#[test]
fn every_word_is_drawn_with_where_it_was_looked_for() {
    let dataset = scenes();
    let witness = evaluation(&dataset);
    let figure = witness.figures.iter().find(|figure| figure.name == "attended");
    let figure = figure.expect("it says where it looks");
    let Plot::Strip(strip) = &figure.plot else { panic!("no pictures: {:?}", figure.plot) };
    let (_, texts) = figure.caption.rsplit_once("Row by row: ").expect("what was said");
    let words: Vec<usize> = texts.split("; ").map(|text| text.split(' ').count()).collect();
    let longest = words.iter().max().copied().expect("scenes of two objects");
    assert_eq!((strip.columns, strip.count()), (1 + longest, words.len() * (1 + longest)));
    let (height, width) = (strip.height, strip.width);
    let tiles: Vec<&[u8]> = strip.images().collect();
    for (tiles, words) in tiles.chunks(strip.columns).zip(words) {
        for tile in &tiles[1..=words] {
            let (first, last) = (&tile[(height - width) * width..][..width], (height - 1) * width);
            // Half way to white at least, and black.
            assert!(first.iter().all(|level| *level >= 127), "{first:?}");
            assert!(tile[last..height * width].iter().all(|level| *level == 0));
            assert!(tile[..(height - width) * width].contains(&255), "no word stands above");
        }
        let rest = tiles[1 + words..].concat();
        assert!(rest.iter().all(|level| *level == 128), "something is drawn beyond the last word");
    }
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
    let interval = witness.metrics.iter().find(|m| m.name == "description/auroc");
    let [low, high] = interval.and_then(|metric| metric.ci95).expect("an interval");
    let half_width = (high - low) / 2.0;
    let expected = 1.96 * (area * (1.0 - area) / dataset.test.len() as f64).sqrt();
    assert!((half_width / expected - 1.0).abs() < 0.1, "{half_width} for {expected}");
    let known = dataset.train.scenes.as_ref().expect("scenes").entropy_of_captions();
    let [oracle] = &witness.oracles[..] else { panic!("{:?}", witness.oracles) };
    assert_eq!((oracle.scalar.as_str(), Some(oracle.value)), ("language", known));
    let clean = witness.metrics.iter().all(|metric| metric.name != "description/filter_auroc");
    assert!(clean, "no caption of scenes-32 is wrong");
    let surprise = value(&witness, "description/nll");
    assert!((4.5..6.0).contains(&surprise), "{surprise}");
}
