//! Differentiable augmentation.

use super::Side;
use burn::tensor::{DType, Int, Tensor, TensorData};
use genlab_core::{Check, Fault, Noise, settings::share};
use rand::{Rng, RngExt};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// Translation and cutout of Zhao et al. 2020 (arXiv:2006.10738, section 3.2), on real and generated images
/// and in both networks' steps, so that the critic cannot learn its images by heart and the generator is
/// not told to make what it sees. What is moved in or cut out is 0, a middle grey, as in the paper's code.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct DiffAugment {
    /// The farthest that an image is moved along each side, in shares of the side, in [0, 1).
    pub translation: f64,
    /// Side of the square that is cut out, in shares of the image's sides, in [0, 1).
    pub cutout: f64,
}

impl Default for DiffAugment {
    fn default() -> Self {
        // Those of the paper.
        Self { translation: 0.125, cutout: 0.5 }
    }
}

impl Check for DiffAugment {
    fn check(&self) -> Result<(), Fault> {
        share("translation", self.translation)?;
        share("cutout", self.cutout)
    }
}

/// What happens to one image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Change {
    /// Pixels down and to the right.
    shift: [i64; 2],
    /// The top left corner of what is cut out, and its height and width.
    hole: [[i64; 2]; 2],
}

impl DiffAugment {
    /// Images `[B, C, H, W]`, row i changed by noise row `rows.start + i`. Gradients pass.
    pub(super) fn applied_to(
        self,
        images: Tensor<4>,
        side: Side,
        noise: Noise,
        rows: Range<u64>,
    ) -> Tensor<4> {
        let [_, _, height, width] = images.dims();
        let name = format!("gan/diff-augment-{}", side.name());
        let change = |row| self.draw(&mut noise.row(&name, 0, row), [height, width]);
        changed(images, &rows.map(change).collect::<Vec<_>>())
    }

    fn draw(self, rng: &mut impl Rng, size: [usize; 2]) -> Change {
        let shift = size.map(|side| {
            let farthest = (side as f64 * self.translation).round() as i64;
            rng.random_range(-farthest..=farthest)
        });
        // Its centre lies anywhere in the image, so that a part of it may lie outside.
        let extent = size.map(|side| (side as f64 * self.cutout).round() as i64);
        let corner = [0, 1].map(|i| rng.random_range(0..size[i] as i64) - extent[i] / 2);
        Change { shift, hole: [corner, extent] }
    }
}

/// Images `[B, C, H, W]`, each changed in its way.
fn changed(images: Tensor<4>, changes: &[Change]) -> Tensor<4> {
    let [batch, channels, height, width] = images.dims();
    let (area, device) = (height * width, images.device().inner());
    let mut from = Vec::with_capacity(batch * area);
    let mut kept = Vec::with_capacity(batch * area);
    for Change { shift, hole: [corner, extent] } in changes {
        for y in 0..height as i64 {
            for x in 0..width as i64 {
                let [from_y, from_x] = [y - shift[0], x - shift[1]];
                let inside =
                    (0..height as i64).contains(&from_y) && (0..width as i64).contains(&from_x);
                let hidden = [y, x]
                    .iter()
                    .zip(corner)
                    .zip(extent)
                    .all(|((at, corner), extent)| (*corner..corner + extent).contains(at));
                from.push(if inside { from_y * width as i64 + from_x } else { 0 });
                kept.push(if inside && !hidden { 1.0_f32 } else { 0.0 });
            }
        }
    }
    let from = TensorData::new(from.into_iter().map(|at| at as i32).collect(), [batch, 1, area]);
    let from = Tensor::<3, Int>::from_data(from, (&device, DType::I32)).repeat(&[1, channels, 1]);
    let kept = Tensor::<3>::from_data(TensorData::new(kept, [batch, 1, area]), &device);
    let moved = images.reshape([batch, channels, area]).gather(2, from);
    (moved * kept).reshape([batch, channels, height, width])
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;
    use genlab_core::{Phase, Seed};

    fn read(x: Tensor<4>) -> Vec<f32> {
        x.into_data().try_into_vec::<f32>().expect("f32")
    }

    /// The numbers from 1 on, in one image of 3x3.
    fn numbers() -> Tensor<4> {
        let numbers: [f32; 9] = std::array::from_fn(|i| i as f32 + 1.0);
        Tensor::<1>::from_floats(numbers, &Device::flex()).reshape([1, 1, 3, 3])
    }

    const NO_HOLE: [[i64; 2]; 2] = [[0, 0], [0, 0]];

    #[test]
    fn an_image_moves_and_leaves_grey_behind() {
        let moved = changed(numbers(), &[Change { shift: [1, -1], hole: NO_HOLE }]);
        assert_eq!(read(moved), [0.0, 0.0, 0.0, 2.0, 3.0, 0.0, 5.0, 6.0, 0.0]);
    }

    #[test]
    fn a_square_is_cut_out_as_far_as_it_lies_inside() {
        let cut = changed(numbers(), &[Change { shift: [0, 0], hole: [[-1, 1], [2, 2]] }]);
        assert_eq!(read(cut), [1.0, 0.0, 0.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0]);
    }

    #[test]
    fn gradients_reach_the_pixels_that_are_seen_and_no_others() {
        let images = numbers().autodiff().require_grad();
        let moved = changed(images.clone(), &[Change { shift: [1, -1], hole: [[2, 0], [1, 1]] }]);
        let gradients = (moved * 2.0).sum().backward();
        let gradient = read(images.grad(&gradients).expect("a gradient"));
        assert_eq!(gradient, [0.0, 2.0, 2.0, 0.0, 0.0, 2.0, 0.0, 0.0, 0.0]);
    }

    #[test]
    fn a_row_is_changed_by_its_own_noise_alone() {
        let images = numbers().repeat(&[4, 1, 1, 1]);
        let augment = DiffAugment { translation: 0.4, cutout: 0.4 };
        let noise = Seed(4).during(Phase::Train);
        let drawn = |rows: Range<u64>, side| {
            let images = images.clone().narrow(0, 0, (rows.end - rows.start) as usize);
            read(augment.applied_to(images, side, noise, rows))
        };
        let whole = drawn(0..4, Side::Real);
        assert_eq!(whole[18..], drawn(2..4, Side::Real));
        assert_ne!(whole, drawn(0..4, Side::Fake));
        assert_ne!(whole[..9], whole[9..18]);
    }
}
