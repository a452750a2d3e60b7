//! Pictures of coloured digits of which everything is known: what they show, where, and the words that say it.

mod attributes;
mod caption;
mod compose;
mod digits;
mod objects;
mod render;

pub use attributes::QUESTIONS;
use caption::Nouns;
pub use caption::{Caption, Colour, Phrase, Relation, SUBJECT, Size};
use compose::relation_of;
pub(crate) use compose::{Pairs, Rules};
pub(crate) use digits::Digits;
pub(crate) use objects::DeviceObjects;
pub use render::{Frame, Mask, Outline};

pub use crate::drawn::{
    scenes::{HeldOut, of_digits},
    subject::without_subject,
};

use crate::values::Values;
use burn::tensor::{DType, Device, Int, Tensor, TensorData};
use genlab_core::{ImageShape, vocabulary::Vocabulary};
use rand::{Rng, RngExt};
use rayon::prelude::*;
use std::{iter, sync::Arc};

/// One object of a scene; its caption says what it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Object {
    /// Where it is.
    pub frame: Frame,
    /// Objects hide those of a lesser depth.
    pub depth: u8,
    /// The row of the digits that it was drawn from.
    source: u32,
}

/// What a picture shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scene {
    /// In the order in which the caption mentions them.
    pub objects: Vec<Object>,
    /// What is true of it.
    pub caption: Caption,
    /// What the dataset says of it instead, where that is wrong.
    pub wrong: Option<Caption>,
}

impl Scene {
    /// The caption that the dataset has of it.
    pub fn told(&self) -> &Caption {
        self.wrong.as_ref().unwrap_or(&self.caption)
    }

    /// Every caption that is true of it and mentions all objects, one for each order of them in which all relations are plain.
    /// Given the picture of two objects either is as likely to be the one that was drawn; of more they are not, since relations
    /// are drawn first and placements that do not fit are rejected.
    pub fn captions(&self) -> Vec<Caption> {
        let of = |order: Vec<usize>| {
            let frame = |place: usize| self.objects[place].frame;
            let relations =
                order.windows(2).map(|pair| relation_of(frame(pair[0]), frame(pair[1])));
            let relations = relations.collect::<Option<Vec<Relation>>>()?;
            let phrases = order.iter().map(|place| self.caption.phrases[*place]).collect();
            Some(Caption { phrases, relations })
        };
        orders(self.objects.len()).into_iter().filter_map(of).collect()
    }

    /// Its caption with every relation turned round, which is false of it. None where it has no relation, or where objects that
    /// look alike make that true as well.
    pub fn turned(&self) -> Option<Caption> {
        self.falsely_turned(&self.caption)
    }

    /// What the dataset says of it with every relation turned round, which is false of it. None where it says no relation, or
    /// where that is true.
    pub fn told_turned(&self) -> Option<Caption> {
        self.falsely_turned(self.told())
    }

    fn falsely_turned(&self, caption: &Caption) -> Option<Caption> {
        let turned = caption.turned();
        let says_the_same = turned == caption.reworded();
        let is_false =
            !says_the_same && !turned.relations.is_empty() && !self.captions().contains(&turned);
        is_false.then_some(turned)
    }

    /// Objects in the order in which they are painted.
    fn by_depth(&self) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.objects.len()).collect();
        order.sort_by_key(|place| self.objects[*place].depth);
        order
    }
}

/// Every order of `count` things.
fn orders(count: usize) -> Vec<Vec<usize>> {
    let longer = |orders: Vec<Vec<usize>>, next: usize| {
        let everywhere = |order: &[usize]| -> Vec<Vec<usize>> {
            (0..=next).map(|at| [&order[..at], &[next][..], &order[at..]].concat()).collect()
        };
        orders.iter().flat_map(|order| everywhere(order)).collect()
    };
    (0..count).fold(vec![Vec::new()], longer)
}

/// −Σ p ln p of captions that are drawn from these, each as likely, in nats: some may say the same.
fn entropy(captions: &[Caption]) -> f64 {
    let count = captions.len() as f64;
    let alike = |one: &Caption| captions.iter().filter(|other| *other == one).count() as f64;
    -captions.iter().map(|caption| (alike(caption) / count).ln()).sum::<f64>() / count
}

/// What the pictures of a split show, one scene each.
#[derive(Clone, Debug, PartialEq)]
pub struct Scenes {
    rows: Vec<Scene>,
    vocabulary: Arc<Vocabulary>,
    side: usize,
    most: usize,
    digits: Arc<Digits>,
}

impl Scenes {
    /// One for each picture.
    pub fn rows(&self) -> &[Scene] {
        &self.rows
    }

    /// The words of their captions, and of those of all scenes of the dataset.
    pub fn vocabulary(&self) -> &Vocabulary {
        &self.vocabulary
    }

    /// Objects of a scene of the dataset at most.
    pub fn most(&self) -> usize {
        self.most
    }

    /// The mean entropy of a true caption given its picture, in nats: no model's mean −ln p(caption | picture) is below it. None
    /// where a scene has more than two objects, whose captions are not all as likely.
    pub fn entropy_of_captions(&self) -> Option<f64> {
        let of = |scene: &Scene| entropy(&scene.captions());
        let is_known = self.rows.iter().all(|scene| scene.objects.len() <= 2);
        is_known.then(|| self.rows.iter().map(of).sum::<f64>() / self.rows.len() as f64)
    }

    /// The captions that the dataset has of the pictures at `rows`, `[n, T]` numbers of words. Panics beyond the last picture.
    pub fn captions(
        &self,
        rows: impl IntoIterator<Item = usize>,
        device: &Device,
    ) -> Tensor<2, Int> {
        self.vocabulary.tensor(&self.texts(rows), device)
    }

    /// The same captions with every relation turned round, `[n, T]`: empty where [`Scene::told_turned`] is none. Panics beyond the
    /// last picture.
    pub fn turned(&self, rows: impl IntoIterator<Item = usize>, device: &Device) -> Tensor<2, Int> {
        let text =
            |row: usize| self.rows[row].told_turned().map_or_else(String::new, |it| it.text());
        let texts: Vec<String> = rows.into_iter().map(text).collect();
        self.vocabulary.tensor(&texts, device)
    }

    /// The same captions with their objects in the opposite order, `[n, T]`. Panics beyond the last picture.
    pub fn reworded(
        &self,
        rows: impl IntoIterator<Item = usize>,
        device: &Device,
    ) -> Tensor<2, Int> {
        let text = |row: usize| self.rows[row].told().reworded().text();
        let texts: Vec<String> = rows.into_iter().map(text).collect();
        self.vocabulary.tensor(&texts, device)
    }

    /// The captions that the dataset has of the pictures at `rows` as text.
    pub fn texts(&self, rows: impl IntoIterator<Item = usize>) -> Vec<String> {
        rows.into_iter().map(|row| self.rows[row].told().text()).collect()
    }

    /// Where captions name their objects, `[n, K]` for K of [`Self::most`]: the places of the words for digits among those of
    /// each caption, counted from 0; 0 where it names fewer. Those beyond K are left out.
    pub fn digit_words<'a>(
        &self,
        captions: impl IntoIterator<Item = &'a Caption>,
        device: &Device,
    ) -> Tensor<2, Int> {
        self.places(captions.into_iter().map(Caption::digit_words), device)
    }

    /// Places of words in each of n captions, `[n, K]`: zeros where there are fewer than K, those beyond left out.
    fn places(&self, of_each: impl Iterator<Item = Vec<usize>>, device: &Device) -> Tensor<2, Int> {
        let of = |places: Vec<usize>| {
            let mut words: Vec<i32> = places.into_iter().map(|place| place as i32).collect();
            words.resize(self.most, 0);
            words
        };
        let words: Vec<Vec<i32>> = of_each.map(of).collect();
        let data = TensorData::new(words.concat(), [words.len(), self.most]);
        Tensor::from_data(data, (device, DType::I32))
    }

    /// What is wrong with a text that is no caption as these pictures have them; None where nothing is.
    pub fn fault(&self, text: &str) -> Option<String> {
        let least = self.rows.iter().map(|scene| scene.objects.len()).min()?;
        let nouns = self.digits.subject().map_or(Nouns::Digits, |_| Nouns::WithSubject);
        caption::fault(text, least..=self.most, nouns)
    }

    /// The outline of the item that is no digit, in each size; None where there is no such item.
    pub fn subject(&self) -> Option<[Outline; 2]> {
        let row = self.digits.subject()?;
        Some(Size::ALL.map(|size| render::outline(row, size, &self.digits)))
    }

    /// The masks of the objects of picture `row`, in the order in which its caption mentions them. Panics beyond the last
    /// picture.
    pub fn masks(&self, row: usize) -> Vec<Mask> {
        render::masks(&self.rows[row], self.side, &self.digits)
    }

    /// Those of the pictures at `rows`, in that order.
    pub(crate) fn select(&self, rows: &[usize]) -> Self {
        self.of(rows.iter().map(|row| self.rows[*row].clone()).collect())
    }

    /// Those of the first `count` pictures.
    pub(crate) fn first(&self, count: usize) -> Self {
        self.of(self.rows[..count].to_vec())
    }

    /// Those of all pictures but the ones at `rows` (ascending).
    pub(crate) fn without(&self, rows: &[usize]) -> Self {
        let others = self.rows.iter().enumerate();
        let others = others.filter(|(row, _)| rows.binary_search(row).is_err());
        self.of(others.map(|(_, scene)| scene.clone()).collect())
    }

    /// The same in which each picture has, with probability `share`, the caption of another of them that is not true of it.
    /// Every picture has draws of its own. There must be a caption that is not true of it.
    pub(crate) fn with_wrong_captions<R: Rng>(
        mut self,
        share: f64,
        draws: impl Fn(u64) -> R,
    ) -> Self {
        let captions: Vec<Caption> = self.rows.iter().map(|scene| scene.caption.clone()).collect();
        for (row, scene) in self.rows.iter_mut().enumerate() {
            let mut draws = draws(row as u64);
            if draws.random::<f64>() >= share {
                continue;
            }
            let own = scene.captions();
            let another = || &captions[draws.random_range(0..captions.len() as u64) as usize];
            scene.wrong = iter::repeat_with(another).find(|other| !own.contains(other)).cloned();
        }
        self
    }

    fn of(&self, rows: Vec<Scene>) -> Self {
        let (vocabulary, digits) = (Arc::clone(&self.vocabulary), Arc::clone(&self.digits));
        Self { rows, vocabulary, side: self.side, most: self.most, digits }
    }
}

/// `count` pictures with what they show, each from draws of its own.
pub(crate) fn draw<R: Rng>(
    rules: &Rules,
    pairs: Pairs,
    digits: Digits,
    count: usize,
    draws: impl Fn(u64) -> R + Sync,
) -> Values {
    let one = |row: u64| {
        let mut draws = draws(row);
        let scene = compose::scene(rules, pairs, &digits, &mut draws);
        (render::paint(&scene, rules.side, &digits, &mut draws), scene)
    };
    let (levels, rows): (Vec<Vec<u8>>, Vec<Scene>) =
        (0..count as u64).into_par_iter().map(one).unzip();
    let vocabulary = Arc::new(caption::vocabulary(rules.objects.1));
    let (side, most) = (rules.side, rules.objects.1);
    let scenes = Scenes { rows, vocabulary, side, most, digits: Arc::new(digits) };
    let shape = ImageShape::new(3, rules.side, rules.side);
    Values::images(shape, levels.concat()).with_scenes(Some(scenes)).cut_first()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(texts: &[&str]) -> Vec<Caption> {
        texts.iter().map(|text| Caption::parse(text).expect(text)).collect()
    }

    /// Objects of these corners in a scene of this caption.
    fn scene(text: &str, corners: &[(usize, usize)]) -> Scene {
        let object = |&(left, top): &(usize, usize)| Object {
            frame: Frame { left, top, width: 8, height: 8 },
            depth: 0,
            source: 0,
        };
        let objects = corners.iter().map(object).collect();
        Scene { objects, caption: Caption::parse(text).expect(text), wrong: None }
    }

    #[test]
    fn there_are_as_many_orders_as_there_should_be() {
        assert_eq!(orders(0), [[0; 0]]);
        assert_eq!(orders(1), [[0]]);
        for (count, expected) in [(2, 2), (3, 6), (4, 24)] {
            let mut orders = orders(count);
            orders.sort_unstable();
            orders.dedup();
            assert_eq!(orders.len(), expected);
        }
    }

    #[test]
    fn what_is_true_of_a_scene_is_every_order_in_which_relations_are_plain() {
        assert_eq!(scene("a red one", &[(3, 3)]).captions(), said(&["a red one"]));
        let two = scene("a red one left of a blue two", &[(0, 0), (16, 1)]);
        let both = ["a red one left of a blue two", "a blue two right of a red one"];
        assert!(said(&both).iter().all(|caption| two.captions().contains(caption)));
        assert_eq!(two.captions().len(), 2);
        assert_eq!(two.caption.reworded().text(), both[1]);
        // The outer two stand at 45 degrees to each other, of which nothing is said.
        let text = "a red one left of a blue two above a white six";
        let three = scene(text, &[(0, 0), (20, 0), (20, 20)]);
        let both = [text, "a white six below a blue two right of a red one"];
        assert_eq!(three.caption.reworded().text(), both[1]);
        assert_eq!(three.captions().len(), 2);
        assert!(said(&both).iter().all(|caption| three.captions().contains(caption)));
    }

    #[test]
    fn what_is_turned_round_is_false_unless_objects_look_alike() {
        let turned = |text: &str| scene(text, &[(0, 0), (16, 1)]).turned();
        let expected = Caption::parse("a red one right of a blue two");
        assert_eq!(turned("a red one left of a blue two"), expected);
        assert_eq!(turned("a red one left of a red one"), None);
        assert_eq!(scene("a red one", &[(3, 3)]).turned(), None);
        // What is wrong is turned as it is told, unless that makes it right.
        let told = |wrong: &str| {
            let scene = scene("a red one left of a blue two", &[(0, 0), (16, 1)]);
            Scene { wrong: Caption::parse(wrong), ..scene }.told_turned()
        };
        assert_eq!(
            told("a red six above a blue two"),
            Caption::parse("a red six below a blue two")
        );
        assert_eq!(told("a red one right of a blue two"), None);
        assert_eq!(told("a red six"), None);
        assert_eq!(
            scene("a red one left of a blue two", &[(0, 0), (16, 1)]).told_turned(),
            expected
        );
    }

    #[test]
    fn captions_have_the_entropy_of_their_orders() {
        let close = |a: f64, b: f64| assert!((a - b).abs() < 1e-12, "{a} for {b}");
        close(entropy(&said(&["a red one"])), 0.0);
        let two = said(&["a red one left of a blue two", "a blue two right of a red one"]);
        close(entropy(&two), 2.0_f64.ln());
        // Three in four say the same.
        let four = [&two[..1], &two[..1], &two[..]].concat();
        close(entropy(&four), -(0.75 * 0.75_f64.ln() + 0.25 * 0.25_f64.ln()));
    }
}
