//! The values of one split, on the host.

use crate::{dataset::drawn_order, scenes::Scenes};
use genlab_core::{ImageShape, Space};
use serde::{Deserialize, Serialize};
use std::{borrow::Cow, ops::Range};

/// Host values of one split.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Values {
    /// What every value is; the same for all splits of a dataset.
    pub space: Space,
    /// `[n, C, H, W]` row-major.
    pub numbers: Numbers,
    /// `[n]` class indices, where the dataset has classes.
    pub labels: Option<Vec<u32>>,
    /// What came before each value, where they are windows of series.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pasts: Option<Pasts>,
    /// What each picture shows, where they are scenes.
    #[serde(skip)]
    pub scenes: Option<Scenes>,
    /// How a part of them is taken.
    #[serde(skip)]
    pub cut: Cut,
}

/// How a part of a split is taken that stands for all of it.
///
/// The first of a split are such a part where it stands in random order, and nowhere else: files stand by class, by writer
/// or by time. So whoever measures a part asks for [`Values::sample`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Cut {
    /// By a draw of the house's own, the same for every run.
    #[default]
    Drawn,
    /// The first: the values stand in random order, or published numbers are of these.
    First,
}

/// What came before each value of a split.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Pasts {
    /// Numbers before each value, P.
    pub length: usize,
    /// `[n, P]` row-major in the units of the values, the latest last.
    pub numbers: Vec<f32>,
}

impl Pasts {
    /// The `P` numbers before value `index`. Panics beyond the last value.
    pub fn row(&self, index: usize) -> &[f32] {
        &self.numbers[range(index, self.length)]
    }
}

/// Numbers of values, in the narrowest form that holds what was read or drawn.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Numbers {
    /// Levels of a unit range: 0 = black, 255 = white.
    Bytes(Vec<u8>),
    /// Numbers in the units of their space.
    Floats(Vec<f32>),
}

impl Values {
    /// Images with pixels of 256 levels, `[n, C, H, W]`, without labels.
    pub fn images(shape: ImageShape, bytes: Vec<u8>) -> Self {
        Self {
            space: Space::images(shape),
            numbers: Numbers::Bytes(bytes),
            labels: None,
            pasts: None,
            scenes: None,
            cut: Cut::Drawn,
        }
    }

    /// Values `[n, C, H, W]` in the units of `space`, without labels.
    pub fn floats(space: Space, floats: Vec<f32>) -> Self {
        let numbers = Numbers::Floats(floats);
        Self { space, numbers, labels: None, pasts: None, scenes: None, cut: Cut::Drawn }
    }

    /// The same values with these labels, one each.
    pub fn with_labels(self, labels: Option<Vec<u32>>) -> Self {
        Self { labels, ..self }
    }

    /// The same values, of which a part is the first.
    #[must_use]
    pub(crate) fn cut_first(self) -> Self {
        Self { cut: Cut::First, ..self }
    }

    /// The same values with what came before each. Panics where they are not as many.
    pub fn with_pasts(self, pasts: Option<Pasts>) -> Self {
        if let Some(Pasts { length, numbers }) = &pasts {
            assert_eq!(numbers.len(), length * self.len(), "one past for each value");
        }
        Self { pasts, ..self }
    }

    /// The same values with what each shows.
    pub(crate) fn with_scenes(self, scenes: Option<Scenes>) -> Self {
        Self { scenes, ..self }
    }

    /// Channels, height and width of every value.
    pub fn shape(&self) -> ImageShape {
        self.space.shape
    }

    /// Number of values.
    pub fn len(&self) -> usize {
        self.numbers.len().checked_div(self.shape().pixels()).unwrap_or(0)
    }

    /// Whether there are no values.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All levels, of values that are stored as bytes.
    pub fn bytes(&self) -> Option<&[u8]> {
        match &self.numbers {
            Numbers::Bytes(bytes) => Some(bytes),
            Numbers::Floats(_) => None,
        }
    }

    /// The `C·H·W` levels of image `index`. Panics beyond the last image, and for values that are not
    /// stored as bytes.
    pub fn image(&self, index: usize) -> &[u8] {
        let bytes =
            self.bytes().expect("only values that are stored as bytes are images of levels");
        &bytes[range(index, self.shape().pixels())]
    }

    /// Number `index` of all `n·C·H·W`, in the units of the space: a byte's level in [0, 1] is
    /// value / 255. Panics beyond the last.
    pub fn level(&self, index: usize) -> f64 {
        match &self.numbers {
            Numbers::Bytes(bytes) => f64::from(bytes[index]) / 255.0,
            Numbers::Floats(floats) => f64::from(floats[index]),
        }
    }

    /// Σ f(v) over all numbers, in the units of the space.
    pub(crate) fn sum_over(&self, f: impl Fn(f64) -> f64) -> f64 {
        match &self.numbers {
            Numbers::Bytes(bytes) => {
                let mut counts = [0_u64; 256];
                for &byte in bytes {
                    counts[usize::from(byte)] += 1;
                }
                let level = |(byte, n): (usize, u64)| n as f64 * f(byte as f64 / 255.0);
                counts.into_iter().enumerate().map(level).sum()
            }
            Numbers::Floats(floats) => floats.iter().map(|&v| f(f64::from(v))).sum(),
        }
    }

    /// The `C·H·W` numbers of value `index`, in the units of the space. Panics beyond the last value.
    pub fn row_f64(&self, index: usize) -> Vec<f64> {
        range(index, self.shape().pixels()).map(|index| self.level(index)).collect()
    }

    /// All numbers `[n, C, H, W]`, in the units of the space.
    pub fn to_f64(&self) -> Vec<f64> {
        (0..self.numbers.len()).map(|index| self.level(index)).collect()
    }

    /// As [`Values::to_f64`], in the precision of tensors: equal to those of [`Values::tensor`].
    pub fn to_f32(&self) -> Vec<f32> {
        self.rows_f32(0..self.len())
    }

    /// The numbers of the values at `rows`, as [`Values::to_f32`] has them. Panics beyond the last value.
    pub fn rows_f32(&self, rows: Range<usize>) -> Vec<f32> {
        let size = self.shape().pixels();
        let range = rows.start * size..rows.end * size;
        match &self.numbers {
            Numbers::Bytes(bytes) => {
                bytes[range].iter().map(|&level| f32::from(level) / 255.0).collect()
            }
            Numbers::Floats(floats) => floats[range].to_vec(),
        }
    }

    /// Copies of the values at `rows`, in that order. Panics beyond the last value.
    pub fn select(&self, rows: &[usize]) -> Self {
        let labels = self.labels.as_ref().map(|labels| rows_of(labels, rows, 1));
        let numbers = self.numbers.rows(rows, self.shape().pixels());
        let pasts = self.pasts.as_ref().map(|Pasts { length, numbers }| Pasts {
            length: *length,
            numbers: rows_of(numbers, rows, *length),
        });
        let scenes = self.scenes.as_ref().map(|scenes| scenes.select(rows));
        Self { space: self.space, numbers, labels, pasts, scenes, cut: Cut::Drawn }
    }

    /// Copies of the first `count` values, or of all if there are fewer.
    pub fn take(&self, count: usize) -> Self {
        let count = count.min(self.len());
        Self {
            space: self.space,
            numbers: self.numbers.slice(0..count * self.shape().pixels()),
            labels: self.labels.as_ref().map(|labels| labels[..count].to_vec()),
            pasts: self.pasts.as_ref().map(|Pasts { length, numbers }| Pasts {
                length: *length,
                numbers: numbers[..count * length].to_vec(),
            }),
            scenes: self.scenes.as_ref().map(|scenes| scenes.first(count)),
            cut: self.cut,
        }
    }

    /// `count` values that stand for all of them, or all if there are no more: whatever order the values stand in, and the
    /// same for every run. A smaller part is the beginning of a larger one.
    pub fn sample(&self, count: usize) -> Cow<'_, Self> {
        if count >= self.len() {
            return Cow::Borrowed(self);
        }
        Cow::Owned(match self.cut {
            Cut::First => self.take(count),
            Cut::Drawn => self.select(&drawn_order(self.len())[..count]).cut_first(),
        })
    }

    /// Grey images as images of three equal channels.
    ///
    /// # Panics
    /// When they have more channels than one.
    pub fn in_colour(&self) -> Self {
        let shape = self.shape();
        assert_eq!(shape.channels, 1, "grey images");
        let space = Space { shape: ImageShape { channels: 3, ..shape }, ..self.space };
        let rows: Vec<usize> = (0..self.len()).flat_map(|row| [row; 3]).collect();
        let numbers = self.numbers.rows(&rows, shape.pixels());
        Self {
            space,
            numbers,
            labels: self.labels.clone(),
            pasts: self.pasts.clone(),
            scenes: self.scenes.clone(),
            cut: self.cut,
        }
    }

    /// The same values in the order of `rows`, a permutation, in the memory that they are in.
    pub(crate) fn reordered(mut self, rows: &[usize]) -> Self {
        let size = self.shape().pixels();
        match &mut self.numbers {
            Numbers::Bytes(bytes) => permute(bytes, rows, size),
            Numbers::Floats(floats) => permute(floats, rows, size),
        }
        if let Some(labels) = &mut self.labels {
            permute(labels, rows, 1);
        }
        if let Some(Pasts { length, numbers }) = &mut self.pasts {
            permute(numbers, rows, *length);
        }
        self.scenes = self.scenes.map(|scenes| scenes.select(rows));
        Self { cut: Cut::Drawn, ..self }
    }

    /// Moves the values at `rows` (ascending, no repeats) out: (the others, those). The others stay
    /// in the memory they are in, so a large dataset is never held twice.
    pub(crate) fn carve(mut self, rows: &[usize]) -> (Self, Self) {
        // Some of them in their order, chosen by a draw: in random order as far as all are.
        let carved = Self { cut: self.cut, ..self.select(rows) };
        let size = self.shape().pixels();
        match &mut self.numbers {
            Numbers::Bytes(bytes) => remove(bytes, rows, size),
            Numbers::Floats(floats) => remove(floats, rows, size),
        }
        if let Some(labels) = &mut self.labels {
            remove(labels, rows, 1);
        }
        if let Some(Pasts { length, numbers }) = &mut self.pasts {
            remove(numbers, rows, *length);
        }
        self.scenes = self.scenes.map(|scenes| scenes.without(rows));
        (self, carved)
    }
}

impl Numbers {
    /// How many.
    pub fn len(&self) -> usize {
        match self {
            Self::Bytes(bytes) => bytes.len(),
            Self::Floats(floats) => floats.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Copies of those in `range`.
    pub(crate) fn slice(&self, range: Range<usize>) -> Self {
        match self {
            Self::Bytes(bytes) => Self::Bytes(bytes[range].to_vec()),
            Self::Floats(floats) => Self::Floats(floats[range].to_vec()),
        }
    }

    fn rows(&self, rows: &[usize], size: usize) -> Self {
        match self {
            Self::Bytes(bytes) => Self::Bytes(rows_of(bytes, rows, size)),
            Self::Floats(floats) => Self::Floats(rows_of(floats, rows, size)),
        }
    }
}

/// Where row `index` lies.
fn range(index: usize, size: usize) -> Range<usize> {
    index * size..(index + 1) * size
}

fn rows_of<T: Copy>(values: &[T], rows: &[usize], size: usize) -> Vec<T> {
    let mut picked = Vec::with_capacity(rows.len() * size);
    for &row in rows {
        picked.extend_from_slice(&values[range(row, size)]);
    }
    picked
}

/// Puts row `rows[i]` where row i was, cycle by cycle.
fn permute<T: Copy>(values: &mut [T], rows: &[usize], size: usize) {
    let mut placed = vec![false; rows.len()];
    let mut first = Vec::with_capacity(size);
    for start in 0..rows.len() {
        if placed[start] {
            continue;
        }
        first.clear();
        first.extend_from_slice(&values[range(start, size)]);
        let mut at = start;
        while rows[at] != start {
            values.copy_within(range(rows[at], size), at * size);
            placed[at] = true;
            at = rows[at];
        }
        values[range(at, size)].copy_from_slice(&first);
        placed[at] = true;
    }
}

/// Closes the gaps that `gone` (ascending, no repeats) leaves.
fn remove<T: Copy>(values: &mut Vec<T>, gone: &[usize], size: usize) {
    let mut gone = gone.iter().copied().peekable();
    let mut kept = 0;
    for row in 0..values.len() / size {
        if gone.next_if_eq(&row).is_none() {
            values.copy_within(range(row, size), kept * size);
            kept += 1;
        }
    }
    values.truncate(kept * size);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn four_images() -> Values {
        let shape = ImageShape::new(1, 1, 2);
        let bytes = vec![0, 1, 10, 11, 20, 21, 30, 31];
        Values::images(shape, bytes).with_labels(Some(vec![0, 1, 2, 3]))
    }

    fn four_points() -> Values {
        let floats = vec![0.0, 0.5, 10.0, 10.5, -20.0, -20.5, 30.0, 30.5];
        Values::floats(Space::points(2, 5.0, 20.0), floats).with_labels(Some(vec![0, 1, 2, 999]))
    }

    fn four_windows() -> Values {
        let pasts = Pasts { length: 1, numbers: vec![1.0, 2.0, 3.0, 4.0] };
        four_points().with_pasts(Some(pasts))
    }

    #[test]
    fn pasts_go_with_their_values() {
        let picked = four_windows().select(&[3, 0]).pasts.expect("pasts");
        assert_eq!((picked.row(0), picked.row(1)), (&[4.0][..], &[1.0][..]));
    }

    #[test]
    fn select_copies_values_and_labels_in_the_order_asked_for() {
        let picked = four_images().select(&[3, 0, 3]);
        assert_eq!(picked.bytes(), Some(&[30, 31, 0, 1, 30, 31][..]));
        assert_eq!(picked.labels, Some(vec![3, 0, 3]));
        assert_eq!(picked.len(), 3);
        let picked = four_points().select(&[3, 0]);
        assert_eq!(picked.to_f32(), [30.0, 30.5, 0.0, 0.5]);
        assert_eq!(picked.labels, Some(vec![999, 0]));
        assert_eq!(picked.space, four_points().space);
    }

    #[test]
    fn another_order_is_the_same_as_selecting_in_it() {
        for all in [four_images(), four_points(), four_windows()] {
            for rows in [[0, 1, 2, 3], [3, 2, 1, 0], [1, 2, 3, 0], [2, 0, 1, 3]] {
                assert_eq!(all.clone().reordered(&rows), all.select(&rows), "{rows:?}");
            }
        }
    }

    #[test]
    fn take_stops_at_the_last_value() {
        for all in [four_images(), four_points(), four_windows()] {
            assert_eq!(all.take(2), all.select(&[0, 1]));
            assert_eq!(all.take(9), all);
        }
    }

    #[test]
    fn a_part_is_drawn_unless_the_first_are_one() {
        let sorted = Values::images(ImageShape::new(1, 1, 1), (0..=255).collect());
        let part = sorted.sample(64);
        let mean = part.to_f64().iter().sum::<f64>() / 64.0;
        // The first 64 have a mean of 0.124; that of 64 drawn of 256 varies by 0.031 about 0.5.
        assert!((mean - 0.5).abs() < 0.1, "{mean}");
        assert_eq!(sorted.sample(64), part, "every run draws the same");
        assert_eq!(sorted.sample(9), Cow::<Values>::Owned(part.take(9)), "parts are nested");
        assert_eq!(part.sample(9).into_owned(), part.take(9), "what was drawn is in random order");
        let mut bytes = part.bytes().expect("bytes").to_vec();
        bytes.dedup();
        bytes.sort_unstable();
        bytes.dedup();
        assert_eq!(bytes.len(), 64, "no value twice");
        assert_eq!(sorted.sample(256).bytes(), sorted.bytes(), "all of them as they stand");
        let first = sorted.clone().cut_first();
        assert_eq!(first.sample(64).bytes(), sorted.take(64).bytes());
    }

    #[test]
    fn a_part_has_its_labels_and_pasts() {
        let windows = four_windows();
        let part = windows.sample(2);
        let (labels, pasts) = (part.labels.clone().expect("labels"), part.pasts.clone());
        for (row, label) in labels.iter().enumerate() {
            let place = windows.labels.as_ref().expect("labels").iter().position(|l| l == label);
            let place = place.expect("one of them");
            assert_eq!(part.row_f64(row), windows.row_f64(place));
            let (own, all) = (pasts.as_ref(), windows.pasts.as_ref());
            assert_eq!(own.expect("pasts").row(row), all.expect("pasts").row(place));
        }
    }

    #[test]
    fn carve_splits_without_losing_or_repeating_a_value() {
        for all in [four_images(), four_points(), four_windows()] {
            let (rest, carved) = all.clone().carve(&[0, 2]);
            assert_eq!(rest, all.select(&[1, 3]));
            assert_eq!(carved, all.select(&[0, 2]));
            let (rest, carved) = all.clone().cut_first().carve(&[0, 2]);
            assert_eq!((rest.cut, carved.cut), (Cut::First, Cut::First));
        }
    }

    #[test]
    fn bytes_are_levels_of_the_unit_interval_and_floats_are_what_they_are() {
        let images = four_images();
        assert_eq!(images.row_f64(3), [30.0 / 255.0, 31.0 / 255.0]);
        assert_eq!(images.to_f64()[6..], images.row_f64(3));
        assert_eq!(images.to_f32()[7], 31.0_f32 / 255.0);
        assert_eq!((images.image(1), images.level(2)), (&[10, 11][..], 10.0 / 255.0));
        let points = four_points();
        assert_eq!((points.row_f64(2), points.bytes()), (vec![-20.0, -20.5], None));
        assert_eq!(points.to_f64()[..3], [0.0, 0.5, 10.0]);
    }

    #[test]
    fn an_empty_shape_holds_no_value() {
        assert!(Values::images(ImageShape::new(0, 0, 0), vec![]).is_empty());
    }
}
