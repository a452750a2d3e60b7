//! From objects to pixels and masks.

use super::{Scene, caption::Size, digits::Digits};
use rand::Rng;

/// Levels of the background: each is drawn below this, a power of two.
const NOISE: u8 = 64;
/// Coverage from which on a pixel belongs to an object's mask.
const COVERED: f64 = 0.5;

/// The smallest rectangle around an object, in pixels from the upper left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "a rectangle")]
pub struct Frame {
    pub left: usize,
    pub top: usize,
    pub width: usize,
    pub height: usize,
}

impl Frame {
    /// Its pixels.
    pub fn area(&self) -> usize {
        self.width * self.height
    }

    /// Its width and height.
    pub(super) fn size(&self) -> (usize, usize) {
        (self.width, self.height)
    }

    /// Pixels that it shares with another.
    pub fn overlap(&self, other: &Self) -> usize {
        let shared = |start: usize, length: usize, other_start: usize, other_length: usize| {
            (start + length).min(other_start + other_length).saturating_sub(start.max(other_start))
        };
        shared(self.left, self.width, other.left, other.width)
            * shared(self.top, self.height, other.top, other.height)
    }

    /// Its centre in half pixels.
    pub(super) fn twice_centre(&self) -> (i32, i32) {
        ((2 * self.left + self.width) as i32, (2 * self.top + self.height) as i32)
    }
}

/// Paints a scene: `3·side²` levels, channel by channel.
pub(super) fn paint(scene: &Scene, side: usize, digits: &Digits, draws: &mut impl Rng) -> Vec<u8> {
    let plane = side * side;
    let mut levels = vec![0; 3 * plane];
    draws.fill_bytes(&mut levels);
    for level in &mut levels {
        *level %= NOISE;
    }
    for place in scene.by_depth() {
        let (object, phrase) = (&scene.objects[place], scene.caption.phrases[place]);
        let covered = digits.coverage(object.source, object.frame.size());
        for (index, at) in pixels(object.frame, side).enumerate() {
            let alpha = covered[index];
            for (channel, full) in phrase.colour.rgb().into_iter().enumerate() {
                let level = &mut levels[channel * plane + at];
                let mixed = f64::from(*level) * (1.0 - alpha) + f64::from(full) * alpha;
                *level = mixed.round() as u8;
            }
        }
    }
    levels
}

/// Where the pixels of a frame lie, row by row.
fn pixels(frame: Frame, side: usize) -> impl Iterator<Item = usize> {
    (frame.top..frame.top + frame.height)
        .flat_map(move |y| (frame.left..frame.left + frame.width).map(move |x| y * side + x))
}

/// Which of an image's `side²` pixels belong to an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mask {
    /// All that it covers, hidden or not.
    pub whole: Vec<bool>,
    /// What no other object hides.
    pub visible: Vec<bool>,
}

/// The masks of a scene's objects, in the order in which its caption mentions them.
pub(super) fn masks(scene: &Scene, side: usize, digits: &Digits) -> Vec<Mask> {
    let whole = |place: usize| {
        let object = &scene.objects[place];
        let covered = digits.coverage(object.source, object.frame.size());
        let mut mask = vec![false; side * side];
        for (index, at) in pixels(object.frame, side).enumerate() {
            mask[at] = covered[index] >= COVERED;
        }
        mask
    };
    let wholes: Vec<Vec<bool>> = (0..scene.objects.len()).map(whole).collect();
    let visible = |place: usize| {
        let mut mask = wholes[place].clone();
        for (above, other) in wholes.iter().enumerate() {
            if scene.objects[above].depth > scene.objects[place].depth {
                mask.iter_mut().zip(other).for_each(|(mine, hidden)| *mine &= !hidden);
            }
        }
        mask
    };
    let masks = wholes.iter().enumerate();
    masks.map(|(place, whole)| Mask { whole: whole.clone(), visible: visible(place) }).collect()
}

/// What an object covers of its frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outline {
    /// Pixels from left to right.
    pub width: usize,
    /// Pixels from top to bottom.
    pub height: usize,
    /// `[height, width]`: whether a pixel belongs to the object.
    pub covered: Vec<bool>,
}

/// That of the image in this row of the digits, drawn in this size.
pub(super) fn outline(row: u32, size: Size, digits: &Digits) -> Outline {
    let (width, height) = digits.extent(row, size.pixels());
    let covered = digits.coverage(row, (width, height));
    let covered = covered.into_iter().map(|share| share >= COVERED).collect();
    Outline { width, height, covered }
}

/// Which object is seen at each of a scene's `side²` pixels: k + 1 for object k in the order of the caption, 0 for none.
/// The visible masks of [`masks`] in one.
pub(super) fn map(scene: &Scene, side: usize, digits: &Digits) -> Vec<u8> {
    let mut map = vec![0; side * side];
    for place in scene.by_depth() {
        let object = &scene.objects[place];
        let covered = digits.coverage(object.source, object.frame.size());
        for (index, at) in pixels(object.frame, side).enumerate() {
            if covered[index] >= COVERED {
                map[at] = place as u8 + 1;
            }
        }
    }
    map
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_share_what_lies_in_both() {
        let frame = |left, top| Frame { left, top, width: 4, height: 3 };
        for (other, shared) in [(frame(0, 0), 12), (frame(3, 2), 1), (frame(4, 0), 0)] {
            assert_eq!(frame(0, 0).overlap(&other), shared);
        }
    }
}
