//! The judge of clips: that of single digits, which looks at frames by themselves, each moved and enlarged to what it knows.

use super::{Classifier, JUDGES, Judge, Network, Reading};
use crate::{
    features::host,
    numerics::{
        centre::centre_of_mass,
        matrix::{Rows, add, divide},
    },
};
use burn::tensor::{Device, Tensor};
use genlab_core::ImageShape;
use genlab_data::moving::{DIGIT, FRAMES};

/// Frames whose features are those of a clip: at its beginning, in its middle, at its end.
const LOOKED_AT: [usize; 3] = [0, 3, FRAMES - 1];
/// Pixels along the longer side of MNIST's digits, whose centre of mass is at this pixel across and down.
const OF_MNIST: usize = 20;
const MIDDLE: f64 = 14.0;
/// What lies below this is no ink: the faint grey that samplers leave.
pub(crate) const FLOOR: f64 = 8.0 / 255.0;

impl Judge {
    /// Features are those of three frames one after another, probabilities the mean of theirs. Digits are looked at where they
    /// are, so neither says anything of movement.
    pub(super) fn clips(device: &Device) -> Self {
        let single = Self::shipped(&JUDGES[0], device).expect("a test loads every judge");
        let Network::Classifier(classifier) = single.network else {
            unreachable!("a shipped judge is a classifier")
        };
        Self {
            name: format!("{} by frame", single.name),
            accuracy: None,
            network: Network::Clips(classifier),
            ..single
        }
    }

    /// The digit that it reads in each frame of each of `clips` `[n, F, H, W]` in [0, 1], and none in a frame without ink; None
    /// from a judge of other values.
    pub fn frames(&self, clips: &Tensor<4>) -> Option<Vec<Vec<Option<usize>>>> {
        let Network::Clips(digits) = &self.network else { return None };
        let [_, frames, height, width] = clips.dims();
        let reading = digits.read(&enlarged(clips, digits.shape), &self.device);
        let probabilities = reading.probabilities.expect("the judge of digits knows classes");
        let levels = host::floats(clips.clone());
        let likeliest = |row: &[f64]| (0..row.len()).max_by(|a, b| row[*a].total_cmp(&row[*b]));
        let seen = |(row, frame): (&[f64], &[f32])| centre(frame, width).and(likeliest(row));
        let read: Vec<Option<usize>> =
            probabilities.iter().zip(levels.chunks(height * width)).map(seen).collect();
        Some(read.chunks(frames).map(<[Option<usize>]>::to_vec).collect())
    }
}

/// Dimension of what [`read`] gives.
pub(super) fn features(digits: &Classifier) -> usize {
    LOOKED_AT.len() * digits.network().features()
}

/// What the judge makes of clips `[n, F, H, W]`.
pub(super) fn read(digits: &Classifier, clips: &Tensor<4>, device: &Device) -> Reading {
    let frames = LOOKED_AT.map(|frame| clips.clone().narrow(1, frame, 1));
    let frames = enlarged(&Tensor::cat(frames.to_vec(), 1), digits.shape);
    let Reading { features, probabilities, space } = digits.read(&frames, device);
    // Three rows after another are one.
    let features = Rows::new(LOOKED_AT.len() * features.dim, features.values);
    let means = probabilities.map(|frames| {
        let rows: Vec<&[f64]> = frames.iter().collect();
        Rows::new(frames.dim, rows.chunks(LOOKED_AT.len()).flat_map(mean).collect())
    });
    Reading { features, probabilities: means, space }
}

fn mean(rows: &[&[f64]]) -> Vec<f64> {
    let mut mean = vec![0.0; rows[0].len()];
    for row in rows {
        add(&mut mean, row);
    }
    divide(&mut mean, rows.len() as f64);
    mean
}

/// Every frame of clips `[n, F, H, W]` as an image of this shape of its own, `[n F, 1, 28, 28]`: digits as large as MNIST's and
/// with the centre of mass where MNIST's have it, between pixels by bilinear weights.
fn enlarged(clips: &Tensor<4>, shape: ImageShape) -> Tensor<4> {
    let [_, _, height, width] = clips.dims();
    let levels = host::floats(clips.clone());
    let frames = levels.chunks(height * width);
    let images = frames.flat_map(|frame| digit(frame, [height, width], shape)).collect();
    host::images(images, shape, &clips.device())
}

/// Column and row of the centre of mass of a frame's ink; None of a frame without any.
fn centre(frame: &[f32], width: usize) -> Option<[f64; 2]> {
    centre_of_mass(frame.iter().map(|level| f64::from(*level)), width, FLOOR)
}

/// What is centred at the centre of mass of a frame's ink, enlarged; black beyond the frame.
fn digit(frame: &[f32], [height, width]: [usize; 2], shape: ImageShape) -> Vec<f32> {
    let middle = [width, height].map(|side| (side - 1) as f64 / 2.0);
    let centre = centre(frame, width).unwrap_or(middle);
    let scale = DIGIT as f64 / OF_MNIST as f64;
    let [across, down] = centre.map(|at| move |pixel: usize| at + (pixel as f64 - MIDDLE) * scale);
    let level = |row: f64, column: f64| {
        let inside = (0.0..height as f64).contains(&row) && (0.0..width as f64).contains(&column);
        if inside { f64::from(frame[row as usize * width + column as usize]) } else { 0.0 }
    };
    // The pixels on both sides of a place, and what each has of it.
    let between = |at: f64| {
        let before = at.floor();
        [(before, 1.0 - (at - before)), (before + 1.0, at - before)]
    };
    let mut image = Vec::with_capacity(shape.pixels());
    for row in 0..shape.height {
        for column in 0..shape.width {
            let mut sum = 0.0;
            for (y, below) in between(down(row)) {
                for (x, right) in between(across(column)) {
                    sum += below * right * level(y, x);
                }
            }
            image.push(sum as f32);
        }
    }
    image
}

#[cfg(test)]
mod tests {
    use super::*;
    use genlab_data::{LoadOptions, load, moving};

    #[test]
    fn the_digit_of_a_clip_is_read_wherever_it_is() {
        let device = Device::flex();
        let test = load(moving::NAME, &LoadOptions::default()).unwrap().test.take(300);
        let judge = Judge::for_dataset(moving::NAME, test.shape(), &device).unwrap();
        assert_eq!(judge.shape(), Some(test.shape()));
        let (clips, labels) = (test.tensor(0..300, &device), test.labels.as_ref().unwrap());
        let reading = judge.read(&clips);
        assert_eq!((reading.features.dim, reading.features.len()), (judge.features(), 300));
        let mut right = 0;
        for (row, label) in reading.probabilities.expect("a classifier").iter().zip(labels) {
            assert!((row.iter().sum::<f64>() - 1.0).abs() < 1e-4);
            right += usize::from(row.iter().all(|share| *share <= row[*label as usize]));
        }
        // 98 % are expected: below 280 in one case of a million.
        assert!(right >= 280, "{right} of 300");
        let frames = judge.frames(&clips).expect("a judge of clips");
        let agree = |(read, label): (&Vec<Option<usize>>, &u32)| {
            read.iter().filter(|digit| **digit == Some(*label as usize)).count()
        };
        let right: usize = frames.iter().zip(labels).map(agree).sum();
        assert!(right >= 280 * FRAMES, "{right} of {}", 300 * FRAMES);
    }

    #[test]
    fn no_digit_is_read_where_there_is_no_ink() {
        let device = Device::flex();
        let shape = moving::SHAPE;
        let judge = Judge::for_dataset(moving::NAME, shape, &device).unwrap();
        // A black clip, and one whose last frame has a stroke.
        let black = Tensor::<4>::zeros([2, FRAMES, shape.height, shape.width], &device);
        let stroke = Tensor::<4>::ones([1, 1, 10, 2], &device);
        let place = [1..2, FRAMES - 1..FRAMES, 5..15, 9..11];
        let read = judge.frames(&black.slice_assign(place, stroke)).expect("a judge of clips");
        assert_eq!(read[0], [None; FRAMES]);
        assert_eq!(read[1][..FRAMES - 1], [None; FRAMES - 1]);
        assert!(read[1][FRAMES - 1].is_some(), "{read:?}");
    }

    #[test]
    fn other_judges_read_no_frames() {
        let device = Device::flex();
        let digits = Judge::for_dataset("mnist", ImageShape::new(1, 28, 28), &device).unwrap();
        assert_eq!(digits.frames(&Tensor::zeros([1, 1, 28, 28], &device)), None);
    }

    #[test]
    fn a_digit_is_enlarged_around_its_centre_of_mass() {
        // One pixel of ink, near the upper left corner.
        let mut frame = vec![0.0; 400];
        frame[21] = 1.0;
        let image = digit(&frame, [20, 20], ImageShape::new(1, 28, 28));
        let at = |row: usize, column: usize| f64::from(image[row * 28 + column]);
        assert_eq!((at(14, 14), at(14, 19), at(9, 14)), (1.0, 0.0, 0.0));
        // A step of the enlarged image is three fifths of a pixel.
        assert!((at(14, 15) - 0.4).abs() < 1e-6 && (at(15, 15) - 0.16).abs() < 1e-6);
        assert!(digit(&[0.0; 400], [20, 20], ImageShape::new(1, 28, 28)).iter().all(|v| *v == 0.0));
    }
}
