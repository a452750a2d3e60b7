//! Images that move a little each time they are seen, so that a classifier does not learn their places.

use burn::tensor::{DType, Device, Int, Tensor};
use genlab_core::{
    Check, Fault, ImageShape, Noise, Space,
    settings::{LARGEST_SIZE, at_most},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// How training images are changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Augmentation {
    /// Each image moves by up to this many pixels to each side, filled with zeros.
    pub shift: usize,
    /// Whether half of the images are mirrored.
    pub mirror: Mirror,
}

/// Whether left and right may change places.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Mirror {
    /// Never: a mirrored digit is another sign.
    Never,
    /// For half of the images.
    Half,
}

impl Default for Augmentation {
    fn default() -> Self {
        // Shapes survive it in 8x8 pixels as in 28x28.
        Self { shift: 1, mirror: Mirror::Never }
    }
}

impl Check for Augmentation {
    fn check(&self) -> Result<(), Fault> {
        at_most("shift", self.shift, LARGEST_SIZE)
    }
}

/// How one batch is changed, a number for each image.
struct Moves {
    /// `[B]` pixels down.
    down: Tensor<1>,
    /// `[B]` pixels to the right.
    right: Tensor<1>,
    /// `[B]`: 1 where it is mirrored, else 0.
    mirrored: Tensor<1>,
}

impl Augmentation {
    /// Values as they are.
    pub fn off() -> Self {
        Self { shift: 0, mirror: Mirror::Never }
    }

    /// Whether it can change values of this space.
    ///
    /// # Errors
    /// When it moves values that are no images, or images beyond themselves.
    pub fn fits(self, space: Space) -> Result<(), Fault> {
        if self.shift > 0 {
            space.require_images("shift", &self.shift.to_string(), "0")?;
        }
        let (shift, ImageShape { height, width, .. }) = (self.shift, space.shape);
        let side = height.min(width);
        if shift >= side {
            let shape = space.shape;
            let problem = format!(
                "is {shift}, which moves images of {shape} beyond themselves; set it below {side}"
            );
            return Err(Fault::new("shift", problem));
        }
        if self.mirror == Mirror::Half {
            space.require_images("mirror", "half", "never")?;
        }
        Ok(())
    }

    /// Images `[B, C, H, W]`, each moved by draws of its own row of `noise`. The draws are made on the host and the
    /// moves on the device.
    pub fn of(self, images: Tensor<4>, noise: Noise, rows: Range<u64>) -> Tensor<4> {
        if self == Self::off() {
            return images;
        }
        let (count, device) = (images.dims()[0], images.device());
        let draws = noise.uniform("classifier/augmentation", 0, rows, [count, 3], &device);
        let column = |index| draws.clone().narrow(1, index, 1).squeeze_dim::<1>(1);
        let reach = self.shift as f64;
        // Whole numbers from −shift to shift, each as often.
        let pixels =
            |x: Tensor<1>| (x * (2.0 * reach + 1.0)).floor().clamp_max(2.0 * reach) - reach;
        let mirrored = match self.mirror {
            Mirror::Never => Tensor::zeros([count], &device),
            Mirror::Half => column(2).lower_elem(0.5).float(),
        };
        moved(images, Moves { down: pixels(column(0)), right: pixels(column(1)), mirrored })
    }
}

/// A move of rows or columns is a matrix of zeros and ones: what comes from outside of the image is a row without
/// a one, which is zero.
fn moved(images: Tensor<4>, moves: Moves) -> Tensor<4> {
    let [count, channels, height, width] = images.dims();
    let device = images.device();
    let each = |x: Tensor<1>| x.reshape([count, 1, 1]);
    let rows = places(height, &device).reshape([1, height, 1]) - each(moves.down);
    let rows = is_from(rows, height, &device).reshape([count, 1, height, height]);
    let columns = places(width, &device).reshape([1, width, 1]);
    // W − 1 − x where it is mirrored, x where not.
    let (mirrored, last) = (each(moves.mirrored), width as f64 - 1.0);
    let columns = columns.clone() + mirrored * (-columns * 2.0 + last) - each(moves.right);
    let columns = is_from(columns, width, &device).swap_dims(1, 2);
    let columns = columns.reshape([count, 1, width, width]);
    let all = |x: Tensor<4>| x.repeat_dim(1, channels);
    all(rows).matmul(images).matmul(all(columns))
}

/// 0, 1, .. as numbers `[length]`.
fn places(length: usize, device: &Device) -> Tensor<1> {
    Tensor::<1, Int>::arange(0..length as i64, (device, DType::I32)).float()
}

/// `[B, to, from]`: 1 where the place `from` is the one that `sources` `[B, to, 1]` names, else 0.
fn is_from(sources: Tensor<3>, length: usize, device: &Device) -> Tensor<3> {
    let [count, ..] = sources.dims();
    let from = places(length, device).reshape([1, 1, length]).expand([count, length, length]);
    sources.expand([count, length, length]).equal(from).float()
}

#[cfg(test)]
mod tests {
    use super::*;
    use genlab_core::{Phase, Seed};

    fn host<const D: usize>(x: Tensor<D>) -> Vec<f32> {
        x.into_data().try_into_vec::<f32>().expect("f32")
    }

    fn count(to: usize) -> Tensor<4> {
        let numbers: Vec<f32> = (1..=to).map(|i| i as f32).collect();
        Tensor::<1>::from_floats(numbers.as_slice(), &Device::flex()).reshape([1, 1, 2, to / 2])
    }

    fn with(down: f32, right: f32, mirrored: f32) -> Vec<f32> {
        let one = |x: f32| Tensor::from_floats([x], &Device::flex());
        host(moved(count(6), Moves { down: one(down), right: one(right), mirrored: one(mirrored) }))
    }

    #[test]
    fn images_move_into_zeros_and_are_mirrored() {
        assert_eq!(with(0.0, 0.0, 0.0), [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
        assert_eq!(with(1.0, 0.0, 0.0), [0.0, 0.0, 0.0, 1.0, 2.0, 3.0]);
        assert_eq!(with(0.0, 1.0, 0.0), [0.0, 1.0, 2.0, 0.0, 4.0, 5.0]);
        assert_eq!(with(0.0, -2.0, 0.0), [3.0, 0.0, 0.0, 6.0, 0.0, 0.0]);
        assert_eq!(with(0.0, 0.0, 1.0), [3.0, 2.0, 1.0, 6.0, 5.0, 4.0]);
        assert_eq!(with(5.0, 0.0, 0.0), [0.0; 6]);
    }

    #[test]
    fn images_are_not_moved_beyond_themselves() {
        let images = Space::images(ImageShape::new(1, 8, 6));
        let fits = |shift| Augmentation { shift, ..Augmentation::off() }.fits(images);
        assert_eq!(fits(5), Ok(()));
        let refused = fits(6).expect_err("nothing would be left").to_string();
        assert!(refused.starts_with("shift is 6, which moves images of 1x8x6"), "{refused}");
        assert!(refused.ends_with("set it below 6"), "{refused}");
    }

    #[test]
    fn every_move_within_reach_is_as_likely_and_follows_its_row() {
        let (noise, device) = (Seed(0).during(Phase::Train), Device::flex());
        // One bright pixel in the middle of each image shows where it went.
        let pixel = |i: usize| if i % 25 == 12 { 1.0 } else { 0.0 };
        let dots: Vec<f32> = (0..2000 * 25).map(pixel).collect();
        let dots = Tensor::<1>::from_floats(dots.as_slice(), &device).reshape([2000, 1, 5, 5]);
        let augmentation = Augmentation { shift: 1, mirror: Mirror::Half };
        let whole = host(augmentation.of(dots.clone(), noise, 0..2000));
        let mut seen = [0; 25];
        for image in whole.chunks(25) {
            seen[image.iter().position(|v| *v == 1.0).expect("still inside")] += 1;
        }
        for (place, count) in seen.iter().enumerate() {
            let inside = (1..=3).contains(&(place / 5)) && (1..=3).contains(&(place % 5));
            let expected = if inside { 160..290 } else { 0..1 };
            assert!(expected.contains(count), "{place}: {count}");
        }
        let part = host(augmentation.of(dots.narrow(0, 0, 3), noise, 40..43));
        assert_eq!(part, whole[40 * 25..43 * 25]);
    }
}
