//! `moving-digits`: clips in which a digit moves at a constant velocity and turns round at the edges, after Moving MNIST
//! (Srivastava et al. 2015, arXiv:1502.04681). The frames of a clip are the channels of one image.

use super::{key, keystream};
use crate::{dataset::Dataset, embedded, error::DataError, scenes::Digits, values::Values};
use genlab_core::ImageShape;
use rand::{Rng, RngExt};

/// What the dataset is called.
pub const NAME: &str = "moving-digits";
/// Frames of a clip.
pub const FRAMES: usize = 8;
/// Pixels along the longer side of a digit.
pub const DIGIT: usize = 12;
/// What a clip is: frames of 20x20.
pub const SHAPE: ImageShape = ImageShape::new(FRAMES, SIDE, SIDE);

const SIDE: usize = 20;
/// The digits that move: those of a split only within the same split.
const DIGITS: &str = "mnist-10k";
/// Clips of the training, validation and test split.
const COUNTS: [usize; 3] = [20_480, 1_024, 4_096];
/// Places in a pixel along each axis. Places and velocities are whole numbers of these, and so are the weights of what a pixel
/// shows: nothing is rounded before the level.
const FINE: i32 = 16;
/// The least and the greatest speed: half a pixel and two pixels a frame.
const SPEEDS: [i32; 2] = [FINE / 2, 2 * FINE];

/// The dataset. A class is the digit that moves.
///
/// # Errors
/// When the embedded digits are damaged.
pub(super) fn load() -> Result<Dataset, DataError> {
    let digits = embedded::load(DIGITS).expect("an embedded dataset")?;
    let splits = [(digits.train, 0), (digits.validation, 1), (digits.test, 2)];
    let splits = splits.map(|(digits, split)| clips(digits, split, COUNTS[split as usize]));
    Ok(Dataset::of_splits(NAME, digits.classes, splits, &digits.licence))
}

/// The first `count` clips of split number `split`.
fn clips(digits: Values, split: u64, count: usize) -> Values {
    let labels = digits.labels.clone().expect("digits have labels");
    let (digits, key) = (Digits::new(digits), key(NAME));
    let mut levels = Vec::with_capacity(count * SHAPE.pixels());
    let mut moving = Vec::with_capacity(count);
    for row in 0..count as u64 {
        let mut draws = keystream(key, split, row);
        let digit = draws.random_range(0..labels.len() as u32);
        let sprite = Sprite::new(&digits, digit);
        for place in sprite.path(&mut draws) {
            levels.extend(sprite.frame(place));
        }
        moving.push(labels[digit as usize]);
    }
    Values::images(SHAPE, levels).with_labels(Some(moving)).cut_first()
}

/// A small digit.
struct Sprite {
    width: usize,
    height: usize,
    /// Row by row.
    levels: Vec<u8>,
}

impl Sprite {
    fn new(digits: &Digits, row: u32) -> Self {
        let (width, height) = digits.extent(row, DIGIT);
        let covered = digits.coverage(row, (width, height));
        let levels = covered.iter().map(|share| (share * 255.0).round() as u8).collect();
        Self { width, height, levels }
    }

    /// The greatest place of its upper left corner at which it is within the frame, to the right and down.
    fn room(&self) -> [i32; 2] {
        [self.width, self.height].map(|length| (SIDE - length) as i32 * FINE)
    }

    /// Where its upper left corner is in each frame. A component of the velocity that would take it out of the frame turns
    /// round before that step, so all steps are equally long: Moving MNIST shortens the one that meets an edge.
    fn path(&self, draws: &mut impl Rng) -> [[i32; 2]; FRAMES] {
        let room = self.room();
        let mut place = room.map(|room| draws.random_range(0..=room));
        let mut velocity = velocity(draws);
        std::array::from_fn(|frame| {
            if frame > 0 {
                for axis in 0..2 {
                    if !(0..=room[axis]).contains(&(place[axis] + velocity[axis])) {
                        velocity[axis] = -velocity[axis];
                    }
                    place[axis] += velocity[axis];
                }
            }
            place
        })
    }

    /// Its levels at this place, between pixels by bilinear weights: the centre of mass moves exactly as far as the place, but
    /// for the rounding of levels.
    fn frame(&self, place: [i32; 2]) -> impl Iterator<Item = u8> + use<> {
        let [left, top] = place.map(|at| (at / FINE) as usize);
        // The pixel here and the next one, to the right and down, with what they have of a level.
        let [across, down] = place.map(|at| {
            let next = (at % FINE) as u32;
            [(0, FINE as u32 - next), (1, next)].into_iter().filter(|(_, weight)| *weight > 0)
        });
        let mut sums = [0_u32; SIDE * SIDE];
        for (index, level) in self.levels.iter().enumerate() {
            let (x, y) = (left + index % self.width, top + index / self.width);
            for (right, column) in across.clone() {
                for (below, row) in down.clone() {
                    sums[(y + below) * SIDE + x + right] += column * row * u32::from(*level);
                }
            }
        }
        let whole = (FINE * FINE) as u32;
        sums.into_iter().map(move |sum| ((sum + whole / 2) / whole) as u8)
    }
}

/// How far it moves in a frame, to the right and down: any direction, at a speed within [`SPEEDS`].
fn velocity(draws: &mut impl Rng) -> [i32; 2] {
    let [least, most] = SPEEDS;
    loop {
        let velocity = [(); 2].map(|()| draws.random_range(-most..=most));
        let squared: i32 = velocity.iter().map(|v| v * v).sum();
        if (least * least..=most * most).contains(&squared) {
            return velocity;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_what_results_were_made_with() {
        let dataset = load().unwrap();
        let splits = [&dataset.train, &dataset.validation, &dataset.test];
        assert_eq!(splits.map(Values::len), COUNTS);
        assert_eq!((dataset.space.shape, SHAPE.pixels()), (SHAPE, 3_200));
        assert_eq!(
            dataset.sha256, "4e23264327ebf40191d318461bc7cd59b5fa378cb1963bca3a187f248dd7ace0",
            "{NAME} changed, and with it every result"
        );
        for values in splits {
            let labels = values.labels.as_ref().expect("labels");
            assert!((0..10).all(|digit| labels.contains(&digit)));
        }
    }

    /// A digit, and where it stands in each frame.
    type Drawn = (u32, [[i32; 2]; FRAMES]);

    /// The digits of the test split, and what its first clips were drawn from.
    fn drawn(count: u64) -> (Values, Vec<Drawn>) {
        let test = embedded::load(DIGITS).unwrap().unwrap().test;
        let digits = Digits::new(test.clone());
        let of = |row| {
            let mut draws = keystream(key(NAME), 2, row);
            let digit = draws.random_range(0..test.len() as u32);
            (digit, Sprite::new(&digits, digit).path(&mut draws))
        };
        let drawn = (0..count).map(of).collect();
        (test, drawn)
    }

    #[test]
    fn a_clip_shows_one_digit_of_its_own_split_with_its_label() {
        let (digits, drawn) = drawn(200);
        let clips = load().unwrap().test;
        let labels = clips.labels.as_ref().unwrap();
        let sprites = Digits::new(digits.clone());
        for (row, (digit, path)) in drawn.into_iter().enumerate() {
            assert_eq!(labels[row], digits.labels.as_ref().unwrap()[digit as usize]);
            let sprite = Sprite::new(&sprites, digit);
            assert_eq!(sprite.width.max(sprite.height), DIGIT);
            let frames: Vec<u8> = path.into_iter().flat_map(|at| sprite.frame(at)).collect();
            assert_eq!(clips.image(row), frames);
        }
    }

    #[test]
    fn every_step_is_as_long_as_the_one_before_and_leads_to_a_place_in_the_frame() {
        let (digits, drawn) = drawn(2_000);
        let digits = Digits::new(digits);
        let mut turns = 0;
        for (digit, path) in drawn {
            let room = Sprite::new(&digits, digit).room();
            let steps: Vec<[i32; 2]> = path
                .windows(2)
                .map(|pair| [0, 1].map(|axis| pair[1][axis] - pair[0][axis]))
                .collect();
            let squared: i32 = steps[0].iter().map(|v| v * v).sum();
            assert!((SPEEDS[0].pow(2)..=SPEEDS[1].pow(2)).contains(&squared), "{path:?}");
            for axis in 0..2 {
                assert!(path.iter().all(|place| (0..=room[axis]).contains(&place[axis])));
                for (pair, place) in steps.windows(2).zip(&path[1..]) {
                    let [before, after] = [pair[0][axis], pair[1][axis]];
                    let inside = (0..=room[axis]).contains(&(place[axis] + before));
                    assert_eq!(after, if inside { before } else { -before }, "{path:?}");
                    turns += u32::from(!inside);
                }
            }
        }
        assert!(turns > 1_000, "{turns} turns");
    }

    #[test]
    fn a_digit_between_pixels_is_shared_by_them() {
        let sprite = Sprite { width: 2, height: 1, levels: vec![200, 100] };
        let frame: Vec<u8> = sprite.frame([3 * FINE + FINE / 4, 5 * FINE]).collect();
        let line = &frame[5 * SIDE..6 * SIDE];
        assert_eq!(
            (&line[3..6], frame.iter().filter(|level| **level > 0).count()),
            (&[150, 125, 25][..], 3)
        );
        // At the last place there is no pixel beyond it.
        let frame: Vec<u8> = sprite.frame(sprite.room()).collect();
        assert_eq!(frame[SIDE * SIDE - 2..], [200, 100]);
    }
}
