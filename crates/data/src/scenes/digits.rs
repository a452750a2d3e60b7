//! The digits that scenes show.

use super::{
    caption::{DIGITS, SUBJECT},
    render::Frame,
};
use crate::values::Values;

/// Ink of a digit's own image from this level on belongs to it.
const INK: u8 = 32;

/// Images of digits with what is looked up of them again and again.
#[derive(Debug, PartialEq)]
pub(crate) struct Digits {
    values: Values,
    /// The smallest rectangle around the ink of each.
    ink: Vec<Frame>,
    /// Rows by class; after those of the digits, that of the subject.
    rows: [Vec<u32>; NOUNS],
}

/// What an object can be.
const NOUNS: usize = DIGITS.len() + 1;

impl Digits {
    /// Labelled grey images: digits, and at most one that is called [`SUBJECT`].
    pub(crate) fn new(values: Values) -> Self {
        let mut rows: [Vec<u32>; NOUNS] = Default::default();
        for (row, &label) in values.labels.iter().flatten().enumerate() {
            rows[label as usize].push(row as u32);
        }
        let ink = (0..values.len()).map(|row| ink(&values, row)).collect();
        Self { values, ink, rows }
    }

    /// The row of the subject, where there is one.
    pub(super) fn subject(&self) -> Option<u32> {
        self.rows[usize::from(SUBJECT)].first().copied()
    }

    /// The rows of this digit, or of the subject.
    pub(super) fn rows(&self, digit: u8) -> &[u32] {
        &self.rows[usize::from(digit)]
    }

    /// Width and height of an image whose longer side is drawn in so many pixels: the other has what keeps the shape.
    pub(crate) fn extent(&self, row: u32, pixels: usize) -> (usize, usize) {
        let Frame { width, height, .. } = self.ink[row as usize];
        let longest = width.max(height);
        let scaled = |side: usize| ((2 * side * pixels + longest) / (2 * longest)).max(1);
        (scaled(width), scaled(height))
    }

    /// How much of each pixel of a rectangle of this size an image covers, in [0, 1]: its ink averaged over what falls
    /// into the pixel, and stretched until its darkest pixel is full, or small digits would be pale.
    pub(crate) fn coverage(&self, row: u32, (width, height): (usize, usize)) -> Vec<f64> {
        let (ink, image) = (self.ink[row as usize], self.values.image(row as usize));
        let stride = self.values.shape().width;
        let (columns, rows) = (shares(ink.width, width), shares(ink.height, height));
        let mut covered = Vec::with_capacity(width * height);
        for row in &rows {
            for column in &columns {
                let mut sum = 0.0;
                for (y, down) in row {
                    for (x, across) in column {
                        let level = image[(ink.top + y) * stride + ink.left + x];
                        sum += down * across * f64::from(level);
                    }
                }
                covered.push(sum);
            }
        }
        let most = covered.iter().copied().fold(f64::MIN_POSITIVE, f64::max);
        covered.iter().map(|level| level / most).collect()
    }
}

/// What is inked of an image.
fn ink(values: &Values, row: usize) -> Frame {
    let (width, image) = (values.shape().width, values.image(row));
    let inked = |level: &u8| *level >= INK;
    let lines = image.chunks(width).map(|line| line.iter().any(inked));
    let columns = (0..width).map(|x| image.iter().skip(x).step_by(width).any(inked));
    let ((top, height), (left, width)) = (extent(lines), extent(columns));
    Frame { left, top, width, height }
}

/// Where what is true begins, and how far it reaches; all of it where nothing is.
fn extent(inked: impl Iterator<Item = bool>) -> (usize, usize) {
    let inked: Vec<bool> = inked.collect();
    let first = inked.iter().position(|inked| *inked).unwrap_or(0);
    let last = inked.iter().rposition(|inked| *inked).unwrap_or(inked.len() - 1);
    (first, last + 1 - first)
}

/// Of `from` cells laid over `to`: which of them, and how much of each, falls into each of the latter.
fn shares(from: usize, to: usize) -> Vec<Vec<(usize, f64)>> {
    let scale = from as f64 / to as f64;
    let cell = |index: usize| {
        let (start, end) = (index as f64 * scale, (index + 1) as f64 * scale);
        let share = |source: usize| {
            let part = end.min((source + 1) as f64) - start.max(source as f64);
            (part > 0.0).then_some((source, part))
        };
        (start as usize..from.min(end.ceil() as usize)).filter_map(share).collect()
    };
    (0..to).map(cell).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use genlab_core::ImageShape;

    #[test]
    fn shares_are_all_of_what_is_shared() {
        for (from, to) in [(20, 15), (7, 10), (10, 10), (19, 1)] {
            let shares = shares(from, to);
            assert_eq!(shares.len(), to);
            let sum: f64 = shares.iter().flatten().map(|(_, part)| part).sum();
            assert!((sum - from as f64).abs() < 1e-9, "{from} to {to}: {sum}");
        }
    }

    #[test]
    fn a_digit_is_its_ink_in_the_size_that_is_asked_for() {
        // A bar of three rows and one column, pale at its end.
        let mut image = vec![0; 25];
        (image[6], image[11], image[16]) = (200, 200, 100);
        let values = Values::images(ImageShape::new(1, 5, 5), image).with_labels(Some(vec![1]));
        let digits = Digits::new(values);
        assert_eq!(digits.rows(1), [0]);
        assert_eq!(digits.ink, [Frame { left: 1, top: 1, width: 1, height: 3 }]);
        assert_eq!(digits.extent(0, 15), (5, 15));
        assert_eq!(digits.coverage(0, (1, 3)), [1.0, 1.0, 0.5]);
    }
}
