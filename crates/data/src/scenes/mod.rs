//! Pictures of coloured digits of which everything is known: what they show, where, and the words that say it.

mod attributes;
mod caption;
mod compose;
mod digits;
mod objects;
mod render;

pub use attributes::QUESTIONS;
pub use caption::{Caption, Colour, Phrase, Relation, Size};
pub(crate) use compose::{Pairs, Rules};
pub(crate) use digits::Digits;
pub(crate) use objects::DeviceObjects;
pub use render::{Frame, Mask};

pub use crate::drawn::scenes::of_digits;

use crate::values::Values;
use burn::tensor::{Device, Int, Tensor};
use genlab_core::{ImageShape, vocabulary::Vocabulary};
use rand::Rng;
use rayon::prelude::*;
use std::sync::Arc;

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
    /// What it says.
    pub caption: Caption,
}

impl Scene {
    /// Objects in the order in which they are painted.
    fn by_depth(&self) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.objects.len()).collect();
        order.sort_by_key(|place| self.objects[*place].depth);
        order
    }
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

    /// The captions of the pictures at `rows`, `[n, T]` numbers of words. Panics beyond the last picture.
    pub fn captions(
        &self,
        rows: impl IntoIterator<Item = usize>,
        device: &Device,
    ) -> Tensor<2, Int> {
        let texts: Vec<String> =
            rows.into_iter().map(|row| self.rows[row].caption.text()).collect();
        self.vocabulary.tensor(&texts, device)
    }

    /// What is wrong with a text that is no caption as these pictures have them; None where nothing is.
    pub fn fault(&self, text: &str) -> Option<String> {
        let counts = self.rows.iter().map(|scene| scene.objects.len());
        let (least, most) = (counts.clone().min()?, counts.max()?);
        caption::fault(text, least..=most)
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
